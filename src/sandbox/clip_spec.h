#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "avstage/job.h"
#include "sandbox/sandbox.h"

namespace avstage::sandbox {

/// What is heard in a scene: `text` spoken, the sound of an asset, or `silence` seconds of nothing.
struct Voice {
  std::string voice_id;
  std::string text;
  double silence = 0;
  double speed = 1;
  int pitch = 0;
  double volume = 1;
  std::string audio = {};  ///< an asset's id
};

/// A picture or a film that fills the canvas behind the figure.
struct Scenery {
  std::string asset;  ///< its id
  bool film = false;
  std::string fit = "cover";  ///< cover, crop, contain
  std::string play = "loop";  ///< of a film: loop, freeze, fit_to_scene, full_video
};

struct Scene {
  std::string avatar_id;         ///< "": nobody is there
  std::string photo;             ///< an asset's id: a portrait that fills the canvas and moves its mouth
  std::string style = "normal";  ///< normal, closeUp, circle
  double scale = 1;
  double offset_x = 0, offset_y = 0;  ///< fractions of the canvas
  Color background{255, 255, 255, 255};
  Color circle_background{222, 228, 236, 255};
  std::optional<Scenery> scenery;
  Voice voice;
};

/// Everything that decides a clip's pictures and sound, whichever dialect asked for it.
struct ClipSpec {
  int width = 1280, height = 720;
  int fps = 25;
  bool watermark = false;
  /// "": mp4. Else WebM: "alpha" with nothing behind the figure, "opaque" with alpha that hides nothing,
  /// "plain" without alpha.
  std::string webm = {};
  std::vector<Scene> scenes = {};
};

/// mp4 or webm: also the ending of its file.
std::string container_of(const ClipSpec& spec);

nlohmann::json to_json(const ClipSpec& spec);
/// Throws nlohmann's exceptions when `json` was not written by to_json().
ClipSpec spec_from_json(const nlohmann::json& json);

/// Equal keys mean the same file, byte for byte, from the same libraries.
std::string clip_key(const ClipSpec& spec, Index index);

/// "#rrggbb", any case; nullopt for anything else.
std::optional<Color> parse_hex_color(const std::string& text);

/// 64 bits of a hash of `text`: how an id chooses a face or a voice.
std::uint64_t id_hash(const std::string& text);

}  // namespace avstage::sandbox
