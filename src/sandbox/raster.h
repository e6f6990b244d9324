#pragma once

#include <cstdint>
#include <vector>

#include "avstage/job.h"

/// A small anti-aliased drawing kit: paths with exact area coverage, filled with flat colours.
namespace avstage::sandbox {

struct Point {
  double x = 0, y = 0;
};

/// x' = a x + c y + e, y' = b x + d y + f.
struct Transform {
  double a = 1, b = 0, c = 0, d = 1, e = 0, f = 0;
  Point operator()(Point p) const { return {a * p.x + c * p.y + e, b * p.x + d * p.y + f}; }
  /// This one after `first`.
  Transform after(const Transform& first) const;
  static Transform scale_then_move(double scale, double x, double y) { return {scale, 0, 0, scale, x, y}; }
  static Transform rotate_about(double radians, Point centre);
};

/// Closed outlines, curves already flattened. Outlines that overlap in one path must turn the same way round.
class Path {
 public:
  Path& move(double x, double y);
  Path& line(double x, double y);
  Path& curve(double x1, double y1, double x2, double y2, double x, double y);
  Path& ellipse(double x, double y, double rx, double ry);
  /// A line of the given width with round ends.
  Path& stroke(const std::vector<Point>& line, double width);
  Path& mirror();  ///< adds the same outlines with x negated

  const std::vector<std::vector<Point>>& outlines() const { return outlines_; }

 private:
  std::vector<std::vector<Point>> outlines_;
};

/// Points on a quadratic curve, for stroke().
std::vector<Point> arc(Point from, Point control, Point to);

/// Half-open pixel rectangle.
struct Box {
  int left = 0, top = 0, right = 0, bottom = 0;
};

/// RGBA pixels, rows without padding. One thread.
class Raster {
 public:
  Raster(int width, int height, Color background);

  int width() const { return width_; }
  int height() const { return height_; }
  const std::uint8_t* row(int y) const { return &pixels_[std::size_t(y) * width_ * 4]; }
  Color at(int x, int y) const;

  /// `color` where the path covers a pixel, in proportion to the area covered and to `opacity`.
  void fill(const Path& path, const Transform& transform, Color color, double opacity = 1);
  /// Nothing outside the box is touched from here on, until the next call.
  void limit_to(Box box);
  /// Fills the box with one colour.
  void clear(Box box, Color color);
  /// Copies the box from a raster of the same size.
  void paint(Box box, const Raster& picture);
  void set_row(int y, const std::uint8_t* rgba);
  /// Inside the box: `outside` (of the same size) where the path does not cover, in proportion.
  void keep(const Path& path, const Transform& transform, Box box, const Raster& outside);

 private:
  void cover(const Path& path, const Transform& transform, Box box);
  void edge(Point from, Point to, Box box);
  template <typename Work>
  void for_each_covered(Box box, Work work);
  Box clip(Box box) const;

  int width_, height_;
  Box limit_;
  std::vector<std::uint8_t> pixels_;
  std::vector<float> coverage_;
};

}  // namespace avstage::sandbox
