#include <algorithm>

#include "avstage/error.h"
#include "filters/nodes.h"

namespace avstage::filters {
namespace {

/// libavfilter's fade by timestamp: the same wherever a segment begins, unlike its frame counts.
Options fade_options(const char* type, std::int64_t start, std::int64_t frames, const Context& context,
                     const Values& values) {
  const auto seconds = [&](std::int64_t n) {
    return fmt::format("{:.6f}", static_cast<double>(n) / context.fps.to_double());
  };
  Options options{{"type", type}, {"start_time", seconds(start)}, {"duration", seconds(frames)}};
  if (values.text("to") == "transparent") {
    options.emplace_back("alpha", "1");
  } else {
    options.emplace_back("color", values.color("color").hex());
  }
  return options;
}

Link add_fades(Nodes& nodes, const Values& values, const Context& context, Link picture) {
  const std::int64_t in = values.frames("in", context.fps), out = values.frames("out", context.fps);
  if (in > 0) picture = nodes.add("fade", fade_options("in", 0, in, context, values), picture);
  if (out > 0) {
    // The mirror of the fade-in: the last frame has faded wholly, as the first one has.
    const std::int64_t start = std::max<std::int64_t>(0, context.frames - 1 - out);
    const std::int64_t length = std::max<std::int64_t>(1, std::min(out, context.frames - 1));
    picture = nodes.add("fade", fade_options("out", start, length, context, values), picture);
  }
  return picture;
}

Graph build(const Values& values, const Context& context) {
  const std::int64_t in = values.frames("in", context.fps), out = values.frames("out", context.fps);
  if (in + out > context.frames) {
    throw Error(
        ErrorCode::usage,
        fmt::format("filter \"fade\": \"in\" + \"out\" are {} frames; allowed 0–{}, the clip's length",
                    in + out, context.frames),
        "bad_parameter");
  }
  Nodes nodes;
  if (values.text("to") == "transparent") {
    add_fades(nodes, values, context, nodes.convert(context, kAnyAlpha, kInput));
    return nodes.take();
  }
  // In YUV libavfilter's black would be below the black of limited range.
  const Link faded =
      nodes.on_rgb(context, [&](Link picture) { return add_fades(nodes, values, context, picture); });
  if (!context.alpha) nodes.convert(context, kAnyAlpha, faded);
  return nodes.take();
}

Param length(std::string_view name, std::string_view doc) {
  return {.name = name,
          .type = ParamType::duration,
          .default_value = "0",
          .min = 0,
          .max = 3600,
          .unit = "s",
          .doc = doc};
}

}  // namespace

extern const Filter fade;
const Filter fade{
    .name = "fade",
    .summary = "Fades the picture in and out, to transparency or to a colour; sound is not touched.",
    .params = {length("in", "From the clip's first frame."),
               length("out", "To the clip's last frame."),
               {.name = "to",
                .type = ParamType::choice,
                .default_value = "transparent",
                .choices = {"transparent", "color"},
                .doc = "What is seen where the picture has faded."},
               {.name = "color",
                .type = ParamType::color,
                .default_value = "#000000",
                .doc = "With \"to\": \"color\"."}},
    .build = build,
    .makes_alpha = true,
    .timed = true,
};

}  // namespace avstage::filters
