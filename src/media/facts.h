#pragma once

#include <string>

#include "avstage/media_facts.h"
#include "media/av.h"

namespace avstage::media {

/// What an opened container states about its chosen streams (either may be nullptr). Error{input} when the
/// numbers exceed the limits.
MediaFacts read_facts(AVFormatContext& context, AVStream* video, AVStream* audio, const std::string& name);

/// Length of the medium as it is shown, from its parts.
std::optional<Time> available(const MediaFacts& facts);

/// The duration of a picture, as whole frames where the rate is constant: containers round to their clock.
std::optional<Time> exact_duration(const VideoFacts& v);

/// VP8/VP9 whose alpha travels beside the picture: only libvpx decodes it.
bool has_side_alpha(const AVStream& stream);

}  // namespace avstage::media
