#include "heygen/request.h"

#include <array>

namespace avstage::heygen {
namespace {

std::string titled(const std::string& title, const std::string& tag) {
  return title.empty() ? tag : title + " [" + tag + "]";
}

Json tagged(Json body, const std::string& tag) {
  body["title"] = titled(text_of(member(body, "title")), tag);
  return body;
}

Json colour(const Color& color) {
  return {{"type", "color"}, {"value", color.hex()}};
}

Json v2_voice(const AvatarRef& clip) {
  Json voice = {{"type", "text"}, {"voice_id", clip.voice_id}, {"input_text", clip.say}};
  if (clip.speed) voice["speed"] = *clip.speed;
  if (clip.pitch) voice["pitch"] = *clip.pitch;
  if (!clip.emotion.empty()) voice["emotion"] = clip.emotion;
  if (!clip.locale.empty()) voice["locale"] = clip.locale;
  return voice;
}

Json v2_scene(const AvatarRef& clip) {
  Json character = {{"type", "avatar"}, {"avatar_id", clip.avatar_id}, {"avatar_style", clip.style}};
  if (clip.scale) character["scale"] = *clip.scale;
  if (clip.offset) character["offset"] = {{"x", clip.offset->first}, {"y", clip.offset->second}};
  Json scene = {{"character", character}, {"voice", v2_voice(clip)}};
  if (clip.background) scene["background"] = colour(*clip.background);
  return scene;
}

Json v3_voice_settings(const AvatarRef& clip) {
  Json settings = Json::object();
  if (clip.speed) settings["speed"] = *clip.speed;
  if (clip.pitch) settings["pitch"] = *clip.pitch;
  if (!clip.locale.empty()) settings["locale"] = clip.locale;
  return settings;
}

}  // namespace

Json vendor_body(const AvatarRef& clip) {
  Json body = parse_json(clip.request);
  if (body.is_object()) return body;
  throw Error(ErrorCode::usage,
              clip.mark.str() + ": the request body must be a JSON object, nested at most 64 deep",
              "request");
}

bool is_v2_shaped(const Json& body) {
  return body.contains("video_inputs");
}
bool is_v3_shaped(const Json& body) {
  return body.contains("type");
}

Json v2_body(const AvatarRef& clip, const std::string& tag) {
  if (!clip.request.empty()) return tagged(vendor_body(clip), tag);
  // The vendor's pages disagree on the default size: it is always sent.
  auto [width, height] = clip.size.value_or(default_size);
  Json body = {{"video_inputs", Json::array({v2_scene(clip)})},
               {"dimension", {{"width", width}, {"height", height}}},
               {"title", titled(clip.title, tag)},
               {"callback_id", tag}};
  if (clip.fps) body["fps"] = *clip.fps;
  if (clip.test) body["test"] = true;
  return body;
}

Json v3_body(const AvatarRef& clip, const std::string& tag) {
  if (!clip.request.empty()) return tagged(vendor_body(clip), tag);
  std::optional<NamedSize> size = named_size(clip.size.value_or(default_size));
  if (!size)
    throw Error(ErrorCode::bug, clip.mark.str() + ": a size without a name in v3 was not sent to v2");
  Json body = {{"type", "avatar"},
               {"avatar_id", clip.avatar_id},
               {"script", clip.say},
               {"resolution", size->resolution},
               {"aspect_ratio", size->aspect_ratio},
               {"output_format", "mp4"},
               {"title", titled(clip.title, tag)}};
  if (!clip.voice_id.empty()) body["voice_id"] = clip.voice_id;
  Json settings = v3_voice_settings(clip);
  if (!settings.empty()) body["voice_settings"] = settings;
  if (clip.background) body["background"] = colour(*clip.background);
  return body;
}

std::optional<NamedSize> named_size(std::pair<int, int> size) {
  struct Shape {
    const char* name;
    int x, y;
  };
  static constexpr std::array<Shape, 5> shapes{
      {{"16:9", 16, 9}, {"9:16", 9, 16}, {"1:1", 1, 1}, {"4:5", 4, 5}, {"5:4", 5, 4}}};
  static constexpr std::array<std::pair<int, const char*>, 3> grades{
      {{720, "720p"}, {1080, "1080p"}, {2160, "4k"}}};
  // The grade is the shorter side. The vendor says so of 16:9 and 9:16 only; what comes is probed anyway.
  for (const auto& [shorter, grade] : grades) {
    for (const Shape& shape : shapes) {
      int unit = std::min(shape.x, shape.y);
      if (size == std::pair(shorter * shape.x / unit, shorter * shape.y / unit))
        return NamedSize{grade, shape.name};
    }
  }
  return std::nullopt;
}

}  // namespace avstage::heygen
