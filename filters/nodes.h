#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "filters/filter.h"

/// Building blocks that filters share.
namespace avstage::filters {

using Options = std::vector<std::pair<std::string, std::string>>;

inline constexpr Link kInput{-1, 0};

/// How every conversion between pixel formats is done: the same pixels on every machine.
inline constexpr const char* kScalerFlags = "bicubic+accurate_rnd+full_chroma_int+bitexact";

/// 8-bit pixel formats without and with alpha; of several the nearest is taken.
struct Formats {
  const char* opaque;
  const char* alpha;
};
inline constexpr Formats kYuv{"yuv420p|yuv422p|yuv444p", "yuva420p|yuva422p|yuva444p"};
inline constexpr Formats kRgb{"gbrp|rgb24|rgba", "rgba|gbrap"};
inline constexpr const char* kAnyAlpha = "yuva420p|yuva422p|yuva444p|rgba|gbrap";

/// Whether the picture that comes in is RGB.
inline bool is_rgb(const Context& context) {
  return context.color_matrix == "gbr" || context.color_matrix == "rgb";
}

/// vf_scale's name of the picture's matrix; RGB pictures become BT.709 where a filter needs YUV.
inline std::string scale_matrix(const Context& context) {
  const std::string& name = context.color_matrix;
  if (name == "smpte170m" || name == "bt470bg" || name == "bt601") return "smpte170m";
  if (name == "bt2020nc" || name == "bt2020c" || name == "bt2020") return "bt2020";
  if (name == "smpte240m" || name == "fcc") return name;
  return "bt709";
}

/// Whether the picture's YUV form has full range; RGB pictures lose least that way.
inline bool is_full_range(const Context& context) {
  return context.full_range || is_rgb(context);
}
inline std::string scale_range(const Context& context) {
  return is_full_range(context) ? "full" : "limited";
}

/// Collects nodes in order.
class Nodes {
 public:
  Link add(std::string filter, Options options, std::vector<Link> inputs) {
    graph_.push_back({std::move(filter), std::move(options), std::move(inputs)});
    return {static_cast<int>(graph_.size()) - 1, 0};
  }
  Link add(std::string filter, Options options, Link input) {
    return add(std::move(filter), std::move(options), std::vector<Link>{input});
  }

  /// Converts to one of `formats`, or passes the picture through when it is in one of them. Matrix and range
  /// stay what the context says, and the frames say so too: libavfilter's own conversions would assume BT.601
  /// between YUV and RGB.
  Link convert(const Context& context, const std::string& formats, Link input) {
    const std::string matrix = scale_matrix(context), range = scale_range(context);
    // The output matrix follows the input's; naming it too would copy pictures that need no conversion.
    const Link scaled =
        add("scale",
            {{"in_color_matrix", matrix}, {"in_range", range}, {"out_range", range}, {"flags", kScalerFlags}},
            input);
    const Link formatted = add("format", {{"pix_fmts", formats}}, scaled);
    if (is_rgb(context)) return formatted;
    const std::string tag = matrix == "bt2020" ? "bt2020nc" : matrix;
    return add("setparams", {{"colorspace", tag}, {"range", range}}, formatted);
  }

  /// `work` on the picture as YUV, or RGB, without its alpha; that is carried around it untouched, because
  /// scaling between packed and planar formats may change it by one. The result is of the kind that came in.
  template <typename Work>
  Link on_yuv(const Context& context, Work work) {
    return on_color(context, kYuv, is_rgb(context) ? kRgb : kYuv, work);
  }
  template <typename Work>
  Link on_rgb(const Context& context, Work work) {
    return on_color(context, kRgb, is_rgb(context) ? kRgb : Formats{"yuv420p", "yuva420p"}, work);
  }

  /// The second output of a split is for what has to be kept.
  std::pair<Link, Link> split(Link input) {
    const Link node = add("split", {{"outputs", "2"}}, input);
    return {Link{node.node, 0}, Link{node.node, 1}};
  }

  /// `picture` with the grey picture `alpha` as its alpha plane.
  Link set_alpha(Link picture, Link alpha) { return add("alphamerge", {}, {picture, alpha}); }

  /// The product of two grey pictures.
  Link multiply(Link a, Link b) { return add("blend", {{"all_mode", "multiply"}}, {a, b}); }

  Graph take() { return std::move(graph_); }

 private:
  template <typename Work>
  Link on_color(const Context& context, Formats worked, Formats restored, Work work) {
    if (!context.alpha) {
      return convert(context, restored.opaque, work(convert(context, worked.opaque, kInput)));
    }
    const auto [color, kept] = split(kInput);
    const Link done = convert(context, restored.alpha, work(convert(context, worked.opaque, color)));
    return set_alpha(done, add("alphaextract", {}, kept));
  }

  Graph graph_;
};

inline std::string text_of(double value) {
  return fmt::format("{:.6g}", value);
}

}  // namespace avstage::filters
