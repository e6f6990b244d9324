#include <algorithm>
#include <array>
#include <cctype>

#include "heygen/assets.h"
#include "heygen/request.h"

namespace avstage::heygen {
namespace {

std::string compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A local file is its content, wherever it stands.
Json canonical_asset(const AssetRef& asset) {
  if (!asset.url.empty()) return {{"url", asset.url}};
  if (!asset.asset_id.empty()) return {{"asset", asset.asset_id}};
  if (asset.sha256.empty()) throw Error(ErrorCode::bug, asset.file + " was not hashed before it was planned");
  return {{"sha256", asset.sha256}};
}

Json canonical_backdrop(const Backdrop& backdrop) {
  Json out = {{backdrop.video ? "video" : "image", canonical_asset(backdrop.media)}};
  if (!backdrop.fit.empty()) out["fit"] = backdrop.fit;
  if (!backdrop.play.empty()) out["play"] = backdrop.play;
  return out;
}

/// Neutral words that differ from their defaults.
Json canonical_scene(const AvatarScene& scene) {
  Json out = Json::object();
  if (!scene.photo_id.empty()) out["talking_photo"] = scene.photo_id;
  if (scene.photo) out["photo"] = canonical_asset(*scene.photo);
  if (scene.photo_id.empty() && !scene.photo) out["avatar"] = scene.avatar_id;
  if (scene.audio) out["audio"] = canonical_asset(*scene.audio);
  if (scene.silence) out["silence"] = *scene.silence;
  if (!scene.audio && !scene.silence) out["say"] = scene.say;
  if (!scene.voice_id.empty()) out["voice"] = scene.voice_id;
  if (scene.style != "normal") out["style"] = scene.style;
  if (scene.speed.value_or(1) != 1) out["speed"] = *scene.speed;
  if (scene.pitch.value_or(0) != 0) out["pitch"] = *scene.pitch;
  if (!scene.emotion.empty()) out["emotion"] = scene.emotion;
  if (!scene.locale.empty()) out["locale"] = scene.locale;
  if (scene.scale.value_or(1) != 1) out["scale"] = *scene.scale;
  if (scene.offset.value_or(std::pair(0.0, 0.0)) != std::pair(0.0, 0.0)) {
    out["offset"] = {scene.offset->first, scene.offset->second};
  }
  if (scene.background) out["background"] = scene.background->hex();
  if (scene.backdrop) out["background"] = canonical_backdrop(*scene.backdrop);
  return out;
}

Json canonical_template(const AvatarRef& clip) {
  using Kind = TemplateVariable::Kind;
  static constexpr std::array kinds{"text", "image", "video", "audio", "voice", "avatar", "talking_photo"};
  Json variables = Json::object();
  for (const TemplateVariable& variable : clip.variables) {
    bool media = variable.kind == Kind::image || variable.kind == Kind::video || variable.kind == Kind::audio;
    Json value = media ? canonical_asset(variable.media) : Json(variable.value);
    variables[variable.name] = {{kinds.at(static_cast<std::size_t>(variable.kind)), value}};
  }
  return {{"template", clip.template_id}, {"variables", variables}};
}

/// The title and the callback are left out: they do not change the picture.
Json canonical_words(const AvatarRef& clip) {
  bool from_template = !clip.template_id.empty();
  Json out;
  if (from_template) {
    out = canonical_template(clip);
  } else if (clip.scenes.empty()) {
    out = canonical_scene(clip);
  } else {
    for (const AvatarScene& scene : clip.scenes) out["scenes"].push_back(canonical_scene(scene));
  }
  // A template has a size and a rate of its own, so none is the default there.
  bool odd_size = from_template ? clip.size.has_value() : clip.size.value_or(default_size) != default_size;
  bool odd_rate = from_template ? clip.fps.has_value() : clip.fps.value_or(default_fps) != default_fps;
  if (odd_size) out["size"] = {clip.size->first, clip.size->second};
  if (odd_rate) out["fps"] = *clip.fps;
  if (clip.caption) out["caption"] = true;
  if (clip.test) out["test"] = true;
  if (is_transparent(
          clip)) {  // how it is preferred, and what it falls back to, changes nothing in the request
    out["transparent"] = true;
    out.erase("background");
  }
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
  if (clip.request.empty()) {
    std::optional<Color> common = scenes_of(clip).front()->background;
    for (const AvatarScene* scene : scenes_of(clip)) {
      if (scene->background != common) return std::nullopt;
    }
    return common;
  }
  Json body = vendor_body(clip);
  if (is_v2_shaped(body)) return common_color(body["video_inputs"], false);
  if (body.contains("scenes")) return common_color(body["scenes"], true);
  return color_of(member(body, "background"));
}

bool is_transparent(const AvatarRef& clip) {
  if (clip.request.empty()) return clip.transparent != Transparent::no;
  return text_of(member(vendor_body(clip), "output_format")) == "webm";
}

bool is_test(const AvatarRef& clip) {
  if (clip.request.empty()) return clip.test;
  return member(vendor_body(clip), "test") == Json(true);
}

}  // namespace avstage::heygen
