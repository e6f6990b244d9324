#include "media/text_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>

#include "media/allow_lists.h"
#include "media/filter_graph.h"
#include "media/font_file.h"
#include "media/text_lines.h"

namespace avstage::media {
namespace {

constexpr const char* kDefaultFont = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
// Line pitch over font size, as browsers set "normal" line height.
constexpr double kLineHeight = 1.2;

/// What is drawn, in pixels.
struct Layout {
  std::vector<std::string> lines;
  std::string font;
  int font_size = 0;
  int pitch = 0;
  int width = 0, height = 0;  // of the sheet the lines are drawn on
  std::string align;
};

/// Half-open.
struct Box {
  int left, top, right, bottom;
  int width() const { return right - left; }
  int height() const { return bottom - top; }
};

double pixels(const Length& length, int of) {
  return length.percent ? length.value * of / 100.0 : length.value;
}

void require_size(const Layout& layout) {
  std::int64_t area = static_cast<std::int64_t>(layout.width) * layout.height;
  if (layout.width <= kMaxSide && layout.height <= kMaxSide && area <= kMaxPixels) return;
  throw Error(
      ErrorCode::usage,
      fmt::format("text of {} lines at {} pixels a line needs a picture of {}x{}; allowed are {} a side",
                  layout.lines.size(), layout.pitch, layout.width, layout.height, kMaxSide),
      "text_too_large");
}

Layout make_layout(const TextRef& text, int canvas_height, const std::string& default_font) {
  Layout layout;
  layout.lines = text_lines(text.text);
  layout.font = text.font.empty() ? default_font : text.font;
  double pitch = pixels(text.size, canvas_height);
  if (!(pitch >= 1 && pitch <= kMaxSide)) {
    throw Error(ErrorCode::usage,
                fmt::format("text size is {} pixels; allowed are 1 to {}", pitch, kMaxSide));
  }
  layout.pitch = static_cast<int>(std::lround(pitch));
  layout.font_size = std::max(1, static_cast<int>(std::lround(pitch / kLineHeight)));
  layout.align = text.align;
  std::size_t longest = 1;
  for (const std::string& line : layout.lines) longest = std::max(longest, count_characters(line));
  auto wide = static_cast<double>(longest + 2) * layout.font_size;
  layout.width = static_cast<int>(std::min(wide, 2.0 * kMaxSide));
  // Room above the first and below the last line for accents and descenders.
  double high = static_cast<double>(layout.lines.size() + 2) * layout.pitch;
  layout.height = static_cast<int>(std::min(high, 2.0 * kMaxSide));
  require_size(layout);
  return layout;
}

FramePtr sheet(int width, int height, Color color) {
  FramePtr frame = make_frame();
  frame->width = width;
  frame->height = height;
  frame->format = AV_PIX_FMT_RGBA;
  frame->sample_aspect_ratio = {1, 1};
  frame->pts = 0;
  check(av_frame_get_buffer(frame.get(), 0), "memory for a picture", "text", ErrorCode::local);
  for (int y = 0; y < height; ++y) {
    std::uint8_t* row = frame->data[0] + static_cast<std::ptrdiff_t>(y) * frame->linesize[0];
    for (int x = 0; x < width; ++x) {
      const std::array<std::uint8_t, 4> pixel = {color.r, color.g, color.b, color.a};
      std::memcpy(row + 4 * x, pixel.data(), 4);
    }
  }
  return frame;
}

std::string horizontal(const Layout& layout) {
  if (layout.align == "center") return "(w-text_w)/2";
  if (layout.align == "right") return fmt::format("w-text_w-{}", layout.font_size);
  return std::to_string(layout.font_size);
}

// y is the baseline less the height drawtext itself adds, so that lines stand evenly whatever letters they
// have.
Options line_options(const Layout& layout, std::size_t line) {
  int baseline = static_cast<int>(line + 2) * layout.pitch - layout.pitch / 4;
  return {{"expansion", "none"},
          {"fontfile", layout.font},
          {"text", layout.lines[line]},
          {"fontsize", std::to_string(layout.font_size)},
          {"fontcolor", "white"},
          {"x", horizontal(layout)},
          {"y", fmt::format("{}-max_glyph_a", baseline)}};
}

/// The text as coverage in the alpha plane.
FramePtr draw(const Layout& layout) {
  FramePtr empty = sheet(layout.width, layout.height, {255, 255, 255, 0});
  FilterGraph graph(1);
  FilterGraph::Pad source = graph.add_video_source(*empty, Rational(1, 25), Rational(25));
  FilterGraph::Pad pad = source;
  for (std::size_t i = 0; i < layout.lines.size(); ++i) {
    if (!layout.lines[i].empty()) pad = graph.add("drawtext", line_options(layout, i), pad);
  }
  int sink = graph.add_video_sink(pad, {"rgba"});
  graph.configure();
  graph.push(source, empty.get());
  graph.push(source, nullptr);
  FramePtr drawn = graph.pull(sink);
  if (!drawn) throw Error(ErrorCode::bug, "drawtext gave no picture");
  return drawn;
}

const std::uint8_t* pixel(const AVFrame& frame, int x, int y) {
  return frame.data[0] + static_cast<std::ptrdiff_t>(y) * frame.linesize[0] + 4 * x;
}

Box ink(const AVFrame& drawn) {
  Box box{drawn.width, drawn.height, 0, 0};
  for (int y = 0; y < drawn.height; ++y) {
    for (int x = 0; x < drawn.width; ++x) {
      if (pixel(drawn, x, y)[3] == 0) continue;
      box = {std::min(box.left, x), std::min(box.top, y), std::max(box.right, x + 1), y + 1};
    }
  }
  return box;
}

bool touches_sides(const Box& box, const AVFrame& drawn) {
  return box.left == 0 || box.right == drawn.width;
}

/// The drawn text and where its ink is, on a sheet large enough for unusually wide letters.
std::pair<FramePtr, Box> draw_whole(Layout layout) {
  for (;;) {
    FramePtr drawn = draw(layout);
    Box box = ink(*drawn);
    if (box.width() <= 0) throw Error(ErrorCode::usage, "text holds nothing visible", "empty_text");
    if (!touches_sides(box, *drawn)) return {std::move(drawn), box};
    layout.width *= 2;
    require_size(layout);
  }
}

/// `over` with coverage 0–255 on `under`, both with straight alpha.
Color blend(Color over, int coverage, Color under) {
  int a = (over.a * coverage + 127) / 255;
  int rest = (under.a * (255 - a) + 127) / 255;
  int alpha = a + rest;
  if (alpha == 0) return {under.r, under.g, under.b, 0};
  auto mix = [&](int o, int u) { return static_cast<std::uint8_t>((o * a + u * rest + alpha / 2) / alpha); };
  return {mix(over.r, under.r), mix(over.g, under.g), mix(over.b, under.b), static_cast<std::uint8_t>(alpha)};
}

}  // namespace

std::string default_font() {
  if (!std::ifstream(kDefaultFont)) {
    throw Error(
        ErrorCode::local,
        fmt::format("the default font {} is missing: install the package fonts-dejavu-core, or name a "
                    "font in the job",
                    kDefaultFont));
  }
  return kDefaultFont;
}

FramePtr render_text(const TextRef& text, int canvas_width, int canvas_height,
                     const std::string& default_font) {
  Layout layout = make_layout(text, canvas_height, default_font);
  require_font(layout.font);
  auto [drawn, box] = draw_whole(layout);
  double wanted = text.box ? pixels(text.padding, std::min(canvas_width, canvas_height)) : 0;
  int padding = static_cast<int>(std::lround(std::clamp(wanted, 0.0, double(kMaxSide))));
  Color under = text.box.value_or(Color{text.color.r, text.color.g, text.color.b, 0});
  layout.width = box.width() + 2 * padding;
  layout.height = box.height() + 2 * padding;
  require_size(layout);
  FramePtr out = sheet(layout.width, layout.height, under);
  for (int y = 0; y < box.height(); ++y) {
    std::uint8_t* row =
        out->data[0] + static_cast<std::ptrdiff_t>(y + padding) * out->linesize[0] + 4 * padding;
    for (int x = 0; x < box.width(); ++x) {
      Color c = blend(text.color, pixel(*drawn, box.left + x, box.top + y)[3], under);
      const std::array<std::uint8_t, 4> rgba = {c.r, c.g, c.b, c.a};
      std::memcpy(row + 4 * x, rgba.data(), 4);
    }
  }
  return out;
}

}  // namespace avstage::media
