#include <numbers>

#include "filters/nodes.h"

namespace avstage::filters {
namespace {

Graph build(const Values& values, const Context& context) {
  Nodes nodes;
  // libavfilter's angle: 0 is no lens at all, π/2 a fish eye.
  const std::string angle = text_of(values.number("strength") * std::numbers::pi / 2);
  nodes.on_yuv(context, [&](Link picture) {
    return nodes.add("vignette", {{"angle", angle}, {"dither", "0"}}, picture);
  });
  return nodes.take();
}

}  // namespace

extern const Filter vignette;
const Filter vignette{
    .name = "vignette",
    .summary = "Darkens the picture towards its corners.",
    .params = {{.name = "strength",
                .type = ParamType::number,
                .default_value = "0.4",
                .min = 0,
                .max = 1,
                .doc = "0 changes nothing, 1 leaves only the middle."}},
    .build = build,
};

}  // namespace avstage::filters
