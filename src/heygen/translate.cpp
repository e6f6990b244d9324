#include "heygen/translate.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "heygen/request.h"

namespace avstage::heygen {
namespace {

/// An object of the old body. What is not taken from it is lost.
class Source {
 public:
  Source(const Json& object, std::string path, std::vector<std::string>& lost)
      : object_(object.is_object() ? object : Json::object()), path_(std::move(path)), lost_(lost) {}
  ~Source() {
    for (const auto& [key, value] : object_.items()) {
      if (!value.is_null()) lost_.push_back(path_ + key);
    }
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  Json take(const char* key) {
    Json value = member(object_, key);
    object_.erase(key);
    return value;
  }
  /// Where it says what v3 does anyway, there is nothing to keep.
  void drop(const char* key, const Json& same) {
    if (member(object_, key) == same) object_.erase(key);
  }
  void move(const char* key, Json& to, const char* as) {
    if (Json value = take(key); !value.is_null()) to[as] = std::move(value);
  }

 private:
  Json object_;
  std::string path_;
  std::vector<std::string>& lost_;
};

/// The first reason counts.
void refuse(Translation& out, const std::string& why) {
  if (out.impossible.empty()) out.impossible = why;
}

void read_character(Source& character, Json& body, Translation& out) {
  if (text_of(character.take("type")) != "avatar") {
    refuse(out, "its character is no avatar");
    return;
  }
  character.move("avatar_id", body, "avatar_id");
  character.drop("avatar_style", "normal");
  character.drop("scale", 1);
  character.drop("offset", {{"x", 0}, {"y", 0}});
  character.drop("matting", false);
}

void read_voice(Source& voice, Json& body, Translation& out) {
  std::string type = text_of(voice.take("type"));
  if (type == "audio") {
    voice.move("audio_url", body, "audio_url");
    voice.move("audio_asset_id", body, "audio_asset_id");
  } else if (type == "text") {
    voice.move("input_text", body, "script");
    voice.move("voice_id", body, "voice_id");
    Json settings = Json::object();
    for (const char* key : {"speed", "pitch", "locale"}) voice.move(key, settings, key);
    if (!settings.empty()) body["voice_settings"] = settings;
  } else {
    refuse(out, fmt::format("its voice is \"{}\"", quote(type, 40)));
  }
}

void read_background(Source& background, Json& body, Translation& out) {
  std::string type = text_of(background.take("type"));
  Json to = {{"type", type}};
  if (type == "color") {
    background.move("value", to, "value");
  } else if (type == "image") {
    background.move("url", to, "url");
    background.move("image_asset_id", to, "asset_id");
    background.drop("fit", "cover");
  } else {
    out.lost.push_back(fmt::format("video_inputs[0].background ({})", quote(type, 40)));
    for (const char* key : {"url", "video_asset_id", "play_style", "fit", "value"}) background.take(key);
    return;
  }
  body["background"] = to;
}

/// The named size that is nearest in shape, then in area.
std::pair<int, int> nearest_size(double width, double height) {
  std::pair<int, int> best;
  double least = std::numeric_limits<double>::max();
  for (const NamedShape& named : named_shapes()) {
    std::pair<int, int> size = pixels_of(named);
    double shape = std::abs(std::log(width / height * size.second / size.first));
    double area = std::abs(std::log(width * height / size.first / size.second));
    if (shape * 100 + area < least) best = size, least = shape * 100 + area;
  }
  return best;
}

void read_size(Source& top, Json& body, Translation& out) {
  Json dimension = top.take("dimension");
  std::optional<double> width = positive_number(member(dimension, "width"));
  std::optional<double> height = positive_number(member(dimension, "height"));
  std::pair<int, int> wanted = default_size;
  if (width && height) {
    wanted = nearest_size(*width, *height);
    if (wanted.first != *width || wanted.second != *height) {
      out.lost.push_back(
          fmt::format("dimension {}x{} (it becomes {}x{})", *width, *height, wanted.first, wanted.second));
    }
  }
  NamedSize size = named_size(wanted).value();
  body["resolution"] = size.resolution;
  body["aspect_ratio"] = size.aspect_ratio;
}

void read_top(Source& top, Json& body, Translation& out) {
  if (top.take("test") == Json(true)) refuse(out, "\"test\" is true, and v3 would charge for it");
  if (top.take("caption") == Json(true)) body["caption"] = {{"file_format", "srt"}};
  for (const char* key : {"title", "callback_id", "callback_url"}) top.move(key, body, key);
  top.drop("fps", default_fps);
  top.drop("enable_watermark", false);
  read_size(top, body, out);
}

}  // namespace

Translation translate_to_v3(const Json& v2_body) {
  Translation out;
  Json body = {{"type", "avatar"}, {"output_format", "mp4"}};
  {
    Source top(v2_body, "", out.lost);
    Json scenes = top.take("video_inputs");
    if (!scenes.is_array() || scenes.size() != 1) {
      refuse(out, fmt::format("it has {} scenes", scenes.size()));
      return out;
    }
    Source scene(scenes[0], "video_inputs[0].", out.lost);
    Source character(scene.take("character"), "video_inputs[0].character.", out.lost);
    Source voice(scene.take("voice"), "video_inputs[0].voice.", out.lost);
    Json behind = scene.take("background");
    Source background(behind, "video_inputs[0].background.", out.lost);
    read_top(top, body, out);
    read_character(character, body, out);
    read_voice(voice, body, out);
    if (!behind.is_null()) read_background(background, body, out);
  }
  out.body = std::move(body);
  return out;
}

}  // namespace avstage::heygen
