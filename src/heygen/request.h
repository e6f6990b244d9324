#pragma once

#include <optional>
#include <string>
#include <utility>

#include "heygen/answer.h"

namespace avstage::heygen {

inline constexpr std::pair<int, int> default_size{1920, 1080};
inline constexpr double default_fps = 25;

/// The vendor's own body of a clip that has one, an object. Error{usage} otherwise.
Json vendor_body(const AvatarRef& clip);
bool is_v2_shaped(const Json& body);  ///< has "video_inputs"
bool is_v3_shaped(const Json& body);  ///< has "type"

/// The body to send, with `tag` where it is found again: a vendor's own body is changed in its title alone.
Json v2_body(const AvatarRef& clip, const std::string& tag);
Json v3_body(const AvatarRef& clip, const std::string& tag);

/// v3 names sizes instead of numbering them.
struct NamedSize {
  std::string resolution;    ///< "720p", "1080p", "4k"
  std::string aspect_ratio;  ///< "16:9" …
};
std::optional<NamedSize> named_size(std::pair<int, int> size);

}  // namespace avstage::heygen
