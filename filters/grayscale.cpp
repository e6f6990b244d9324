#include "filters/nodes.h"

namespace avstage::filters {
namespace {

Graph build(const Values& values, const Context& context) {
  Nodes nodes;
  nodes.on_yuv(context, [&](Link picture) {
    return nodes.add("hue", {{"s", text_of(1 - values.number("amount"))}}, picture);
  });
  return nodes.take();
}

}  // namespace

extern const Filter grayscale;
const Filter grayscale{
    .name = "grayscale",
    .summary = "Takes the colour out of the picture.",
    .params = {{.name = "amount",
                .type = ParamType::number,
                .default_value = "1",
                .min = 0,
                .max = 1,
                .doc = "0 leaves the picture as it is, 1 leaves only grey."}},
    .build = build,
};

}  // namespace avstage::filters
