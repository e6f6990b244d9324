#include "sandbox/clip_spec.h"

#include "base/sha256.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

/// Raised whenever the drawing or the speech changes, so that old clips are not taken for new ones.
constexpr int kVersion = 1;

json scene_json(const Scene& scene) {
  const Voice& voice = scene.voice;
  json out = {{"avatar_id", scene.avatar_id},
              {"style", scene.style},
              {"scale", scene.scale},
              {"offset", {scene.offset_x, scene.offset_y}},
              {"background", scene.background.hex()},
              {"circle_background", scene.circle_background.hex()},
              {"voice",
               {{"voice_id", voice.voice_id},
                {"text", voice.text},
                {"silence", voice.silence},
                {"speed", voice.speed},
                {"pitch", voice.pitch},
                {"volume", voice.volume}}}};
  if (!voice.audio.empty()) out["voice"]["audio"] = voice.audio;
  if (!scene.photo.empty()) out["photo"] = scene.photo;
  if (scene.scenery) {
    const Scenery& behind = *scene.scenery;
    out["scenery"] = {
        {"asset", behind.asset}, {"film", behind.film}, {"fit", behind.fit}, {"play", behind.play}};
  }
  return out;
}

Color color_of(const json& value) {
  return parse_hex_color(value.get<std::string>()).value_or(Color{255, 255, 255, 255});
}

Scene scene_of(const json& j) {
  Scene scene;
  scene.avatar_id = j.at("avatar_id");
  scene.style = j.at("style");
  scene.scale = j.at("scale");
  scene.offset_x = j.at("offset").at(0);
  scene.offset_y = j.at("offset").at(1);
  scene.background = color_of(j.at("background"));
  scene.circle_background = color_of(j.at("circle_background"));
  scene.photo = j.value("photo", "");
  if (j.contains("scenery")) {
    const json& behind = j.at("scenery");
    scene.scenery = {behind.at("asset"), behind.at("film"), behind.at("fit"), behind.at("play")};
  }
  const json& voice = j.at("voice");
  scene.voice = {voice.at("voice_id"), voice.at("text"),   voice.at("silence"),     voice.at("speed"),
                 voice.at("pitch"),    voice.at("volume"), voice.value("audio", "")};
  return scene;
}

}  // namespace

std::string container_of(const ClipSpec& spec) {
  return spec.webm.empty() ? "mp4" : "webm";
}

json to_json(const ClipSpec& spec) {
  json scenes = json::array();
  for (const Scene& scene : spec.scenes) scenes.push_back(scene_json(scene));
  json out = {{"width", spec.width},
              {"height", spec.height},
              {"fps", spec.fps},
              {"watermark", spec.watermark},
              {"scenes", std::move(scenes)}};
  if (!spec.webm.empty()) out["webm"] = spec.webm;
  return out;
}

ClipSpec spec_from_json(const json& j) {
  ClipSpec spec;
  spec.width = j.at("width");
  spec.height = j.at("height");
  spec.fps = j.at("fps");
  spec.watermark = j.at("watermark");
  spec.webm = j.value("webm", "");
  for (const json& scene : j.at("scenes")) spec.scenes.push_back(scene_of(scene));
  return spec;
}

std::string clip_key(const ClipSpec& spec, Index index) {
  json j = to_json(spec);
  j["index"] = static_cast<int>(index);
  j["version"] = kVersion;
  return sha256_hex(j.dump());
}

std::optional<Color> parse_hex_color(const std::string& text) {
  if (text.size() != 7 || text[0] != '#') return std::nullopt;
  if (text.find_first_not_of("0123456789abcdefABCDEF", 1) != std::string::npos) return std::nullopt;
  auto channel = [&](std::size_t at) {
    return static_cast<std::uint8_t>(std::stoi(text.substr(at, 2), nullptr, 16));
  };
  return Color{channel(1), channel(3), channel(5), 255};
}

std::uint64_t id_hash(const std::string& text) {
  return std::stoull(sha256_hex(text).substr(0, 16), nullptr, 16);
}

}  // namespace avstage::sandbox
