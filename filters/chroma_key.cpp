#include <algorithm>
#include <cmath>

#include "avstage/error.h"
#include "filters/native/chroma_key.h"
#include "filters/nodes.h"

namespace avstage::filters {
namespace {

// Screens are never flat: a decoder leaves a few levels of noise, whatever the key's strength.
constexpr double kNoise = 4;
// The key's chroma in levels; a greyer one drowns in that noise.
constexpr double kLeastStrength = 18;

struct Key {
  int y = 0, u = 128, v = 128;
  double strength = 0;  ///< its chroma's distance from grey, in levels
};

/// The key colour as the picture itself has it, in its matrix and range.
Key key_in(Color color, const Context& context) {
  const std::string matrix = scale_matrix(context);
  double kr = 0.2126, kb = 0.0722;
  if (matrix == "smpte170m") kr = 0.299, kb = 0.114;
  if (matrix == "bt2020") kr = 0.2627, kb = 0.0593;
  if (matrix == "smpte240m") kr = 0.212, kb = 0.087;
  if (matrix == "fcc") kr = 0.30, kb = 0.11;
  const double luma = kr * color.r + (1 - kr - kb) * color.g + kb * color.b;
  const double scale = is_full_range(context) ? 1 : 224.0 / 255;
  const double u = (color.b - luma) / (2 * (1 - kb)) * scale;
  const double v = (color.r - luma) / (2 * (1 - kr)) * scale;
  const auto byte = [](double value) { return std::clamp(static_cast<int>(std::lround(value)), 0, 255); };
  const double black = is_full_range(context) ? 0 : 16, white = is_full_range(context) ? 255 : 235;
  return {byte(black + luma / 255 * (white - black)), byte(128 + u), byte(128 + v), std::hypot(u, v)};
}

Key strong_key(const Values& values, const Context& context) {
  const Key key = key_in(values.color("color"), context);
  if (key.strength >= kLeastStrength) return key;
  throw Error(ErrorCode::usage,
              fmt::format("filter \"chroma_key\": \"color\" is {}, too grey to key; allowed: a strong colour "
                          "such as \"#00ff00\"",
                          values.color("color").hex()),
              "bad_parameter");
}

Graph build(const Values& values, const Context& context) {
  strong_key(values, context);
  Nodes nodes;
  nodes.convert(context, "yuva420p|yuva444p", kInput);
  return nodes.take();
}

Native native_key(const Values& values, const Context& context) {
  const Key key = strong_key(values, context);
  native::KeySettings settings{.y = key.y, .u = key.u, .v = key.v};
  const double noise = kNoise / key.strength;
  const double similarity = values.automatic("similarity") ? 0.03 + noise : values.number("similarity");
  settings.transparent = 1 - std::min(similarity, 0.99);
  settings.opaque = values.automatic("blend") ? std::min(0.02 + noise, settings.transparent / 2)
                                              : std::max(0.0, settings.transparent - values.number("blend"));
  settings.despill = values.number("despill");
  settings.multiply = context.alpha;
  return [key = native::ChromaKey(settings)](const native::Picture& picture) mutable { key.apply(picture); };
}

}  // namespace

extern const Filter chroma_key;
const Filter chroma_key{
    .name = "chroma_key",
    .summary = "Makes a colour transparent, as of a green screen, and takes its reflection off the edges.",
    .params = {{.name = "color", .type = ParamType::color, .required = true, .doc = "The colour to remove."},
               {.name = "similarity",
                .type = ParamType::number,
                .default_value = "auto",
                .min = 0.01,
                .max = 1,
                .doc = "How near to the colour is wholly transparent, of the way to grey; automatic: noise."},
               {.name = "blend",
                .type = ParamType::number,
                .default_value = "auto",
                .min = 0,
                .max = 1,
                .doc = "How far from there to wholly opaque, of the same way; automatic: nearly to grey."},
               {.name = "despill",
                .type = ParamType::number,
                .default_value = "1",
                .min = 0,
                .max = 1,
                .doc = "How much of the key is taken out of the figure's edges; 0 is off."}},
    .build = build,
    .native = native_key,
    .makes_alpha = true,
    .version = 3,
};

}  // namespace avstage::filters
