#include "run/deliver/sound_ahead.h"

#include <algorithm>

namespace avstage::run {
std::vector<AudioSettings> SoundAhead::sounds_of(const Job& job) {
  std::vector<AudioSettings> sounds;
  for (const OutputSpec& output : job.outputs) {
    const bool known = std::any_of(sounds.begin(), sounds.end(), [&](const AudioSettings& s) {
      return s.codec == output.audio.codec && s.bitrate == output.audio.bitrate;
    });
    if (output.audio.codec == "aac" && !output.loudness && !known) sounds.push_back(output.audio);
  }
  return sounds;
}

SoundAhead::SoundAhead(const Production& production, SegmentStore& store, plan::RenderPlan one,
                       plan::RenderPlan other)
    : p_(production),
      store_(store),
      sounds_(sounds_of(production.job)),
      pieces_(without_missing(std::move(one), one_), without_missing(std::move(other), other_)) {}

CommonPieces::Version SoundAhead::without_missing(plan::RenderPlan render,
                                                  std::optional<AudioMix>& mix) const {
  CommonPieces::Version version;
  auto sample = [&](std::int64_t frame) { return frame_to_sample(frame, p_.job.canvas.fps, kSampleRate); };
  std::erase_if(render.audio, [&](const plan::AudioPart& part) {
    const int purchase = p_.plan.clips[part.clip].purchase;
    if (purchase < 0 || p_.proven[purchase]) return false;
    version.wrong.emplace_back(sample(part.start), sample(part.start + part.frames));
    return true;
  });
  mix.emplace(p_.plan, render, p_.media);
  version.samples = mix->samples();
  version.read = [&mix](std::span<float> out) { mix->read(out); };
  return version;
}

bool SoundAhead::encode_next() {
  return pieces_.encode_next(sounds_, store_, p_.stop);
}

}  // namespace avstage::run
