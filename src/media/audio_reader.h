#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "media/decoder.h"
#include "media/demuxer.h"

namespace avstage::media {

/// Sound of a medium as 48 kHz (or `sample_rate`) interleaved stereo float, by sample position. Source time 0
/// is the first shown picture (or the first sample where there is no picture). Mono goes to both channels at
/// full level, 5.1 is down-mixed by swresample's matrix. Resampling is one continuous pass (soxr where the
/// library has it), so chunks join without a step. Gaps in the medium are silence. One thread.
class AudioReader {
 public:
  explicit AudioReader(Demuxer demuxer, int sample_rate = 48000);
  ~AudioReader();
  AudioReader(AudioReader&&) noexcept;

  /// Samples [first, first + out.size()/2) into `out`; silence before the first and after the last sample of
  /// the medium. Returns how many sample frames lay inside the medium. Rising positions stream on; an earlier
  /// or far later `first` seeks (with enough pre-roll that the result is the same).
  std::size_t read(std::int64_t first, std::span<float> out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace avstage::media
