#include "heygen/request.h"

#include <fmt/format.h>

#include <algorithm>

#include "heygen/api.h"
#include "heygen/assets.h"
#include "heygen/translate.h"

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

/// Where a request names media: under `url`, or under `id`.
Json with_asset(Json object, const AssetRef& asset, const char* url, const char* id) {
  if (asset.url.empty() && asset.asset_id.empty()) {
    throw Error(ErrorCode::bug, asset.mark.str() + ": " + asset.file + " was not uploaded");
  }
  object[asset.url.empty() ? id : url] = asset.url.empty() ? asset.asset_id : asset.url;
  return object;
}

Json v2_voice(const AvatarScene& scene) {
  if (scene.silence) return {{"type", "silence"}, {"duration", fmt::format("{}", *scene.silence)}};
  if (scene.audio) return with_asset({{"type", "audio"}}, *scene.audio, "audio_url", "audio_asset_id");
  Json voice = {{"type", "text"}, {"voice_id", scene.voice_id}, {"input_text", scene.say}};
  if (scene.speed) voice["speed"] = *scene.speed;
  if (scene.pitch) voice["pitch"] = *scene.pitch;
  if (!scene.emotion.empty()) voice["emotion"] = scene.emotion;
  if (!scene.locale.empty()) voice["locale"] = scene.locale;
  return voice;
}

Json v2_character(const AvatarScene& scene) {
  Json character = {{"type", "avatar"}, {"avatar_id", scene.avatar_id}, {"avatar_style", scene.style}};
  if (!scene.photo_id.empty()) {
    character = {{"type", "talking_photo"},
                 {"talking_photo_id", scene.photo_id},
                 {"talking_photo_style", scene.style == "circle" ? "circle" : "square"}};
  }
  if (scene.scale) character["scale"] = *scene.scale;
  if (scene.offset) character["offset"] = {{"x", scene.offset->first}, {"y", scene.offset->second}};
  return character;
}

Json v2_background(const Backdrop& backdrop) {
  const char* id = backdrop.video ? "video_asset_id" : "image_asset_id";
  Json out = with_asset({{"type", backdrop.video ? "video" : "image"}}, backdrop.media, "url", id);
  if (!backdrop.fit.empty()) out["fit"] = backdrop.fit;
  if (backdrop.video) out["play_style"] = backdrop.play.empty() ? "loop" : backdrop.play;
  return out;
}

Json v2_scene(const AvatarScene& scene) {
  Json out = {{"character", v2_character(scene)}, {"voice", v2_voice(scene)}};
  if (scene.background) out["background"] = colour(*scene.background);
  if (scene.backdrop) out["background"] = v2_background(*scene.backdrop);
  return out;
}

Json v3_voice_settings(const AvatarScene& scene) {
  Json settings = Json::object();
  if (scene.speed) settings["speed"] = *scene.speed;
  if (scene.pitch) settings["pitch"] = *scene.pitch;
  if (!scene.locale.empty()) settings["locale"] = scene.locale;
  return settings;
}

Json v3_asset(const AssetRef& asset, const char* type_of_url, const char* type_of_id) {
  Json typed = {{"type", asset.url.empty() ? type_of_id : type_of_url}};
  return with_asset(typed, asset, "url", "asset_id");
}

/// Who and what is heard: in a clip of one scene, and as the `input` of a studio's.
Json v3_scene(const AvatarScene& scene) {
  Json out = {{"type", "avatar"}};
  if (scene.photo) {
    out = {{"type", "image"}, {"image", v3_asset(*scene.photo, "url", "asset_id")}};
  } else {
    out["avatar_id"] = scene.avatar_id;
  }
  if (scene.audio) out = with_asset(out, *scene.audio, "audio_url", "audio_asset_id");
  if (!scene.say.empty()) out["script"] = scene.say;
  if (!scene.voice_id.empty()) out["voice_id"] = scene.voice_id;
  Json settings = v3_voice_settings(scene);
  if (!settings.empty()) out["voice_settings"] = settings;
  return out;
}

Json v3_studio(const AvatarRef& clip) {
  Json scenes = Json::array();
  for (const AvatarScene& scene : clip.scenes) {
    Json input = v3_scene(scene);
    // The vendor calls the colour "color" here and "value" elsewhere.
    if (scene.background) input["background"] = {{"type", "color"}, {"color", scene.background->hex()}};
    scenes.push_back({{"type", "avatar_video"}, {"input", input}});
  }
  return {{"type", "studio"}, {"scenes", scenes}};
}

Json v3_single(const AvatarRef& clip) {
  Json body = v3_scene(clip);
  body["output_format"] = is_transparent(clip) ? "webm" : "mp4";
  if (is_transparent(clip)) return body;  // the vendor takes no background beside it
  if (clip.background) body["background"] = colour(*clip.background);
  if (clip.backdrop) body["background"] = v3_asset(clip.backdrop->media, "image", "image");
  return body;
}

Json variable_json(const TemplateVariable& variable) {
  using Kind = TemplateVariable::Kind;
  auto of = [&variable](const char* type, Json properties) {
    return Json{{"name", variable.name}, {"type", type}, {"properties", std::move(properties)}};
  };
  auto media = [&variable] { return with_asset(Json::object(), variable.media, "url", "asset_id"); };
  switch (variable.kind) {
    case Kind::text:
      return of("text", {{"content", variable.value}});
    case Kind::image:
      return of("image", media());
    case Kind::video:
      return of("video", media());
    case Kind::audio:
      return of("audio", media());
    case Kind::voice:
      return of("voice", {{"voice_id", variable.value}});
    case Kind::avatar:
      return of("character", {{"character_id", variable.value}, {"type", "avatar"}});
    case Kind::photo:
      return of("character", {{"character_id", variable.value}, {"type", "talking_photo"}});
  }
  return nullptr;
}

