#include <fmt/format.h>

#include <algorithm>

#include "base/mezzanine.h"
#include "plan/copy.h"
#include "plan/layout.h"

namespace avstage::plan {
namespace {

constexpr int kHdLines = 720;

std::string why_not_rate(const VideoFacts& v, Rational fps) {
  const Rational ratio = v.fps / fps;  // containers round it
  if (ratio > Rational(1999, 2000) && ratio < Rational(2001, 2000)) return "";
  return fmt::format("it has {:.6g} frames a second, the canvas {:.6g}", v.fps.to_double(), fps.to_double());
}

std::string why_not_color(const VideoFacts& v) {
  // Untagged pictures are taken for what they are taken for when they are decoded.
  const bool matrix = v.color_matrix == "bt709" || (v.color_matrix == "unknown" && v.height >= kHdLines);
  auto bt709 = [](const std::string& name) { return name == "bt709" || name == "unknown"; };
  if (matrix && bt709(v.color_primaries) && bt709(v.color_transfer) &&
      (v.color_range == "tv" || v.color_range == "unknown")) {
    return "";
  }
  return fmt::format("its colours (matrix {}, primaries {}, transfer {}, range {}) are not BT.709",
                     v.color_matrix, v.color_primaries, v.color_transfer, v.color_range);
}

bool wanted(const Plan& plan, const Composition& composition, const std::string& codec) {
  return std::any_of(composition.outputs.begin(), composition.outputs.end(),
                     [&](int output) { return codec_of(plan.job.outputs[output].codec) == codec; });
}

std::string why_not_medium(const MediaFacts& media, const Canvas& canvas) {
  const VideoFacts& v = *media.video;
  if (!media.format.starts_with("mov,") && !media.format.starts_with("matroska") &&
      media.format != "mpegts" && media.format != "mxf") {
    return fmt::format("its container ({}) does not time every frame", media.format);
  }
  if (v.width != canvas.width || v.height != canvas.height) {
    return fmt::format("it is {}x{}, the canvas {}x{}", v.width, v.height, canvas.width, canvas.height);
  }
  if (v.rotation != 0 || v.mirrored) return "it is turned or mirrored";
  if (!(v.sar == Rational(1))) return "its pixels are not square";
  const std::string_view other = mezzanine_pix_fmt(v.codec), pix_fmt = other.empty() ? "yuv420p" : other;
  if (v.pix_fmt != pix_fmt) return fmt::format("its pixels are {}, the output's {}", v.pix_fmt, pix_fmt);
  if (v.interlaced) return "it is interlaced";
  if (std::string rate = why_not_rate(v, canvas.fps); !rate.empty()) return rate;
  return why_not_color(v);
}

}  // namespace

std::string why_not_copied(const Plan& plan, const Facts& facts, int clip, const Composition& composition) {
  const Canvas& canvas = composition.canvas;
  const Clip& c = plan.clips[clip].clip;
  if (!std::holds_alternative<FileRef>(c.media)) return "it is no film in a local file";
  if (!facts[clip] || !facts[clip]->media.video) return "it has no picture";
  const std::string& codec = facts[clip]->media.video->codec;
  if (!wanted(plan, composition, codec))
    return fmt::format("it is {}, which no output of this shape is", codec);
  if (std::string why = why_not_medium(facts[clip]->media, canvas); !why.empty()) return why;
  if (!c.filters.empty()) return "it has filters";
  if (c.key) return "it is keyed";
  if (c.opacity < 1) return "it is not opaque";
  const Box whole{0, 0, canvas.width, canvas.height, 0, 0, canvas.width, canvas.height};
  if (place_picture(c, canvas.width, canvas.height, canvas) != whole)
    return "it does not just fill the canvas";
  return "";
}

}  // namespace avstage::plan
