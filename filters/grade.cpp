#include "filters/nodes.h"

namespace avstage::filters {
namespace {

constexpr double kDaylight = 6500;

Link adjust(Nodes& nodes, const Values& values, Link picture) {
  return nodes.add("eq",
                   {{"brightness", values.text("brightness")},
                    {"contrast", values.text("contrast")},
                    {"saturation", values.text("saturation")},
                    {"gamma", values.text("gamma")}},
                   picture);
}

Graph build(const Values& values, const Context& context) {
  Nodes nodes;
  nodes.on_yuv(context, [&](Link picture) {
    const Link adjusted = adjust(nodes, values, picture);
    if (values.number("temperature") == kDaylight) return adjusted;
    const Link rgb = nodes.convert(context, "gbrp", adjusted);
    const Link tinted =
        nodes.add("colortemperature", {{"temperature", values.text("temperature")}, {"pl", "1"}}, rgb);
    return is_rgb(context) ? tinted : nodes.convert(context, "yuv420p", tinted);
  });
  return nodes.take();
}

Param amount(std::string_view name, std::string_view neutral, double min, double max, std::string_view doc) {
  return {
      .name = name, .type = ParamType::number, .default_value = neutral, .min = min, .max = max, .doc = doc};
}

}  // namespace

extern const Filter grade;
const Filter grade{
    .name = "grade",
    .summary = "Brightness, contrast, saturation, gamma and colour temperature.",
    .params = {amount("brightness", "0", -1, 1, "Added to every pixel; 0 changes nothing."),
               amount("contrast", "1", 0, 4, "Factor around middle grey; 1 changes nothing."),
               amount("saturation", "1", 0, 3, "0 is grey, 1 changes nothing."),
               amount("gamma", "1", 0.1, 10, "Above 1 lifts the dark parts; 1 changes nothing."),
               {.name = "temperature",
                .type = ParamType::number,
                .default_value = "6500",
                .min = 1000,
                .max = 40000,
                .unit = "K",
                .doc = "Lower is warmer; 6500 changes nothing."}},
    .build = build,
};

}  // namespace avstage::filters
