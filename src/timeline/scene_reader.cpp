#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "timeline/avatar_fields.h"
#include "timeline/message.h"
#include "timeline/words.h"

/// The words of one scene of an avatar clip.
namespace avstage {
namespace {

constexpr std::string_view style_words[] = {"normal", "closeUp", "circle"};
constexpr std::string_view emotion_words[] = {"Excited", "Friendly", "Serious", "Soothing", "Broadcaster"};
constexpr std::string_view who_words[] = {"id", "photo"};
constexpr std::string_view backdrop_fit_words[] = {"cover", "crop", "contain", "none"};
constexpr std::string_view play_words[] = {"fit_to_scene", "freeze", "loop", "full_video"};
constexpr std::string_view voice_words[] = {"voice", "speed", "pitch", "emotion", "locale"};

std::string read_locale(const Value& value) {
  std::string allowed = "a locale such as \"en-US\"";
  const std::string& text = value.text(allowed);
  bool letters =
      text.size() >= 2 && text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
      });
  if (!letters || text.front() == '-' || text.back() == '-') value.refuse(allowed);
  return text;
}

std::pair<double, double> read_offset(const Value& value) {
  bool pair = value.is(Value::Type::array) && value.node().members.size() == 2;
  if (!pair) value.refuse("[x, y], as fractions of the canvas");
  std::vector<Value> items = value.items("fractions", 2);
  return {items[0].number(-10, 10), items[1].number(-10, 10)};
}

/// A scene that names who is seen forgets whom the avatar around it names.
void read_avatar_id(const Value& value, AvatarDraft& draft) {
  draft.avatar.photo.reset();
  draft.avatar.photo_id.clear();
  draft.avatar.avatar_id = value.line("an avatar id", max_identifier);
}

void read_photo(const Value& value, AvatarDraft& draft) {
  draft.avatar.avatar_id.clear();
  draft.avatar.photo.reset();
  draft.avatar.photo_id.clear();
  if (auto id = value.is(Value::Type::object) ? value.find("talking_photo") : std::nullopt) {
    if (value.node().members.size() != 1) value.refuse("{ \"talking_photo\": id } and nothing beside it");
    draft.avatar.photo_id = id->line("the id of a talking photo", max_identifier);
  } else {
    draft.avatar.photo = read_asset(value, draft.base_dir);
  }
}

struct BackdropDraft {
  const std::string& base_dir;
  Backdrop backdrop;
};

constexpr Field<BackdropDraft> backdrop_fields[] = {
    {"image", [](const Value& v, BackdropDraft& d) { d.backdrop.media = read_asset(v, d.base_dir); }},
    {"video",
     [](const Value& v, BackdropDraft& d) {
       d.backdrop.media = read_asset(v, d.base_dir);
       d.backdrop.video = true;
     }},
    {"fit", [](const Value& v, BackdropDraft& d) { d.backdrop.fit = v.choice(backdrop_fit_words); }},
    {"play", [](const Value& v, BackdropDraft& d) { d.backdrop.play = v.choice(play_words); }},
};

void read_background(const Value& value, AvatarDraft& draft) {
  draft.avatar.background.reset();
  draft.avatar.backdrop.reset();
  if (!value.is(Value::Type::object)) {
    draft.avatar.background = read_color(value);
    return;
  }
  BackdropDraft backdrop{draft.base_dir, {}};
  read_fields<BackdropDraft>(value, "a background", {backdrop_fields}, backdrop);
  if (value.find("image").has_value() == value.find("video").has_value()) {
    value.refuse("exactly one of image, video");
  }
  if (value.find("play") && !backdrop.backdrop.video) {
    value.find("play")->refuse("\"play\" only with \"video\"");
  }
  draft.avatar.backdrop = backdrop.backdrop;
}

constexpr Field<AvatarDraft> fields[] = {
    {"id", read_avatar_id},
    {"photo", read_photo},
    {"voice",
     [](const Value& v, AvatarDraft& d) { d.avatar.voice_id = v.line("a voice id", max_identifier); }},
    {"say", [](const Value& v, AvatarDraft& d) { d.avatar.say = v.prose("the words to say", max_text); }},
    {"audio", [](const Value& v, AvatarDraft& d) { d.avatar.audio = read_asset(v, d.base_dir); }},
    {"silence", [](const Value& v, AvatarDraft& d) { d.avatar.silence = v.number(1, 100); }},
    {"style", [](const Value& v, AvatarDraft& d) { d.avatar.style = v.choice(style_words); }},
    {"speed", [](const Value& v, AvatarDraft& d) { d.avatar.speed = v.number(0.5, 1.5); }},
    {"pitch", [](const Value& v, AvatarDraft& d) { d.avatar.pitch = static_cast<int>(v.integer(-50, 50)); }},
    {"emotion", [](const Value& v, AvatarDraft& d) { d.avatar.emotion = v.choice(emotion_words); }},
    {"locale", [](const Value& v, AvatarDraft& d) { d.avatar.locale = read_locale(v); }},
    {"scale", [](const Value& v, AvatarDraft& d) { d.avatar.scale = v.number(0.01, 5); }},
    {"offset", [](const Value& v, AvatarDraft& d) { d.avatar.offset = read_offset(v); }},
    {"background", read_background},
};

/// The one word of `words` that is given here; several are an error.
std::string_view only_one(const Value& value, Choices words) {
  std::string_view found;
  for (std::string_view word : words) {
    if (!value.find(word)) continue;
    if (!found.empty()) {
      fail(value.find(word)->mark(), "value", fmt::format("\"{}\" beside \"{}\"", word, found),
           "exactly one of " + joined(words));
    }
    found = word;
  }
  return found;
}

void forget_the_voice(AvatarScene& scene) {
  scene.voice_id.clear();
  scene.speed.reset();
  scene.pitch.reset();
  scene.emotion.clear();
  scene.locale.clear();
}

}  // namespace

Fields<AvatarDraft> scene_fields() {
  return fields;
}

void check_scene(const Value& value, AvatarScene& scene) {
  only_one(value, who_words);
  if (scene.avatar_id.empty() && scene.photo_id.empty() && !scene.photo) {
    value.refuse_missing("\"id\"", "an avatar id under \"id\", or a portrait under \"photo\"");
  }
  std::string_view speech = only_one(value, speech_words);
  if (speech.empty()) {
    value.refuse_missing("\"say\"",
                         "the words to speak under \"say\", or a recording under \"audio\", or seconds of "
                         "\"silence\"");
  }
  if (speech == "say" && scene.voice_id.empty()) {
    value.refuse_missing("\"voice\"", "a voice id under \"voice\", with \"id\" and \"say\"");
  }
  if (speech != "say") {
    for (std::string_view word : voice_words) {
      if (!value.find(word)) continue;
      fail(value.find(word)->mark(), "value", fmt::format("\"{}\" beside \"{}\"", word, speech),
           fmt::format("\"{}\" only with \"say\"", word));
    }
    forget_the_voice(scene);
  }
  if (scene.style == "closeUp" && scene.avatar_id.empty()) {
    value.refuse_missing("\"id\"", "\"style\": \"closeUp\" only with \"id\"");
  }
}

}  // namespace avstage
