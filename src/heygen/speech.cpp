#include <algorithm>

#include "heygen/request.h"

namespace avstage::heygen {
namespace {

bool has_any(const Json& object, std::initializer_list<const char*> keys) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const char* key) { return !member(object, key).is_null(); });
}

bool is_spoken_v2(const Json& scene) {
  std::string type = text_of(member(member(scene, "voice"), "type"));
  return type == "text" || type == "audio";
}

bool is_spoken_v3(const Json& body) {
  return has_any(body, {"script", "audio_url", "audio_asset_id"});
}

}  // namespace

bool asks_for_speech(const AvatarRef& clip) {
  if (clip.request.empty()) return clip.video_id.empty() && !clip.say.empty();
  const Json body = vendor_body(clip);
  if (is_v2_shaped(body)) {
    const Json& scenes = member(body, "video_inputs");
    return std::any_of(scenes.begin(), scenes.end(), is_spoken_v2);
  }
  const Json& scenes = member(body, "scenes");
  auto spoken = [](const Json& scene) { return is_spoken_v3(scene) || is_spoken_v3(member(scene, "input")); };
  return is_spoken_v3(body) || std::any_of(scenes.begin(), scenes.end(), spoken);
}

}  // namespace avstage::heygen
