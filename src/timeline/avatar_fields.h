#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "timeline/fields.h"

namespace avstage {

/// An avatar while it is read.
struct AvatarDraft {
  const std::string& base_dir;
  AvatarRef avatar;
  std::vector<Value> scenes;  ///< read last, when the words around them are known
};

/// The three ways in which a scene is heard.
inline constexpr std::string_view speech_words[] = {"say", "audio", "silence"};

/// The words that an avatar of one scene and a scene of several have in common.
Fields<AvatarDraft> scene_fields();

/// Who is seen and what is heard, exactly one of each, and no word that would be ignored beside them. What
/// the scene only has from the avatar around it, and cannot use, is left out of `scene`.
void check_scene(const Value& value, AvatarScene& scene);

/// `{ name: "text" or { "image": … } }`, sorted by name.
std::vector<TemplateVariable> read_template_variables(const Value& value, const std::string& base_dir);

/// A local file's path, an https URL, or `{ "asset": id }`.
AssetRef read_asset(const Value& value, const std::string& base_dir);

}  // namespace avstage
