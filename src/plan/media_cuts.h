#pragma once

#include <cstdint>
#include <vector>

#include "avstage/time.h"
#include "plan/resolve.h"

/// Media segments of an HLS stream. Pure.
namespace avstage::plan {

/// Frames of a media segment of at most `seconds`.
std::int64_t longest_media_segment(Rational seconds, Rational fps);

/// Where a segment is cut into media segments that last at most `seconds`: the first frame of each, from 0
/// on, the same for all renditions. As few as possible; of a copy where its groups begin, if none is longer;
/// else as equal as frames allow.
std::vector<std::int64_t> media_cuts(const Segment& segment, Rational seconds, Rational fps);

/// The media segments of a programme of these segments: the first frame of each, and at last the number of
/// all frames. Neighbours that last no longer than `seconds` together are one.
std::vector<std::int64_t> media_segments(const std::vector<Segment>& segments, Rational seconds,
                                         Rational fps);

}  // namespace avstage::plan
