#include <fmt/format.h>

#include "heygen/request.h"

namespace avstage::heygen {
namespace {

[[noreturn]] void fail(const AvatarRef& clip, const std::string& message) {
  throw Error(ErrorCode::usage, clip.mark.str() + ": " + message, "dialect");
}

/// The first word of the clip that v3 has no field for, with its value; "" when there is none.
std::string only_in_v2(const AvatarRef& clip) {
  if (clip.style != "normal") return fmt::format("\"style\": \"{}\"", clip.style);
  if (!clip.emotion.empty()) return fmt::format("\"emotion\": \"{}\"", clip.emotion);
  if (clip.scale.value_or(1) != 1) return fmt::format("\"scale\": {}", *clip.scale);
  if (clip.offset.value_or(std::pair(0.0, 0.0)) != std::pair(0.0, 0.0)) {
    return fmt::format("\"offset\": [{}, {}]", clip.offset->first, clip.offset->second);
  }
  if (clip.fps.value_or(default_fps) != default_fps) return fmt::format("\"fps\": {}", *clip.fps);
  if (clip.test) return "\"test\": true";
  auto [width, height] = clip.size.value_or(default_size);
  if (!named_size({width, height})) return fmt::format("\"size\": \"{}x{}\"", width, height);
  return "";
}

std::string shape_of(const AvatarRef& clip) {
  Json body = vendor_body(clip);
  if (is_v2_shaped(body)) return "v2";
  if (is_v3_shaped(body)) return "v3";
  fail(clip, "the request body has neither \"video_inputs\" (v2) nor \"type\" (v3)");
}

}  // namespace

std::string choose_dialect(const AvatarRef& clip, const std::string& api) {
  if (api != "auto" && api != "v2" && api != "v3") {
    fail(clip, fmt::format("api \"{}\" is unknown; allowed: auto, v2, v3", api));
  }
  if (!clip.video_id.empty()) return api == "auto" ? "v3" : api;
  if (!clip.request.empty()) {
    std::string shape = shape_of(clip);
    if (api == "auto" || api == shape) return shape;
    fail(clip,
         fmt::format(
             "the request body is in the form of {}, but api is \"{}\": use \"api\": \"{}\" or \"auto\"",
             shape, api, shape));
  }
  std::string word = only_in_v2(clip);
  if (api == "v3" && !word.empty()) {
    fail(clip,
         fmt::format("{} cannot be said in v3: leave it out, or use \"api\": \"v2\" or \"auto\"", word));
  }
  if (api == "v2" && clip.voice_id.empty()) {
    fail(clip,
         "without \"voice\" (the avatar's own) a clip cannot be said in v2: name a voice, or use \"api\": "
         "\"v3\"");
  }
  if (api != "auto") return api;
  return word.empty() ? "v3" : "v2";
}

}  // namespace avstage::heygen
