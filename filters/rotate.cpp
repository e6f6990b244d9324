#include "filters/nodes.h"

namespace avstage::filters {
namespace {

Graph build(const Values& values, const Context& context) {
  Nodes nodes;
  const std::string& degrees = values.text("degrees");
  if (degrees == "180") {
    nodes.add("vflip", {}, nodes.add("hflip", {}, kInput));
    return nodes.take();
  }
  // transpose refuses formats whose chroma is halved in one direction only, such as 4:2:2.
  const char* formats = context.alpha ? "yuva420p|yuva444p|rgba|gbrap" : "yuv420p|yuv444p|rgb24|gbrp";
  const Link picture = nodes.convert(context, formats, kInput);
  nodes.add("transpose", {{"dir", degrees == "90" ? "clock" : "cclock"}}, picture);
  return nodes.take();
}

void resize(const Values& values, Context& context) {
  if (values.text("degrees") != "180") std::swap(context.width, context.height);
}

}  // namespace

extern const Filter rotate;
const Filter rotate{
    .name = "rotate",
    .summary = "Turns the picture clockwise by quarter turns; 90 and 270 swap width and height.",
    .params = {{.name = "degrees",
                .type = ParamType::choice,
                .default_value = "90",
                .choices = {"90", "180", "270"},
                .unit = "°",
                .doc = "How far, clockwise."}},
    .build = build,
    .resize = resize,
};

}  // namespace avstage::filters
