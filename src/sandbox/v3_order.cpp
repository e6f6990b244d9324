#include <fmt/format.h>

#include <map>

#include "sandbox/assets.h"
#include "sandbox/fields.h"
#include "sandbox/orders.h"
#include "sandbox/script.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

Voice read_v3_voice(const Fields& body) {
  std::string source = body.exactly_one({"script", "audio_url", "audio_asset_id"});
  Voice voice;
  if (source != "script") {
    voice.audio = read_asset_id(body, "audio_url", "audio_asset_id");
    return voice;
  }
  voice.text = body.text("script");
  if (std::size_t length = utf8_length(voice.text); length > kMaxText) {
    body.refuse("script", fmt::format("has {} characters, at most {} are allowed", length, kMaxText));
  }
  voice.voice_id = body.text_or("voice_id", "");
  if (!body.has("voice_settings")) return voice;
  Fields settings = body.object("voice_settings");
  voice.speed = settings.number("speed", {0.5, 1.5}, 1);
  voice.pitch = settings.integer("pitch", {-50, 50}, 0);
  voice.volume = settings.number("volume", {0, 1}, 1);
  settings.text_or("locale", "");
  return voice;
}

/// The vendor calls the colour "value" in a clip of one scene and "color" in a studio's scenes.
void read_v3_background(const Fields& body, const char* color, Scene& scene) {
  if (!body.has("background")) return;
  Fields background = body.object("background");
  std::string type = background.text("type");
  if (type == "color") {
    if (!background.has(color)) background.refuse(color, "is required");
    scene.background = background.color(color, {});
    return;
  }
  bool studio = std::string_view(color) == "color";
  if (type != "image" || studio)
    background.refuse("type", studio ? "must be color" : "must be one of color, image");
  scene.scenery = Scenery{read_asset_id(background, "url", "asset_id")};
}

/// {"type":"url","url"} or {"type":"asset_id","asset_id"}.
std::string read_source(const Fields& source) {
  std::string type = source.word("type", {"url", "asset_id", "base64"}, "");
  if (type == "base64") source.refuse("type", "the sandbox takes uploads only");
  return read_asset_id(source, "url", "asset_id");
}

/// Who and what is heard, in a body of one scene and in a studio's.
Scene read_input(const Fields& input, const char* color) {
  Scene scene;
  std::string type = input.text("type");
  if (type == "avatar") {
    scene.avatar_id = input.text("avatar_id");
  } else if (type == "image") {
    scene.photo = read_source(input.object("image"));
  } else {
    input.refuse("type", fmt::format("is \"{}\", the sandbox makes avatar, image and studio videos", type));
  }
  scene.voice = read_v3_voice(input);
  if (scene.voice.voice_id.empty()) scene.voice.voice_id = "default of " + scene.avatar_id + scene.photo;
  read_v3_background(input, color, scene);
  return scene;
}

/// A picture, silent or with a voice.
Scene read_image_scene(const Fields& item) {
  Scene scene;
  scene.scenery = Scenery{read_source(item.object("source"))};
  if (item.has("duration")) {
    scene.voice.silence = item.number("duration", {0.01, 300}, 1);
  } else {
    scene.voice = read_v3_voice(item);
  }
  return scene;
}

Scene read_studio_scene(const Fields& item) {
  std::string type = item.text("type");
  if (type == "image") return read_image_scene(item);
  if (type != "avatar_video") item.refuse("type", "the sandbox makes scenes of type avatar_video and image");
  return read_input(item.object("input"), "color");
}

void read_size(const Fields& body, ClipSpec& clip) {
  static const std::map<std::string, std::pair<int, int>> kShapes = {{"16:9", {16, 9}}, {"9:16", {9, 16}},
                                                                     {"4:5", {4, 5}},   {"5:4", {5, 4}},
                                                                     {"1:1", {1, 1}},   {"auto", {16, 9}}};
  static const std::map<std::string, int> kLines = {{"4k", 2160}, {"1080p", 1080}, {"720p", 720}};
  int lines = kLines.at(body.word("resolution", {"4k", "1080p", "720p"}, "1080p"));
  auto [x, y] = kShapes.at(body.word("aspect_ratio", {"16:9", "9:16", "4:5", "5:4", "1:1", "auto"}, "16:9"));
  clip.width = x >= y ? lines * x / y : lines;
  clip.height = x >= y ? lines : lines * y / x;
}

void read_format(const Fields& body, ClipSpec& clip) {
  if (body.word("output_format", {"mp4", "webm"}, "mp4") == "webm") {
    if (body.has("background")) body.refuse("background", "must not be given with output_format webm");
    clip.webm = "alpha";
  }
  if (body.flag("remove_background"))
    body.refuse("remove_background", "the sandbox does not remove backgrounds");
}

void check_words(const Fields& body) {
  body.word("fit", {"contain", "cover"}, "contain");
  body.word("expressiveness", {"high", "medium", "low"}, "medium");
  body.text_or("motion_prompt", "");
  if (body.has("engine")) body.object("engine").text("type");
  if (body.has("caption")) body.object("caption").word("file_format", {"srt"}, "srt");
}

}  // namespace

Order read_v3_order(const json& json_body) {
  Fields body(json_body, "");
  Order order;
  if (body.text("type") == "studio") {
    body.array("scenes", 1, kMaxScenes,
               [&order](const Fields& item) { order.clip.scenes.push_back(read_studio_scene(item)); });
  } else {
    order.clip.scenes.push_back(read_input(body, "value"));
    read_format(body, order.clip);
  }
  check_words(body);
  order.caption = body.has("caption");
  read_size(body, order.clip);
  order.title = body.text_or("title", "");
  order.callback_id = body.text_or("callback_id", "");
  return order;
}

}  // namespace avstage::sandbox
