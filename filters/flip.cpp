#include "filters/nodes.h"

namespace avstage::filters {
namespace {

Graph build(const Values& values, const Context&) {
  Nodes nodes;
  nodes.add(values.text("direction") == "horizontal" ? "hflip" : "vflip", {}, kInput);
  return nodes.take();
}

}  // namespace

extern const Filter flip;
const Filter flip{
    .name = "flip",
    .summary = "Mirrors the picture.",
    .params = {{.name = "direction",
                .type = ParamType::choice,
                .default_value = "horizontal",
                .choices = {"horizontal", "vertical"},
                .doc = "\"horizontal\" swaps left and right, \"vertical\" top and bottom."}},
    .build = build,
};

}  // namespace avstage::filters
