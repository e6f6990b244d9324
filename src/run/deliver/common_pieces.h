#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "run/deliver/sound_piece.h"

namespace avstage::run {

/// Two versions of a sound, read beside each other: what they have in common is encoded before it is known
/// which of them is right. Stereo samples as for encode_sound(). One thread.
class CommonPieces {
 public:
  struct Version {
    ReadSound read;
    std::int64_t samples = 0;
    /// Where it is known to be neither: from sample frame `first` up to `second`.
    std::vector<std::pair<std::int64_t, std::int64_t>> wrong;
  };
  CommonPieces(Version one, Version other);
  /// Reads one more piece of both and encodes what they have in common into the store, once for each of
  /// `settings` (of AAC), where it has none. False: there will be nothing more.
  bool encode_next(const std::vector<AudioSettings>& settings, SegmentStore& store,
                   const std::stop_token& stop);

 private:
  PieceReader one_, other_;
  std::vector<std::pair<std::int64_t, std::int64_t>> wrong_;
  int differ_ = 0;  ///< so many pieces in a row
};

}  // namespace avstage::run
