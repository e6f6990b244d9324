#pragma once

#include <cstdint>
#include <string>

#include "avstage/media_facts.h"
#include "media/av.h"

namespace avstage::media {

/// What an opened container states about its chosen streams (either may be nullptr). Error{input} when the
/// numbers exceed the limits.
MediaFacts read_facts(AVFormatContext& context, AVStream* video, AVStream* audio, const std::string& name);

/// How a picture is shown: left and right exchanged if it is mirrored, then turned clockwise.
struct Orientation {
  int rotation = 0;  ///< degrees: 0, 90, 180, 270
  bool mirrored = false;
};
/// What a display matrix (nine numbers, ISO/IEC 14496-12, 6.2.2) says, to a quarter of a turn.
Orientation orientation_of(const std::int32_t* display_matrix);
/// Likewise of a decoded frame.
Orientation orientation_of(const AVFrame& frame);
/// Sets it, and with it the size that is shown.
void set_orientation(VideoFacts& v, const Orientation& orientation);

/// Length of the medium as it is shown, from its parts.
std::optional<Time> available(const MediaFacts& facts);

/// The duration of a picture, as whole frames where the rate is constant: containers round to their clock.
std::optional<Time> exact_duration(const VideoFacts& v);

/// VP8/VP9 whose alpha travels beside the picture: only libvpx decodes it.
bool has_side_alpha(const AVStream& stream);

}  // namespace avstage::media
