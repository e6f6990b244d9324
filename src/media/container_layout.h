#pragma once

#include <string>
#include <vector>

#include "base/byte_source.h"

namespace avstage::media {

/// The container's own outer lengths against the bytes that are there: the boxes of an mp4 tile the file, a
/// Matroska segment and a RIFF chunk do not end behind it. Error{input} when bytes are missing. Formats
/// without such lengths pass. Returns whether the container itself tells where it ends: an index that counts
/// its samples, a fragmented mp4's `mfra` (every fragment it lists has to be there), a known length. Leaves
/// the position anywhere.
bool require_whole_container(ByteSource& source, const std::string& name);

/// The types of an mp4's outer boxes in their order: "ftyp", "moov", "mdat". Error{input} as above.
std::vector<std::string> outer_boxes(ByteSource& source, const std::string& name);

}  // namespace avstage::media
