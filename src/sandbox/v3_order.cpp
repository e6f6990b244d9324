#include <fmt/format.h>

#include <map>

#include "sandbox/fields.h"
#include "sandbox/orders.h"
#include "sandbox/script.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

constexpr std::size_t kMaxText = 5000;

Voice read_voice(const Fields& body) {
  std::string source = body.exactly_one({"script", "audio_url", "audio_asset_id"});
  if (source != "script") body.refuse(source.c_str(), "the sandbox fetches no sound, it only speaks text");
  Voice voice;
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

Color read_background(const Fields& body) {
  if (!body.has("background")) return {255, 255, 255, 255};
  Fields background = body.object("background");
  std::string type = background.text("type");
  if (type == "color") {
    if (!background.has("value")) background.refuse("value", "is required");
    return background.color("value", {});
  }
  if (type != "image") background.refuse("type", "must be one of color, image");
  std::string given = background.exactly_one({"url", "asset_id"});
  background.refuse(given.c_str(), "the sandbox fetches no pictures, its backgrounds are plain colours");
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

void refuse_what_cannot_be_made(const Fields& body) {
  if (body.word("output_format", {"mp4", "webm"}, "mp4") == "webm") {
    if (body.has("background")) body.refuse("background", "must not be given with output_format webm");
    body.refuse("output_format", "the sandbox makes mp4 only");
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
  if (std::string type = body.text("type"); type != "avatar") {
    body.refuse("type", fmt::format("is \"{}\", the sandbox makes avatar videos only", type));
  }
  Scene scene;
  scene.avatar_id = body.text("avatar_id");
  scene.voice = read_voice(body);
  if (scene.voice.voice_id.empty()) scene.voice.voice_id = "default of " + scene.avatar_id;
  refuse_what_cannot_be_made(body);
  scene.background = read_background(body);
  check_words(body);
  Order order;
  read_size(body, order.clip);
  order.clip.scenes.push_back(std::move(scene));
  order.title = body.text_or("title", "");
  order.callback_id = body.text_or("callback_id", "");
  return order;
}

}  // namespace avstage::sandbox
