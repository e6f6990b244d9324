#include "filters/nodes.h"

namespace avstage::filters {
namespace {

Graph build(const Values& values, const Context& context) {
  Nodes nodes;
  const std::string& size = values.text("size");
  nodes.on_yuv(context, [&](Link picture) {
    return nodes.add("unsharp",
                     {{"luma_msize_x", size}, {"luma_msize_y", size}, {"luma_amount", values.text("amount")}},
                     picture);
  });
  return nodes.take();
}

}  // namespace

extern const Filter sharpen;
const Filter sharpen{
    .name = "sharpen",
    .summary = "Sharpens the brightness of the picture, never its colours.",
    .params = {{.name = "amount",
                .type = ParamType::number,
                .default_value = "0.6",
                .min = 0,
                .max = 5,
                .doc = "Strength; above 1.5 halos show."},
               {.name = "size",
                .type = ParamType::choice,
                .default_value = "5",
                .choices = {"3", "5", "7", "9", "11", "13"},
                .unit = "px",
                .doc = "How wide an edge is treated as one."}},
    .build = build,
};

}  // namespace avstage::filters
