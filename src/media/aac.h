#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/av.h"

namespace avstage::media {

constexpr std::int64_t kAacFrame = 1024;  ///< sample frames

/// How one frame of AAC is windowed, where it is a channel pair with common windows (ISO/IEC
/// 14496-3, 4.4.2.1: window_sequence and window_shape); nullopt: it is not. Two encodings of one sound can be
/// joined behind a frame that both window alike: the overlap of the windows then cancels as within either of
/// them.
std::optional<int> common_windows(const AVPacket& frame);

/// The frames of a file whose sound is AAC-LC, 48 kHz, stereo, in an mp4 or mov with an index, one behind the
/// other without a gap. A frame is what its packet adds to the sound; its windows reach over the next one
/// too.
struct AacIndex {
  std::int64_t start = 0;             ///< sample of the first frame, as AudioReader counts
  std::vector<int> bytes;             ///< of each frame
  std::int64_t first = 0, shown = 0;  ///< frames that no edit list hides: from `first` on, so many
  std::int64_t sample(std::int64_t frame) const { return start + frame * kAacFrame; }
};
/// nullopt where the file is anything else. Error{input} as for Demuxer::open_file.
std::optional<AacIndex> index_aac(const std::string& path);

/// Frames [first, first + count) of such a file, without times. Error{input} where they are not there.
std::vector<PacketPtr> read_aac(const std::string& path, const AacIndex& index, std::int64_t first,
                                std::int64_t count);

}  // namespace avstage::media
