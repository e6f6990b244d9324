#pragma once

#include <cstdint>
#include <vector>

#include "avstage/time.h"

/// Media segments of an HLS stream. Pure.
namespace avstage::plan {

/// Where a segment of `frames` may be cut into media segments that last at most `seconds`: the first frame of
/// each, from 0 on. As few as possible and as equal as frames allow, whatever the rendition.
std::vector<std::int64_t> media_cuts(std::int64_t frames, Rational seconds, Rational fps);

/// The media segments of a programme whose segments have so many frames each: the first frame of each, and at
/// last the number of all frames. Neighbours that last no longer than `seconds` together are one.
std::vector<std::int64_t> media_segments(const std::vector<std::int64_t>& segments, Rational seconds,
                                         Rational fps);

}  // namespace avstage::plan
