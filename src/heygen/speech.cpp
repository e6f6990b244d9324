#include "heygen/speech.h"

#include <algorithm>
#include <cstdlib>

#include "heygen/request.h"

namespace avstage::heygen {
namespace {

constexpr double characters_a_second = 15;

double seconds_of(const std::string& text, double speed) {
  auto characters = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return static_cast<double>(characters) / characters_a_second / std::clamp(speed, 0.1, 10.0);
}

double number_of(const Json& value, double otherwise) {
  if (value.is_number()) return value.get<double>();
  return value.is_string() ? std::strtod(value.get_ref<const std::string&>().c_str(), nullptr) : otherwise;
}

void add_words(const std::string& words, double speed, Speech& speech) {
  speech.seconds += seconds_of(words, speed);
  speech.spoken |= !words.empty();
}

void add_sound(Speech& speech) {
  speech.at_least = true;
  speech.spoken = true;
}

void add_scene(const AvatarScene& scene, Speech& speech) {
  add_words(scene.say, scene.speed.value_or(1), speech);
  speech.seconds += scene.silence.value_or(0);
  if (scene.audio) add_sound(speech);
}

/// v2 speaks in "input_text", v3 in "script"; both say "duration" for silence, and "audio_…" for sound files.
void add_body(const Json& part, Speech& speech) {
  if (part.is_array()) {
    for (const Json& item : part) add_body(item, speech);
  }
  if (!part.is_object()) return;
  double speed =
      number_of(member(part, "speed"), number_of(member(member(part, "voice_settings"), "speed"), 1));
  for (const char* words : {"input_text", "script"}) {
    if (member(part, words).is_string()) add_words(member(part, words).get<std::string>(), speed, speech);
  }
  speech.seconds += std::clamp(number_of(member(part, "duration"), 0), 0.0, 3600.0);
  if (!member(part, "audio_url").is_null() || !member(part, "audio_asset_id").is_null()) add_sound(speech);
  for (const Json& inner : part) add_body(inner, speech);
}

}  // namespace

Speech guess_speech(const AvatarRef& clip) {
  Speech speech;
  if (!clip.video_id.empty()) return speech;
  if (!clip.request.empty()) {
    add_body(vendor_body(clip), speech);
  } else if (!clip.template_id.empty()) {
    speech.at_least = true;
  } else if (clip.scenes.empty()) {
    add_scene(clip, speech);
  } else {
    for (const AvatarScene& scene : clip.scenes) add_scene(scene, speech);
  }
  return speech;
}

}  // namespace avstage::heygen
