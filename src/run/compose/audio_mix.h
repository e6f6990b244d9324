#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "media/audio_reader.h"
#include "plan/resolve.h"
#include "run/clips/media_access.h"

namespace avstage::run {

inline constexpr int kSampleRate = 48000;

/// Where a part of the programme's sound stands, in samples.
struct SoundPlace {
  std::int64_t start = 0, samples = 0;     ///< in the programme
  std::int64_t source = 0;                 ///< its first sample in the medium
  std::int64_t fade_in = 0, fade_out = 0;  ///< so much of it fades
  std::int64_t end() const { return start + samples; }
};
SoundPlace sound_place(const plan::Plan& plan, const plan::RenderPlan& render, const plan::AudioPart& part);

/// The programme's sound: one continuous mix in 48 kHz stereo float, sample-exact from the clips' places. A
/// clip is open only while it sounds. One thread.
class AudioMix {
 public:
  AudioMix(const plan::Plan& plan, const plan::RenderPlan& render, const MediaAccess& media);
  ~AudioMix();

  std::int64_t samples() const { return total_; }
  /// Goes on at that sample. What gives way to another clip has to be heard from the start.
  void seek(std::int64_t sample) { position_ = sample; }
  /// The next out.size()/2 sample frames; silence where nothing sounds. Loud places pass 1: nothing is cut
  /// off here. Error{input} with the clip's label for sound that is no number.
  void read(std::span<float> out);
  /// Samples beyond ±1 so far.
  std::int64_t clipped() const { return clipped_; }

 private:
  struct Voice;
  void open(Voice& voice);
  void hear(Voice& voice, std::span<float> block);

  const MediaAccess& media_;
  std::vector<Voice> voices_;
  std::vector<float> scratch_;
  std::int64_t position_ = 0, total_ = 0, clipped_ = 0;
};

}  // namespace avstage::run
