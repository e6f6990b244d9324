#pragma once

#include "media/demuxer.h"

namespace avstage::media {

/// Whether the medium has no sound, or none above −60 dBFS. Reads only up to the first sample that is louder.
/// Error{input} on damaged data.
bool is_silent(Demuxer demuxer);

}  // namespace avstage::media
