#pragma once

#include "media/demuxer.h"

namespace avstage::media {

/// Whether the medium has no sound, or none above −60 dBFS. `facts` are the medium's, for its length: a
/// fragmented file does not say it itself. Reads only up to the first sample that is louder. Error{input} on
/// damaged data.
bool is_silent(Demuxer demuxer, const MediaFacts& facts);

}  // namespace avstage::media
