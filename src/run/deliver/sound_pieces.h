#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "avstage/job.h"
#include "run/deliver/read_sound.h"
#include "run/deliver/sound_copies.h"
#include "run/segment_store.h"

namespace avstage::run {

/// Encodes the first `samples` sample frames of a sound into `path`, a file of one track. AAC is encoded in
/// pieces, two of 15 seconds and the others of 31, beside each other, and each is kept in the store under
/// what it was encoded from, the samples themselves: what a change leaves as it was is not encoded again.
/// What has to arrive first is encoded as it arrives. A piece begins to encode two seconds before what is
/// used of it, and follows the one before it where both window the sound alike. What `copies` names is taken
/// from the files instead, and joined in the same way. Where no place is found for a seam, the sound is
/// encoded without copies, and at last in one go. `begin` is called for what is heard from a sample on; with
/// 0 the sound begins anew. Without a `store` no piece is kept, and each has a minute. Returns which packets
/// were taken from files. The bytes depend on samples, copies, settings, library and whether there is a
/// store.
std::vector<CopiedSound> encode_sound(const std::function<ReadSound(std::int64_t sample)>& begin,
                                      std::int64_t samples, const AudioSettings& settings,
                                      const SoundCopies& copies, SegmentStore* store, const std::string& path,
                                      const std::stop_token& stop);

}  // namespace avstage::run
