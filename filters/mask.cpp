#include <algorithm>

#include "filters/nodes.h"

namespace avstage::filters {
namespace {

/// How far the pixel (X, Y) lies inside the shape, in pixels, as an expression of geq.
std::string inside(const std::string& shape, double width, double height, double radius) {
  const std::string x = fmt::format("(X+0.5-{})", text_of(width / 2));
  const std::string y = fmt::format("(Y+0.5-{})", text_of(height / 2));
  if (shape == "circle") return fmt::format("{}-hypot({},{})", text_of(radius), x, y);
  if (shape == "ellipse") {
    // The implicit function over the length of its gradient: a distance where it matters, at the edge.
    const double a = width / 2, b = height / 2;
    const std::string k = fmt::format("hypot({}/{},{}/{})", x, text_of(a), y, text_of(b));
    const std::string slope = fmt::format("hypot({}/{},{}/{})", x, text_of(a * a), y, text_of(b * b));
    return fmt::format("(1-{0})*{0}/max({1},1e-9)", k, slope);
  }
  const std::string across = fmt::format("(abs({})-{})", x, text_of(width / 2 - radius));
  const std::string down = fmt::format("(abs({})-{})", y, text_of(height / 2 - radius));
  return fmt::format("{0}-hypot(max({1},0),max({2},0))-min(max({1},{2}),0)", text_of(radius), across, down);
}

double radius_of(const Values& values, const std::string& shape, const Context& context) {
  const int shorter = std::min(context.width, context.height);
  if (values.automatic("radius")) return shape == "rounded" ? shorter / 8.0 : shorter / 2.0;
  return std::min(values.pixels("radius", shorter), shorter / 2.0);
}

/// One grey frame, drawn once; alphamerge and blend repeat it for every frame of the picture.
Link draw_shape(Nodes& nodes, const Values& values, const Context& context) {
  const std::string& shape = values.text("shape");
  const int shorter = std::min(context.width, context.height);
  const double feather = std::max(1.0, values.pixels("feather", shorter));
  const std::string distance =
      inside(shape, context.width, context.height, radius_of(values, shape, context));
  const Link black = nodes.add("color",
                               {{"color", "black"},
                                {"size", fmt::format("{}x{}", context.width, context.height)},
                                {"rate", context.fps.str()},
                                {"duration", "0.000001"}},
                               std::vector<Link>{});
  const Link gray = nodes.add("format", {{"pix_fmts", "gray"}}, black);
  return nodes.add("geq", {{"lum", fmt::format("255*clip(({}+0.5)/{},0,1)", distance, text_of(feather))}},
                   gray);
}

Graph build(const Values& values, const Context& context) {
  Nodes nodes;
  if (!context.alpha) {
    const Link picture = nodes.convert(context, kAnyAlpha, kInput);
    nodes.set_alpha(picture, draw_shape(nodes, values, context));
    return nodes.take();
  }
  const auto [picture, kept] = nodes.split(nodes.convert(context, kAnyAlpha, kInput));
  const Link alpha = nodes.add("alphaextract", {}, kept);
  const Link shape = draw_shape(nodes, values, context);
  nodes.set_alpha(picture, nodes.multiply(alpha, shape));
  return nodes.take();
}

}  // namespace

extern const Filter mask;
const Filter mask{
    .name = "mask",
    .summary = "Cuts the picture to a shape; what is outside becomes transparent.",
    .params = {{.name = "shape",
                .type = ParamType::choice,
                .default_value = "circle",
                .choices = {"circle", "ellipse", "rounded"},
                .doc = "A circle in the middle, the ellipse that fills the picture, or rounded corners."},
               {.name = "radius",
                .type = ParamType::length,
                .default_value = "auto",
                .min = 0,
                .max = 8192,
                .unit = "px",
                .doc =
                    "Of the circle or the corners; per cent are of the shorter side; automatic: the largest "
                    "circle, corners of an eighth."},
               {.name = "feather",
                .type = ParamType::length,
                .default_value = "0",
                .min = 0,
                .max = 1024,
                .unit = "px",
                .doc = "Width of the soft edge, inwards; per cent of the shorter side."}},
    .build = build,
    .makes_alpha = true,
};

}  // namespace avstage::filters
