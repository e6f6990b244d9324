#include <cmath>

#include "avstage/error.h"
#include "filters/nodes.h"

namespace avstage::filters {
namespace {

struct Edge {
  int start = 0, size = 0;
};

/// One direction of the crop in whole pixels of a picture that is `whole` wide or high.
Edge edge(const Values& values, const char* start_name, const char* size_name, int whole) {
  Edge e;
  e.start = static_cast<int>(std::lround(values.pixels(start_name, whole)));
  e.size = static_cast<int>(std::lround(values.pixels(size_name, whole)));
  if (e.size < 1 || e.start + e.size > whole) {
    throw Error(ErrorCode::usage,
                fmt::format("filter \"crop\": \"{}\" {} + \"{}\" {} leave the picture; allowed within {} px",
                            start_name, e.start, size_name, e.size, whole),
                "bad_parameter");
  }
  return e;
}

Graph build(const Values& values, const Context& context) {
  const Edge x = edge(values, "x", "width", context.width);
  const Edge y = edge(values, "y", "height", context.height);
  Nodes nodes;
  Link input = kInput;
  // libavfilter counts bytes: from an odd column on, chroma of two bytes a sample, or of pairs, would fall
  // apart.
  if (x.start % 2 == 1 && !is_rgb(context))
    input = nodes.convert(context, context.alpha ? kYuv.alpha : kYuv.opaque, input);
  // Without `exact` positions and sizes would be rounded to the chroma grid.
  nodes.add("crop",
            {{"w", std::to_string(x.size)},
             {"h", std::to_string(y.size)},
             {"x", std::to_string(x.start)},
             {"y", std::to_string(y.start)},
             {"exact", "1"}},
            input);
  return nodes.take();
}

void resize(const Values& values, Context& context) {
  context.width = edge(values, "x", "width", context.width).size;
  context.height = edge(values, "y", "height", context.height).size;
}

Param length(std::string_view name, std::string_view default_value, double min, std::string_view doc) {
  return {.name = name,
          .type = ParamType::length,
          .default_value = default_value,
          .min = min,
          .max = 16384,
          .unit = "px",
          .doc = doc};
}

}  // namespace

extern const Filter crop;
const Filter crop{
    .name = "crop",
    .summary = "Keeps a rectangle of the picture; it must lie inside the picture.",
    .params = {length("x", "0%", 0, "Left edge; per cent are of the picture's width."),
               length("y", "0%", 0, "Top edge; per cent are of the picture's height."),
               length("width", "100%", 1, "Width of what is kept."),
               length("height", "100%", 1, "Height of what is kept.")},
    .build = build,
    .resize = resize,
    .version = 2,
};

}  // namespace avstage::filters
