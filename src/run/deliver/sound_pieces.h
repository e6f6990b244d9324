#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "avstage/job.h"
#include "run/deliver/read_sound.h"
#include "run/segment_store.h"

namespace avstage::run {

/// Encodes the first `samples` sample frames of a sound into `path`, a file of one track. AAC is encoded in
/// pieces, two of 15 seconds and the others of 31, beside each other, and each is kept in the store under
/// what it was encoded from, the samples themselves: what a change leaves as it was is not encoded again.
/// What has to arrive first is encoded as it arrives. A piece begins to encode two seconds before what is
/// used of it, and follows the one before it where both window the sound alike; where no such place is found
/// the sound is encoded in one go. `begin` is called for the start of the sound, twice at most. The bytes
/// depend on samples, settings and library alone.
void encode_sound(const std::function<ReadSound()>& begin, std::int64_t samples,
                  const AudioSettings& settings, SegmentStore& store, const std::string& path,
                  const std::stop_token& stop);

class PieceReader;

/// Two versions of a sound, read beside each other: what they have in common is encoded before it is known
/// which of them is right. Stereo samples as above. One thread.
class CommonPieces {
 public:
  struct Version {
    ReadSound read;
    std::int64_t samples = 0;
    /// Where it is known to be neither: from sample frame `first` up to `second`.
    std::vector<std::pair<std::int64_t, std::int64_t>> wrong;
  };
  CommonPieces(Version one, Version other);
  ~CommonPieces();
  /// Reads one more piece of both and encodes what they have in common into the store, once for each of
  /// `settings` (of AAC), where it has none. False: there will be nothing more.
  bool encode_next(const std::vector<AudioSettings>& settings, SegmentStore& store,
                   const std::stop_token& stop);

 private:
  std::unique_ptr<PieceReader> one_, other_;
  std::vector<std::pair<std::int64_t, std::int64_t>> wrong_;
  int differ_ = 0;  ///< so many pieces in a row
};

}  // namespace avstage::run
