#include "sandbox/raster.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace avstage::sandbox {
namespace {

constexpr int kCurveSteps = 14;

Box bounds(const Path& path, const Transform& transform) {
  double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
  for (const auto& outline : path.outlines()) {
    for (Point point : outline) {
      Point p = transform(point);
      left = std::min(left, p.x), right = std::max(right, p.x);
      top = std::min(top, p.y), bottom = std::max(bottom, p.y);
    }
  }
  auto whole = [](double v) { return static_cast<int>(std::clamp(v, -1e6, 1e6)); };
  return {whole(std::floor(left)), whole(std::floor(top)), whole(std::ceil(right)), whole(std::ceil(bottom))};
}

/// Adds the signed area that one edge, crossing one pixel row from x0 to x1, leaves to its right.
void add_row(float* row, double x0, double x1, double height) {
  if (x0 > x1) std::swap(x0, x1);
  int first = static_cast<int>(x0);
  int last = static_cast<int>(std::ceil(x1));
  if (last <= first + 1) {
    double inside = 0.5 * (x0 + x1) - first;
    row[first] += static_cast<float>(height * (1 - inside));
    row[first + 1] += static_cast<float>(height * inside);
    return;
  }
  double slope = 1 / (x1 - x0);
  double before = 0;
  for (int x = first; x < last; ++x) {
    double from = std::max(x0, double(x)), to = std::min(x1, double(x + 1));
    double covered = slope * (to - from) * (1 - (0.5 * (from + to) - x)) + slope * (from - x0);
    row[x] += static_cast<float>(height * (covered - before));
    before = covered;
  }
  row[last] += static_cast<float>(height * (1 - before));
}

/// `alpha` of 256 parts of the colour.
void mix(std::uint8_t* p, Color color, int alpha) {
  if (alpha == 0) return;
  p[0] = static_cast<std::uint8_t>((p[0] * (256 - alpha) + color.r * alpha + 128) >> 8);
  p[1] = static_cast<std::uint8_t>((p[1] * (256 - alpha) + color.g * alpha + 128) >> 8);
  p[2] = static_cast<std::uint8_t>((p[2] * (256 - alpha) + color.b * alpha + 128) >> 8);
}

}  // namespace

Transform Transform::after(const Transform& first) const {
  Point x = {a * first.a + c * first.b, b * first.a + d * first.b};
  Point y = {a * first.c + c * first.d, b * first.c + d * first.d};
  Point origin = (*this)({first.e, first.f});
  return {x.x, x.y, y.x, y.y, origin.x, origin.y};
}

Transform Transform::rotate_about(double radians, Point centre) {
  double cos = std::cos(radians), sin = std::sin(radians);
  return {cos,
          sin,
          -sin,
          cos,
          centre.x - cos * centre.x + sin * centre.y,
          centre.y - sin * centre.x - cos * centre.y};
}

Path& Path::move(double x, double y) {
  outlines_.push_back({{x, y}});
  return *this;
}

Path& Path::line(double x, double y) {
  outlines_.back().push_back({x, y});
  return *this;
}

Path& Path::curve(double x1, double y1, double x2, double y2, double x, double y) {
  Point start = outlines_.back().back();
  for (int i = 1; i <= kCurveSteps; ++i) {
    double t = double(i) / kCurveSteps, s = 1 - t;
    double p0 = s * s * s, p1 = 3 * s * s * t, p2 = 3 * s * t * t, p3 = t * t * t;
    line(p0 * start.x + p1 * x1 + p2 * x2 + p3 * x, p0 * start.y + p1 * y1 + p2 * y2 + p3 * y);
  }
  return *this;
}

Path& Path::ellipse(double x, double y, double rx, double ry) {
  constexpr double k = 0.5522847498;
  move(x + rx, y);
  curve(x + rx, y + k * ry, x + k * rx, y + ry, x, y + ry);
  curve(x - k * rx, y + ry, x - rx, y + k * ry, x - rx, y);
  curve(x - rx, y - k * ry, x - k * rx, y - ry, x, y - ry);
  return curve(x + k * rx, y - ry, x + rx, y - k * ry, x + rx, y);
}

Path& Path::stroke(const std::vector<Point>& points, double width) {
  constexpr int kCap = 8;
  double radius = width / 2;
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    Point a = points[i], b = points[i + 1];
    double angle = std::atan2(b.y - a.y, b.x - a.x);
    outlines_.emplace_back();
    for (int k = 0; k <= 2 * kCap + 1; ++k) {
      Point centre = k <= kCap ? b : a;
      double turn = angle - std::numbers::pi / 2 + std::numbers::pi * (k <= kCap ? k : k - 1) / kCap;
      line(centre.x + radius * std::cos(turn), centre.y + radius * std::sin(turn));
    }
  }
  return *this;
}

Path& Path::mirror() {
  std::vector<std::vector<Point>> copies = outlines_;
  for (auto& outline : copies) {
    std::reverse(outline.begin(), outline.end());
    for (Point& p : outline) p.x = -p.x;
    outlines_.push_back(std::move(outline));
  }
  return *this;
}

