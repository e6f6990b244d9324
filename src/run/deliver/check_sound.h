#pragma once

#include <stop_token>
#include <vector>

#include "media/demuxer.h"
#include "run/deliver/sound_copies.h"

namespace avstage::run {

/// Looks at the copied packets of a finished film's sound: each is, byte for byte, its source's and stands
/// where the programme has it, and times rise. `film` is read from its first packet on. Error{proof} named
/// "sound_copy" names the difference; then the sound is to be encoded as a whole.
void check_sound(media::Demuxer film, const std::vector<CopiedSound>& copies, const std::stop_token& stop);

}  // namespace avstage::run
