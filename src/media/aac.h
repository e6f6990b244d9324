#pragma once

#include <optional>

#include "media/av.h"

namespace avstage::media {

/// How one frame of AAC is windowed, where it is a channel pair with common windows (ISO/IEC
/// 14496-3, 4.4.2.1: window_sequence and window_shape); nullopt: it is not. Two encodings of one sound can be
/// joined behind a frame that both window alike: the overlap of the windows then cancels as within either of
/// them.
std::optional<int> common_windows(const AVPacket& frame);

}  // namespace avstage::media
