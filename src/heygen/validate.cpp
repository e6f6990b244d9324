#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/utf8.h"
#include "heygen/assets.h"
#include "heygen/request.h"
#include "heygen/translate.h"

namespace avstage::heygen {
namespace {

constexpr std::size_t max_script = 5000;  // characters
constexpr std::size_t max_scenes = 50;
constexpr std::size_t max_id = 256;  // bytes

class Validator {
 public:
  explicit Validator(const AvatarRef& clip) : clip_(clip) {}

  void words(const std::string& dialect) const {
    if (!clip_.template_id.empty()) {
      template_words();
    } else {
      if (clip_.scenes.size() > max_scenes) {
        fail(fmt::format("\"scenes\" has {}; allowed: at most {}", clip_.scenes.size(), max_scenes));
      }
      bool words = false;
      for (const AvatarScene* each : scenes_of(clip_)) {
        scene(*each, dialect);
        words |= !each->say.empty();
      }
      if (clip_.caption && dialect == "v2" && !words) {
        fail("\"caption\" is true; allowed in v2 where there is something to \"say\"");
      }
      if (clip_.fps) range("fps", *clip_.fps, 1, 60);
    }
    if (clip_.size) size("size", clip_.size->first, clip_.size->second);
    text("title", clip_.title);
    if (!clip_.callback_id.empty()) id("callback_id", clip_.callback_id);
  }

  void template_words() const {
    id("template", clip_.template_id);
    for (const TemplateVariable& variable : clip_.variables) {
      id("variable name", variable.name);
      text("variable " + variable.name, variable.value);
    }
    double fps = clip_.fps.value_or(25);
    if (fps != 25 && fps != 30 && fps != 60)
      fail(fmt::format("\"fps\" of a template is {}; allowed: 25, 30, 60", fps));
  }

  void scene(const AvatarScene& scene, const std::string& dialect) const {
    who(scene);
    bool speaks = !scene.audio && !scene.silence;
    if (speaks) {
      if (dialect == "v2" || !scene.voice_id.empty()) id("voice", scene.voice_id);
      script("say", scene.say);
    }
    if (scene.silence) range("silence", *scene.silence, 1, 100);
    one_of("style", scene.style, {"normal", "closeUp", "circle"});
    if (!scene.emotion.empty()) {
      one_of("emotion", scene.emotion, {"Excited", "Friendly", "Serious", "Soothing", "Broadcaster"});
    }
    if (scene.speed) range("speed", *scene.speed, 0.5, 1.5);
    if (scene.pitch) range("pitch", *scene.pitch, -50, 50);
    if (scene.offset) {
      range("offset x", scene.offset->first, -10, 10);
      range("offset y", scene.offset->second, -10, 10);
    }
    if (scene.background && scene.background->a != 255) {
      fail(fmt::format("\"background\" is not opaque (alpha {}); allowed: #rrggbb", scene.background->a));
    }
    if (!scene.locale.empty()) id("locale", scene.locale);
  }

  void who(const AvatarScene& scene) const {
    if (!scene.photo_id.empty()) id("talking_photo", scene.photo_id);
    if (scene.photo_id.empty() && !scene.photo) id("avatar", scene.avatar_id);
    if (scene.scale) range("scale", *scene.scale, 0.01, 5);
  }

  void video_id() const {
    const std::string& id = clip_.video_id;
    bool plain = std::all_of(id.begin(), id.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
             c == '_';
    });
    if (!plain || id.size() > max_id) {
      fail(fmt::format("\"video_id\" is \"{}\"; allowed: letters, digits, '-' and '_', at most {}",
                       quote(id, 60), max_id));
    }
  }

  void v2_body(const Json& body) const {
    const Json& scenes = body["video_inputs"];
    scene_count("video_inputs", scenes);
    for (std::size_t i = 0; i < scenes.size(); ++i) {
      std::string where = fmt::format("video_inputs[{}]", i);
      if (!scenes[i].is_object()) fail(fmt::format("request: {} must be an object", where));
      const Json& words = member(member(scenes[i], "voice"), "input_text");
      if (words.is_string()) script("request: " + where + ".voice.input_text", words.get<std::string>());
    }
    const Json& dimension = member(body, "dimension");
    if (dimension.is_null()) return;
    const Json& width = member(dimension, "width");
    const Json& height = member(dimension, "height");
    if (!width.is_number_integer() || !height.is_number_integer()) {
      fail("request: \"dimension\" must be {\"width\": …, \"height\": …} in whole pixels");
    }
    size("request: dimension", width.get<double>(), height.get<double>());
  }