/// The same in both dialects, but for the test mode.
Json template_body(const AvatarRef& clip) {
  Json variables = Json::object();
  for (const TemplateVariable& variable : clip.variables) variables[variable.name] = variable_json(variable);
  Json body = {{"variables", variables}};
  if (clip.size) body["dimension"] = {{"width", clip.size->first}, {"height", clip.size->second}};
  if (clip.caption) body["caption"] = true;
  return body;
}

Json v2_scenes_body(const AvatarRef& clip) {
  Json scenes = Json::array();
  for (const AvatarScene* scene : scenes_of(clip)) scenes.push_back(v2_scene(*scene));
  // The vendor's pages disagree on the default size: it is always sent.
  auto [width, height] = clip.size.value_or(default_size);
  Json body = {{"video_inputs", scenes}, {"dimension", {{"width", width}, {"height", height}}}};
  if (clip.caption) body["caption"] = true;
  return body;
}

/// The one transparent clip that this generation knows. It has neither a title nor a callback.
Json webm_body(const AvatarRef& clip) {
  auto [width, height] = clip.size.value_or(default_size);
  Json body = {{"avatar_pose_id", clip.avatar_id},
               {"avatar_style", clip.style},
               {"dimension", {{"width", width}, {"height", height}}}};
  if (clip.audio) return with_asset(body, *clip.audio, "input_audio", "input_audio");
  body["input_text"] = clip.say;
  body["voice_id"] = clip.voice_id;
  return body;
}

Json v3_scenes_body(const AvatarRef& clip) {
  std::optional<NamedSize> size = named_size(clip.size.value_or(default_size));
  if (!size)
    throw Error(ErrorCode::bug, clip.mark.str() + ": a size without a name in v3 was not sent to v2");
  Json body = clip.scenes.empty() ? v3_single(clip) : v3_studio(clip);
  body["resolution"] = size->resolution;
  body["aspect_ratio"] = size->aspect_ratio;
  if (clip.caption) body["caption"] = {{"file_format", "srt"}};
  return body;
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

bool is_v1_webm(const AvatarRef& clip) {
  return clip.request.empty() && clip.template_id.empty() && is_transparent(clip);
}

std::string v2_path(const AvatarRef& clip) {
  if (is_v1_webm(clip)) return "/v1/video.webm";
  if (clip.template_id.empty()) return "/v2/video/generate";
  return "/v2/template/" + url_encode(clip.template_id) + "/generate";
}

std::string v3_path(const AvatarRef& clip) {
  return clip.template_id.empty() ? "/v3/videos" : "/v3/templates/" + url_encode(clip.template_id);
}

Json v2_body(const AvatarRef& clip, const std::string& tag) {
  if (!clip.request.empty()) return tagged(vendor_body(clip), tag);
  if (is_v1_webm(clip)) return webm_body(clip);
  Json body = clip.template_id.empty() ? v2_scenes_body(clip) : template_body(clip);
  body["title"] = titled(clip.title, tag);
  body["callback_id"] = clip.callback_id.empty() ? tag : clip.callback_id;
  if (clip.fps) body["fps"] = *clip.fps;
  if (clip.test) body["test"] = true;
  return body;
}

Json v3_body(const AvatarRef& clip, const std::string& tag) {
  if (!clip.request.empty()) {
    Json body = vendor_body(clip);
    return tagged(is_v2_shaped(body) ? translate_to_v3(body).body : std::move(body), tag);
  }
  Json body = clip.template_id.empty() ? v3_scenes_body(clip) : template_body(clip);
  body["title"] = titled(clip.title, tag);
  if (!clip.callback_id.empty()) body["callback_id"] = clip.callback_id;
  if (clip.fps && !clip.template_id.empty()) body["fps"] = *clip.fps;
  return body;
}

const std::vector<NamedShape>& named_shapes() {
  // The grade is the shorter side. The vendor says so of 16:9 and 9:16 only; what comes is probed anyway.
  static const std::vector<NamedShape> shapes = [] {
    std::vector<NamedShape> all;
    for (auto [shorter, grade] : {std::pair(720, "720p"), {1080, "1080p"}, {2160, "4k"}}) {
      all.insert(all.end(), {{shorter, 16, 9, grade, "16:9"},
                             {shorter, 9, 16, grade, "9:16"},
                             {shorter, 1, 1, grade, "1:1"},
                             {shorter, 4, 5, grade, "4:5"},
                             {shorter, 5, 4, grade, "5:4"}});
    }
    return all;
  }();
  return shapes;
}

std::pair<int, int> pixels_of(const NamedShape& shape) {
  int unit = std::min(shape.x, shape.y);
  return {shape.shorter * shape.x / unit, shape.shorter * shape.y / unit};
}

std::optional<NamedSize> named_size(std::pair<int, int> size) {
  for (const NamedShape& shape : named_shapes()) {
    if (size == pixels_of(shape)) return NamedSize{shape.resolution, shape.aspect_ratio};
  }
  return std::nullopt;
}

}  // namespace avstage::heygen
