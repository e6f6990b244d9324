#pragma once

#include <string>

#include "heygen/provider.h"
#include "media/demuxer.h"

namespace avstage::run {

/// Error{proof} when the clip was asked to speak, but `demuxer`, the whole clip with its `facts`, is silent:
/// a film in which the presenter has lost the voice is not delivered. The clip itself stays where it is.
void require_speech(const AvatarRef& avatar, const std::string& video_id, const std::string& label,
                    media::Demuxer demuxer, const MediaFacts& facts);

}  // namespace avstage::run