  void v3_body(const Json& body) const {
    const Json& type = body["type"];
    if (!type.is_string() || text_of(type).empty())
      fail("request: \"type\" must be a text such as \"avatar\"");
    const Json& words = member(body, "script");
    if (words.is_string()) script("request: script", words.get<std::string>());
    if (body.contains("scenes")) scene_count("scenes", body["scenes"]);
  }

  void common_body(const Json& body) const {
    for (const char* key : {"title", "callback_id", "callback_url"}) {
      const Json& value = member(body, key);
      if (!value.is_string() && !value.is_null()) fail(fmt::format("request: \"{}\" must be a text", key));
    }
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorCode::usage, clip_.mark.str() + ": " + message, "avatar");
  }

 private:
  void text(const std::string& name, const std::string& value) const {
    if (find_invalid_utf8(value) != std::string::npos) fail(fmt::format("\"{}\" is not UTF-8", name));
  }

  void id(const std::string& name, const std::string& value) const {
    text(name, value);
    if (value.empty()) fail(fmt::format("\"{}\" is missing", name));
    if (value.size() > max_id || shown(value, max_id) != value) {
      fail(fmt::format("\"{}\" is \"{}\"; allowed: at most {} bytes without control characters", name,
                       quote(value, 60), max_id));
    }
  }

  void script(const std::string& name, const std::string& value) const {
    text(name, value);
    std::size_t length = count_characters(value);
    if (value.find_first_not_of(" \t\r\n") == std::string::npos) fail(fmt::format("\"{}\" is empty", name));
    if (length > max_script) {
      fail(fmt::format("\"{}\" has {} characters; allowed: at most {}", name, length, max_script));
    }
  }

  void one_of(const char* name, const std::string& value, std::initializer_list<const char*> allowed) const {
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
    fail(fmt::format("\"{}\" is \"{}\"; allowed: {}", name, quote(value, 60), fmt::join(allowed, ", ")));
  }

  void range(const char* name, double value, double low, double high) const {
    if (value >= low && value <= high) return;  // false for NaN
    fail(fmt::format("\"{}\" is {}; allowed: {} to {}", name, value, low, high));
  }

  void size(const char* name, double width, double height) const {
    for (double side : {width, height}) {
      bool good = side >= 128 && side <= 4096 && static_cast<int>(side) % 2 == 0;
      if (!good)
        fail(fmt::format("\"{}\" is {}x{}; allowed: even numbers, 128 to 4096", name, width, height));
    }
  }

  void scene_count(const char* name, const Json& scenes) const {
    if (scenes.is_array() && !scenes.empty() && scenes.size() <= max_scenes) return;
    fail(fmt::format("request: \"{}\" must be a list of 1 to {} scenes{}", name, max_scenes,
                     scenes.is_array() ? fmt::format(", it has {}", scenes.size()) : ""));
  }

  const AvatarRef& clip_;
};

void warn_of_losses(const AvatarRef& clip, const Json& body) {
  std::vector<std::string> lost = translate_to_v3(body).lost;
  if (lost.empty()) return;
  for (std::string& word : lost) word = quote(word, 100);
  log::warning("{}: v3 cannot keep of the request body: {}", clip.mark.str(), fmt::join(lost, ", "));
}

}  // namespace

void validate(const AvatarRef& clip, const std::string& dialect) {
  Validator check(clip);
  if (clip.take < 1) check.fail(fmt::format("\"take\" is {}; allowed: 1 and above", clip.take));
  if (!clip.video_id.empty()) return check.video_id();
  choose_dialect(clip, dialect);
  if (clip.request.empty()) return check.words(dialect);
  Json body = vendor_body(clip);
  check.common_body(body);
  if (!is_v2_shaped(body)) return check.v3_body(body);
  check.v2_body(body);
  if (dialect == "v3") warn_of_losses(clip, body);
}

}  // namespace avstage::heygen
