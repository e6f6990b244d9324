#pragma once

#include <optional>
#include <vector>

#include "run/compose/audio_mix.h"
#include "run/deliver/common_pieces.h"
#include "run/production.h"
#include "run/segment_store.h"

namespace avstage::run {

/// While clips are missing: encodes what of the sound is the same however long they turn out to be. That it
/// is the same is not reasoned but heard, in two programmes foreseen with different lengths. A clip that is
/// not proven is missing: nothing here waits for bytes. One thread.
class SoundAhead {
 public:
  /// The sounds of which pieces can be foreseen. Where a loudness is asked for, a missing clip may change all
  /// of the sound.
  static std::vector<AudioSettings> sounds_of(const Job& job);
  /// `one` and `other`: the programme with different guesses.
  SoundAhead(const Production& production, SegmentStore& store, plan::RenderPlan one, plan::RenderPlan other);
  /// Goes on by a piece of some seconds, encodes it into the store where it can be; false: nothing is left.
  /// Throws what reading and encoding throw.
  bool encode_next();

 private:
  CommonPieces::Version without_missing(plan::RenderPlan render, std::optional<AudioMix>& mix) const;

  const Production& p_;
  SegmentStore& store_;
  std::vector<AudioSettings> sounds_;
  std::optional<AudioMix> one_, other_;
  CommonPieces pieces_;
};

}  // namespace avstage::run
