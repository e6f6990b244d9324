#include <fmt/format.h>

#include <charconv>

#include "sandbox/assets.h"
#include "sandbox/fields.h"
#include "sandbox/orders.h"
#include "sandbox/script.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

void read_offset(const Fields& character, Scene& scene) {
  if (!character.has("offset")) return;
  Fields offset = character.object("offset");
  scene.offset_x = offset.number("x", {-10, 10}, 0);
  scene.offset_y = offset.number("y", {-10, 10}, 0);
}

void read_character(const Fields& character, Scene& scene) {
  std::string type = character.text("type");
  if (type == "avatar") {
    scene.avatar_id = character.text("avatar_id");
    scene.style = character.word("avatar_style", {"normal", "closeUp", "circle"}, "normal");
  } else if (type == "talking_photo") {
    scene.avatar_id = character.text("talking_photo_id");
    std::string style = character.word("talking_photo_style", {"square", "circle"}, "square");
    scene.style = style == "circle" ? "circle" : "normal";
    character.word("talking_style", {"stable", "expressive"}, "stable");
    character.word("expression", {"default", "happy"}, "default");
    character.flag("use_avatar_iv_model");
  } else {
    character.refuse("type", "must be one of avatar, talking_photo");
  }
  scene.scale = character.number("scale", {0, 5}, 1);
  if (scene.scale == 0) character.refuse("scale", "must be greater than 0");
  read_offset(character, scene);
  character.flag("matting");
  scene.circle_background = character.color("circle_background_color", scene.circle_background);
}

std::string read_text(const Fields& voice) {
  std::string text = voice.text("input_text");
  if (std::size_t length = utf8_length(text); length > kMaxText) {
    voice.refuse("input_text", fmt::format("has {} characters, at most {} are allowed", length, kMaxText));
  }
  return text;
}

/// A number, or a number in a string: the documentation shows both.
double read_silence(const Fields& voice) {
  double seconds = 0;
  if (voice.has("duration") && voice.value("duration").is_string()) {
    std::string text = voice.text("duration");
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size())
      voice.refuse("duration", "must be a number");
    if (!(seconds >= 1 && seconds <= 100)) voice.refuse("duration", "must be between 1 and 100");
    return seconds;
  }
  return voice.number("duration", {1, 100}, 1);
}

void read_elevenlabs(const Fields& voice, const char* name) {
  if (!voice.has(name)) return;
  Fields settings = voice.object(name);
  for (const char* knob : {"similarity_boost", "stability", "style"}) settings.number(knob, {0, 1}, 0);
}

Voice read_voice(const Fields& voice) {
  Voice out;
  std::string type = voice.text("type");
  if (type == "silence") {
    out.silence = read_silence(voice);
  } else if (type == "audio") {
    out.audio = read_asset_id(voice, "audio_url", "audio_asset_id");
  } else if (type == "text") {
    out.voice_id = voice.text("voice_id");
    out.text = read_text(voice);
    out.speed = voice.number("speed", {0.5, 1.5}, 1);
    out.pitch = voice.integer("pitch", {-50, 50}, 0);
    if (voice.has("emotion")) {
      voice.word("emotion", {"Excited", "Friendly", "Serious", "Soothing", "Broadcaster"}, "");
    }
    voice.text_or("locale", "");
    read_elevenlabs(voice, "elevenlabs_settings");
    read_elevenlabs(voice, "elevanlabs_settings");  // the vendor's reference spells it so
  } else {
    voice.refuse("type", "must be one of text, audio, silence");
  }
  return out;
}

void read_background(const Fields& background, Scene& scene) {
  std::string type = background.text("type");
  if (type == "color") {
    scene.background = background.color("value", scene.background);
    return;
  }
  if (type != "image" && type != "video") background.refuse("type", "must be one of color, image, video");
  bool image = type == "image";
  Scenery behind;
  behind.film = !image;
  behind.fit = background.word("fit", {"cover", "crop", "contain", "none"}, "cover");
  if (behind.fit == "none") background.refuse("fit", "the sandbox draws cover, crop and contain");
  if (!image) {
    behind.play = background.word("play_style", {"fit_to_scene", "freeze", "loop", "full_video", "once"},
                                  "fit_to_scene");
  }
  behind.asset = read_asset_id(background, "url", image ? "image_asset_id" : "video_asset_id");
  scene.scenery = behind;
}

Scene read_scene(const Fields& input) {
  Scene scene;
  read_character(input.object("character"), scene);
  scene.voice = read_voice(input.object("voice"));
  if (input.has("background")) read_background(input.object("background"), scene);
  if (input.has("text")) input.refuse("text", "the sandbox draws no text overlays");
  return scene;
}

}  // namespace

void read_dimension(const Fields& body, ClipSpec& clip) {
  if (!body.has("dimension")) return;
  Fields dimension = body.object("dimension");
  auto side = [&](const char* name) {
    int pixels = dimension.integer(name, {128, 4096}, std::nullopt);
    if (pixels % 2 != 0) dimension.refuse(name, "must be even");
    return pixels;
  };
  clip.width = side("width");
  clip.height = side("height");
}

int read_fps(const Fields& body) {
  double fps = body.number("fps", {1, 60}, 25);
  if (fps != 25 && fps != 30 && fps != 60) body.refuse("fps", "must be one of 25, 30, 60");
  return static_cast<int>(fps);
}

Order read_v1_webm_order(const json& json_body) {
  Fields body(json_body, "");
  Scene scene;
  scene.avatar_id = body.text("avatar_pose_id");
  scene.style = body.word("avatar_style", {"normal", "closeUp"}, "");
  if (body.exactly_one({"input_text", "input_audio"}) == "input_audio") {
    if (body.has("voice_id")) body.refuse("voice_id", "must not be given with input_audio");
    scene.voice.audio = body.text("input_audio");
  } else {
    scene.voice.voice_id = body.text("voice_id");
    scene.voice.text = read_text(body);
  }
  Order order;
  order.clip.webm = "alpha";
  order.clip.scenes.push_back(std::move(scene));
  read_dimension(body, order.clip);
  return order;
}

Order read_v2_order(const json& json_body) {
  Fields body(json_body, "");
  Order order;
  body.array("video_inputs", 1, kMaxScenes,
             [&order](const Fields& input) { order.clip.scenes.push_back(read_scene(input)); });
  read_dimension(body, order.clip);
  order.clip.fps = read_fps(body);
  order.test = body.flag("test");
  order.clip.watermark = order.test || body.flag("enable_watermark");
  order.caption = body.flag("caption");
  order.title = body.text_or("title", "");
  order.callback_id = body.text_or("callback_id", "");
  return order;
}

}  // namespace avstage::sandbox
