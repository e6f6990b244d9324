#include <algorithm>
#include <cmath>

#include "avstage/error.h"
#include "filters/nodes.h"

namespace avstage::filters {
namespace {

// Measured with figures over #008000, #00ff00, #00b140 and #0047bb after x264 at crf 20: the smallest matte
// error without holes in grey and white clothing, whose chroma is as far from the key as 1 here.
constexpr double kAutoSimilarity = 0.25, kAutoBlend = 0.4;
// Below this the key is so grey that its distance drowns in compression noise.
constexpr double kLeastDistance = 0.05;

struct Key {
  int u = 128, v = 128;
  double distance = 0;  ///< from grey, in chromakey's unit
};

/// The key colour's chroma as the picture itself has it. chromakey's own conversion would be full-range
/// BT.601 whatever the picture is.
Key key_chroma(Color color, const Context& context) {
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
  const auto byte = [](double value) {
    return std::clamp(static_cast<int>(std::lround(128 + value)), 0, 255);
  };
  return {byte(u), byte(v), std::hypot(u, v) / (255 * std::sqrt(2.0))};
}

/// The matte as a grey picture.
Link matte(Nodes& nodes, const Values& values, const Context& context, Link picture) {
  const Key key = key_chroma(values.color("color"), context);
  if (key.distance < kLeastDistance) {
    throw Error(
        ErrorCode::usage,
        fmt::format("filter \"chroma_key\": \"color\" is {}, too grey to key; allowed: a strong colour "
                    "such as \"#00ff00\"",
                    values.color("color").hex()),
        "bad_parameter");
  }
  const auto value = [&](std::string_view name, double automatic) {
    return text_of(values.automatic(name) ? automatic * key.distance : values.number(name));
  };
  const Link keyed = nodes.add("chromakey",
                               {{"color", fmt::format("0x80{:02x}{:02x}", key.u, key.v)},
                                {"yuv", "1"},
                                {"similarity", value("similarity", kAutoSimilarity)},
                                {"blend", value("blend", kAutoBlend)}},
                               nodes.convert(context, kYuv.alpha, picture));
  return nodes.add("alphaextract", {}, keyed);
}

/// despill knows green and blue screens.
const char* despill_type(Color key) {
  if (key.g > key.r && key.g > key.b) return "green";
  if (key.b > key.r && key.b > key.g) return "blue";
  return nullptr;
}

/// The picture with less of the key colour near the matte's edges only: a yellow tie or a blue shirt in the
/// middle of the figure keeps its colour.
Link despill(Nodes& nodes, const Values& values, const Context& context, Link picture, Link alpha) {
  const std::string type = despill_type(values.color("color"));
  const std::string reach = std::to_string(std::clamp(context.width / 160, 3, 8));
  const auto [plain, spilled] = nodes.split(nodes.convert(context, "gbrp", picture));
  const std::string scale = text_of(-values.number("despill"));
  const Link clean = nodes.add(
      "despill",
      {{"type", type}, {"green", type == "green" ? scale : "0"}, {"blue", type == "blue" ? scale : "0"}},
      nodes.add("format", {{"pix_fmts", "rgba"}}, spilled));
  const Link clean_planes = nodes.add("format", {{"pix_fmts", "gbrp"}}, clean);
  const Link soft = nodes.add("boxblur", {{"luma_radius", reach}, {"luma_power", "1"}}, alpha);
  // Without the first format lut would be given RGB, of which it changes one component.
  const Link gray = nodes.add("format", {{"pix_fmts", "gray"}}, soft);
  const Link edges = nodes.add("lut", {{"c0", "clip((255-val)*4,0,255)"}}, gray);
  const Link mask = nodes.add("format", {{"pix_fmts", "gbrp"}}, edges);
  return nodes.add("maskedmerge", {}, {plain, clean_planes, mask});
}

Graph build(const Values& values, const Context& context) {
  Nodes nodes;
  const bool spill = values.number("despill") > 0 && despill_type(values.color("color")) != nullptr;
  const auto [picture, seen] = nodes.split(kInput);
  Link alpha = matte(nodes, values, context, seen);
  Link color = picture;
  if (context.alpha) {
    const auto [rest, kept] = nodes.split(color);
    color = rest;
    alpha = nodes.multiply(alpha, nodes.add("alphaextract", {}, kept));
  }
  if (spill) {
    const auto [final_alpha, edges] = nodes.split(alpha);
    color = despill(nodes, values, context, color, edges);
    alpha = final_alpha;
  }
  nodes.set_alpha(nodes.convert(context, is_rgb(context) ? "rgba" : "yuva420p", color), alpha);
  return nodes.take();
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
                .doc = "How near to the colour is wholly transparent; automatic: from how strong it is."},
               {.name = "blend",
                .type = ParamType::number,
                .default_value = "auto",
                .min = 0,
                .max = 1,
                .doc = "How far from there to wholly opaque; automatic: from how strong the colour is."},
               {.name = "despill",
                .type = ParamType::number,
                .default_value = "1",
                .min = 0,
                .max = 1,
                .doc = "How much of a green or blue key is taken off the edges; 0 is off."}},
    .build = build,
    .makes_alpha = true,
};

}  // namespace avstage::filters
