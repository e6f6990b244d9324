#include "filters/nodes.h"

namespace avstage::filters {
namespace {

Options gauss(double sigma, int planes) {
  // Two passes of the recursive filter are close to a true Gaussian; one has visible corners.
  return {{"sigma", text_of(sigma)}, {"steps", "2"}, {"planes", std::to_string(planes)}};
}

/// gblur counts in pixels of each plane, so half-size chroma planes get half the radius.
void blur_opaque(Nodes& nodes, const Context& context, double radius) {
  if (is_rgb(context)) {
    nodes.add("gblur", gauss(radius, 7), nodes.convert(context, "gbrp", kInput));
    return;
  }
  const Link luma = nodes.add("gblur", gauss(radius, 1), nodes.convert(context, "yuv420p", kInput));
  nodes.add("gblur", gauss(radius / 2, 6), luma);
}

/// Premultiplied, or the colour that hides under transparent pixels would bleed into the visible ones.
Link blur_premultiplied(Nodes& nodes, const Context& context, double radius, Link input) {
  const Link picture = nodes.convert(context, is_rgb(context) ? "gbrap" : "yuva444p", input);
  const Link premultiplied = nodes.add("premultiply", {{"inplace", "1"}}, picture);
  const Link blurred = nodes.add("gblur", gauss(radius, 15), premultiplied);
  return nodes.add("unpremultiply", {{"inplace", "1"}}, blurred);
}

void blur_alpha(Nodes& nodes, const Context& context, double radius, bool edges) {
  if (edges) {
    blur_premultiplied(nodes, context, radius, kInput);
    return;
  }
  const auto [picture, kept] = nodes.split(kInput);
  const Link blurred = blur_premultiplied(nodes, context, radius, picture);
  nodes.set_alpha(blurred, nodes.add("alphaextract", {}, kept));
}

Graph build(const Values& values, const Context& context) {
  Nodes nodes;
  const double radius = values.number("radius");
  if (context.alpha) {
    blur_alpha(nodes, context, radius, values.boolean("edges"));
  } else {
    blur_opaque(nodes, context, radius);
  }
  return nodes.take();
}

}  // namespace

extern const Filter blur;
const Filter blur{
    .name = "blur",
    .summary = "Gaussian blur.",
    .params = {{.name = "radius",
                .type = ParamType::number,
                .default_value = "8",
                .min = 0,
                .max = 200,
                .unit = "px",
                .doc = "Standard deviation of the Gaussian, as in CSS blur()."},
               {.name = "edges",
                .type = ParamType::boolean,
                .default_value = "false",
                .doc = "Blurs the outline of a transparent picture too."}},
    .build = build,
};

}  // namespace avstage::filters
