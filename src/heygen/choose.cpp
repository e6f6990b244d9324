#include <fmt/format.h>

#include "heygen/assets.h"
#include "heygen/request.h"
#include "heygen/translate.h"

namespace avstage::heygen {
namespace {

[[noreturn]] void fail(const AvatarRef& clip, const std::string& message) {
  throw Error(ErrorCode::usage, clip.mark.str() + ": " + message, "dialect");
}

/// The first word of a scene that v3 has no field for, with its value; "" when there is none.
std::string only_in_v2(const AvatarScene& scene, bool several) {
  if (!scene.photo_id.empty()) return "\"photo\": { \"talking_photo\": … }";
  if (scene.silence) return fmt::format("\"silence\": {}", *scene.silence);
  if (scene.style != "normal") return fmt::format("\"style\": \"{}\"", scene.style);
  if (!scene.emotion.empty()) return fmt::format("\"emotion\": \"{}\"", scene.emotion);
  if (scene.scale.value_or(1) != 1) return fmt::format("\"scale\": {}", *scene.scale);
  if (scene.offset.value_or(std::pair(0.0, 0.0)) != std::pair(0.0, 0.0)) {
    return fmt::format("\"offset\": [{}, {}]", scene.offset->first, scene.offset->second);
  }
  if (!scene.backdrop) return "";
  if (scene.backdrop->video) return "a background video";
  if (several) return "a background image in one of several scenes";
  if (!scene.backdrop->fit.empty()) return "\"fit\" of a background";
  return "";
}

/// The same of the clip as a whole.
std::string only_in_v2(const AvatarRef& clip) {
  if (clip.test) return "\"test\": true";
  if (!clip.template_id.empty()) return "";
  for (const AvatarScene* scene : scenes_of(clip)) {
    if (std::string word = only_in_v2(*scene, !clip.scenes.empty()); !word.empty()) return word;
  }
  if (clip.fps.value_or(default_fps) != default_fps) return fmt::format("\"fps\": {}", *clip.fps);
  auto [width, height] = clip.size.value_or(default_size);
  if (!named_size({width, height})) return fmt::format("\"size\": \"{}x{}\"", width, height);
  return "";
}

/// What v2 has no field for, and how it is put right.
std::pair<std::string, std::string> only_in_v3(const AvatarRef& clip) {
  if (!clip.template_id.empty()) return {};
  for (const AvatarScene* scene : scenes_of(clip)) {
    if (scene->photo) {
      return {"a \"photo\" that is a file, a URL or an asset",
              "name a talking photo of the vendor's, { \"talking_photo\": id }"};
    }
    bool speaks = !scene->audio && !scene->silence;
    if (speaks && scene->voice_id.empty())
      return {"without \"voice\" (the avatar's own) a clip", "name a voice"};
  }
  return {};
}

/// The first word that v1's transparent clips have no field for; "" when there is none.
std::string not_in_v1_webm(const AvatarRef& clip) {
  if (!clip.photo_id.empty()) return "\"photo\"";
  if (clip.silence) return "\"silence\"";
  if (clip.style == "circle") return "\"style\": \"circle\"";
  if (!clip.emotion.empty()) return "\"emotion\"";
  if (clip.speed.value_or(1) != 1) return "\"speed\"";
  if (clip.pitch.value_or(0) != 0) return "\"pitch\"";
  if (!clip.locale.empty()) return "\"locale\"";
  if (clip.scale.value_or(1) != 1) return "\"scale\"";
  if (clip.offset.value_or(std::pair(0.0, 0.0)) != std::pair(0.0, 0.0)) return "\"offset\"";
  if (clip.fps.value_or(default_fps) != default_fps) return "\"fps\"";
  if (clip.caption) return "\"caption\"";
  return clip.test ? "\"test\"" : "";
}

/// A transparent clip in neutral words, once v2 is the one that is to make it.
void require_v1_webm(const AvatarRef& clip) {
  const std::string word = not_in_v1_webm(clip);
  if (word.empty()) return;
  fail(clip,
       fmt::format("{} cannot be said of a transparent clip in v2: leave it out, or \"transparent\"", word));
}

std::string shape_of(const AvatarRef& clip) {
  Json body = vendor_body(clip);
  if (is_v2_shaped(body)) return "v2";
  if (is_v3_shaped(body)) return "v3";
  fail(clip, "the request body has neither \"video_inputs\" (v2) nor \"type\" (v3)");
}

std::string choose_for_body(const AvatarRef& clip, const std::string& api) {
  std::string shape = shape_of(clip);
  if (api == "auto" || api == shape) return shape;
  std::string why;
  if (shape == "v2") {
    why = translate_to_v3(vendor_body(clip)).impossible;
    if (why.empty()) return api;
    why = ", and cannot be said in v3 (" + why + ")";
  }
  fail(clip, fmt::format("the request body is in the form of {}, but api is \"{}\"{}: use \"api\": \"{}\" or "
                         "\"auto\"",
                         shape, api, why, shape));
}

std::string choose_for_words(const AvatarRef& clip, const std::string& api) {
  std::string word = only_in_v2(clip);
  auto [missing, remedy] = only_in_v3(clip);
  if (!word.empty() && !missing.empty() && api == "auto") {
    fail(clip,
         fmt::format("{} cannot be said in v3, and {} not in v2: leave one of them out", word, missing));
  }
  if (api == "v3" && !word.empty()) {
    fail(clip,
         fmt::format("{} cannot be said in v3: leave it out, or use \"api\": \"v2\" or \"auto\"", word));
  }
  if (api == "v2" && !missing.empty()) {
    fail(clip, fmt::format("{} cannot be said in v2: {}, or use \"api\": \"v3\"", missing, remedy));
  }
  std::string chosen = api != "auto" ? api : word.empty() ? "v3" : "v2";
  if (chosen == "v2" && is_transparent(clip)) require_v1_webm(clip);
  return chosen;
}

}  // namespace

std::string choose_dialect(const AvatarRef& clip, const std::string& api) {
  if (api != "auto" && api != "v2" && api != "v3") {
    fail(clip, fmt::format("api \"{}\" is unknown; allowed: auto, v2, v3", api));
  }
  if (!clip.video_id.empty()) return api == "auto" ? "v3" : api;
  return clip.request.empty() ? choose_for_words(clip, api) : choose_for_body(clip, api);
}

}  // namespace avstage::heygen