std::vector<Point> arc(Point from, Point control, Point to) {
  constexpr int kSteps = 8;
  std::vector<Point> out;
  for (int i = 0; i <= kSteps; ++i) {
    double t = double(i) / kSteps, s = 1 - t;
    out.push_back({s * s * from.x + 2 * s * t * control.x + t * t * to.x,
                   s * s * from.y + 2 * s * t * control.y + t * t * to.y});
  }
  return out;
}

Raster::Raster(int width, int height, Color background)
    : width_(width), height_(height), limit_{0, 0, width, height}, pixels_(std::size_t(width) * height * 4) {
  clear({0, 0, width, height}, background);
}

Color Raster::at(int x, int y) const {
  const std::uint8_t* p = row(y) + std::size_t(x) * 4;
  return {p[0], p[1], p[2], 255};
}

Box Raster::clip(Box box) const {
  return {std::clamp(box.left, limit_.left, limit_.right), std::clamp(box.top, limit_.top, limit_.bottom),
          std::clamp(box.right, limit_.left, limit_.right),
          std::clamp(box.bottom, limit_.top, limit_.bottom)};
}

void Raster::limit_to(Box box) {
  limit_ = {0, 0, width_, height_};
  limit_ = clip(box);
}

void Raster::clear(Box wanted, Color color) {
  Box box = clip(wanted);
  for (int y = box.top; y < box.bottom; ++y) {
    std::uint8_t* p = &pixels_[(std::size_t(y) * width_ + box.left) * 4];
    for (int x = box.left; x < box.right; ++x, p += 4) {
      p[0] = color.r, p[1] = color.g, p[2] = color.b, p[3] = 255;
    }
  }
}

/// Calls `work` with each pixel of the box and how much of it the path of the last cover() covers.
template <typename Work>
void Raster::for_each_covered(Box box, Work work) {
  int width = box.right - box.left;
  for (int y = box.top; y < box.bottom; ++y) {
    const float* coverage = &coverage_[std::size_t(y - box.top) * (width + 2)];
    std::uint8_t* p = &pixels_[(std::size_t(y) * width_ + box.left) * 4];
    float sum = 0;
    for (int x = 0; x < width; ++x, p += 4) {
      sum += coverage[x];
      work(p, std::min(std::abs(sum), 1.0F));
    }
  }
}

void Raster::paint(Box wanted, const Raster& picture) {
  Box box = clip(wanted);
  std::size_t bytes = std::size_t(box.right - box.left) * 4;
  for (int y = box.top; y < box.bottom; ++y) {
    std::memcpy(&pixels_[(std::size_t(y) * width_ + box.left) * 4],
                picture.row(y) + std::size_t(box.left) * 4, bytes);
  }
}

void Raster::set_row(int y, const std::uint8_t* rgba) {
  std::memcpy(&pixels_[std::size_t(y) * width_ * 4], rgba, std::size_t(width_) * 4);
}

void Raster::fill(const Path& path, const Transform& transform, Color color, double opacity) {
  Box box = clip(bounds(path, transform));
  if (box.left >= box.right || box.top >= box.bottom) return;
  cover(path, transform, box);
  for_each_covered(box, [color, opacity](std::uint8_t* p, float covered) {
    mix(p, color, static_cast<int>(covered * static_cast<float>(opacity) * 256 + 0.5F));
  });
}

void Raster::keep(const Path& path, const Transform& transform, Box wanted, const Raster& outside) {
  Box box = clip(wanted);
  if (box.left >= box.right || box.top >= box.bottom) return;
  cover(path, transform, box);
  const std::uint8_t* first = pixels_.data();
  for_each_covered(box, [&outside, first](std::uint8_t* p, float covered) {
    const std::uint8_t* other = &outside.pixels_[static_cast<std::size_t>(p - first)];
    mix(p, {other[0], other[1], other[2], 255}, static_cast<int>((1 - covered) * 256 + 0.5F));
  });
}

void Raster::cover(const Path& path, const Transform& transform, Box box) {
  coverage_.assign(std::size_t(box.right - box.left + 2) * (box.bottom - box.top), 0.0F);
  for (const auto& outline : path.outlines()) {
    Point previous = transform(outline.back());
    for (Point point : outline) {
      Point next = transform(point);
      edge(previous, next, box);
      previous = next;
    }
  }
}

void Raster::edge(Point from, Point to, Box box) {
  double sign = from.y < to.y ? 1 : -1;
  if (from.y > to.y) std::swap(from, to);
  double top = std::max(from.y, double(box.top)), bottom = std::min(to.y, double(box.bottom));
  if (top >= bottom) return;
  double slope = (to.x - from.x) / (to.y - from.y);
  double width = box.right - box.left;
  auto x_at = [&](double y) { return std::clamp(from.x + slope * (y - from.y) - box.left, 0.0, width); };
  for (int y = static_cast<int>(top); y < bottom; ++y) {
    double y0 = std::max(top, double(y)), y1 = std::min(bottom, double(y + 1));
    float* row = &coverage_[std::size_t(y - box.top) * (box.right - box.left + 2)];
    add_row(row, x_at(y0), x_at(y1), sign * (y1 - y0));
  }
}

}  // namespace avstage::sandbox
