#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "heygen/answer.h"

namespace avstage::heygen {

inline constexpr std::pair<int, int> default_size{1920, 1080};
inline constexpr double default_fps = 25;

/// The vendor's own body of a clip that has one, an object. Error{usage} otherwise.
Json vendor_body(const AvatarRef& clip);
bool is_v2_shaped(const Json& body);  ///< has "video_inputs"
bool is_v3_shaped(const Json& body);  ///< has "type"

/// Sent by v2, this clip is one of v1's transparent ones.
bool is_v1_webm(const AvatarRef& clip);

/// Where it is sent.
std::string v2_path(const AvatarRef& clip);
std::string v3_path(const AvatarRef& clip);
/// The body to send, with `tag` where it is found again: a vendor's own body is changed in its title alone,
/// but for one in the form of v2 that goes to v3, and v1's transparent clips have no place for a tag. Local
/// files have been uploaded.
Json v2_body(const AvatarRef& clip, const std::string& tag);
Json v3_body(const AvatarRef& clip, const std::string& tag);

/// v3 names sizes instead of numbering them.
struct NamedSize {
  std::string resolution;    ///< "720p", "1080p", "4k"
  std::string aspect_ratio;  ///< "16:9" …
};
std::optional<NamedSize> named_size(std::pair<int, int> size);
struct NamedShape {
  int shorter, x, y;  ///< the shorter side in pixels, and the shape
  const char *resolution, *aspect_ratio;
};
std::pair<int, int> pixels_of(const NamedShape& shape);
/// All of them.
const std::vector<NamedShape>& named_shapes();

}  // namespace avstage::heygen
