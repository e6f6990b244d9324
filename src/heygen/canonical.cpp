#include <algorithm>
#include <cctype>

#include "heygen/request.h"

namespace avstage::heygen {
namespace {

std::string compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Neutral words that differ from their defaults. The title is left out: it does not change the picture.
Json canonical_words(const AvatarRef& clip) {
  Json out = {{"avatar", clip.avatar_id}, {"say", clip.say}};
  if (!clip.voice_id.empty()) out["voice"] = clip.voice_id;
  if (clip.style != "normal") out["style"] = clip.style;
  if (clip.speed.value_or(1) != 1) out["speed"] = *clip.speed;
  if (clip.pitch.value_or(0) != 0) out["pitch"] = *clip.pitch;
  if (!clip.emotion.empty()) out["emotion"] = clip.emotion;
  if (!clip.locale.empty()) out["locale"] = clip.locale;
  if (clip.scale.value_or(1) != 1) out["scale"] = *clip.scale;
  if (clip.offset.value_or(std::pair(0.0, 0.0)) != std::pair(0.0, 0.0)) {
    out["offset"] = {clip.offset->first, clip.offset->second};
  }
  if (clip.background) out["background"] = clip.background->hex();
  if (clip.size.value_or(default_size) != default_size) out["size"] = {clip.size->first, clip.size->second};
  if (clip.fps.value_or(default_fps) != default_fps) out["fps"] = *clip.fps;
  if (clip.test) out["test"] = true;
  return out;
}

/// Only what names the video or says whom to call is left out, since neither changes a pixel. Everything
/// else stays, known or not: to buy once too often is a cost, to show the wrong clip a lie.
Json canonical_body(const AvatarRef& clip) {
  Json body = vendor_body(clip);
  for (const char* key : {"title", "callback_id", "callback_url"}) body.erase(key);
  return body;
}

std::optional<Color> parse_color(const std::string& text) {
  std::string digits = text.starts_with('#') ? text.substr(1) : text;
  bool hex = digits.size() == 6 &&
             std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (!hex) return std::nullopt;
  unsigned long value = std::stoul(digits, nullptr, 16);
  return Color{static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8 & 0xff),
               static_cast<std::uint8_t>(value & 0xff), 255};
}

/// {"type":"color","value":"#rrggbb"}; v3 scenes say "color" instead of "value".
std::optional<Color> color_of(const Json& background) {
  if (text_of(member(background, "type")) != "color") return std::nullopt;
  std::string value = text_of(member(background, "value"));
  return parse_color(value.empty() ? text_of(member(background, "color")) : value);
}

/// The colour that all scenes share.
std::optional<Color> common_color(const Json& scenes, bool v3) {
  std::optional<Color> common;
  for (const Json& scene : scenes) {
    std::optional<Color> color = color_of(member(v3 ? member(scene, "input") : scene, "background"));
    if (!color || (common && *common != *color)) return std::nullopt;
    common = color;
  }
  return common;
}

}  // namespace

std::string canonical_request(const AvatarRef& clip) {
  if (!clip.video_id.empty()) return compact(Json{{"video_id", clip.video_id}});
  return compact(clip.request.empty() ? canonical_words(clip) : canonical_body(clip));
}

std::optional<Color> requested_background(const AvatarRef& clip) {
  if (clip.request.empty()) return clip.background;
  Json body = vendor_body(clip);
  if (is_v2_shaped(body)) return common_color(body["video_inputs"], false);
  if (body.contains("scenes")) return common_color(body["scenes"], true);
  return color_of(member(body, "background"));
}

bool is_test(const AvatarRef& clip) {
  if (clip.request.empty()) return clip.test;
  return member(vendor_body(clip), "test") == Json(true);
}

}  // namespace avstage::heygen
