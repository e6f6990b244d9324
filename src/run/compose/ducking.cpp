#include "run/compose/ducking.h"

#include <algorithm>
#include <cmath>

namespace avstage::run {
namespace {

constexpr float kAudible = 0.01F;  // −40 dBFS: speech, and not the room it was recorded in
constexpr double kAttack = 0.015, kRelease = 0.15, kDecay = 0.02;  // seconds of time constants
constexpr double kHold = 0.4;
constexpr float kBack = 1e-3F;  // in floats the last of the way back would never end

/// What is gone of the way after one sample, for an exponential of that time constant.
float share(double seconds, int sample_rate) {
  return static_cast<float>(1 - std::exp(-1 / (seconds * sample_rate)));
}

}  // namespace

Ducker::Ducker(double by_db, int sample_rate)
    : down_(static_cast<float>(std::pow(10, by_db / 20))),
      attack_(share(kAttack, sample_rate)),
      release_(share(kRelease, sample_rate)),
      decay_(share(kDecay, sample_rate)),
      hold_(std::llround(kHold * sample_rate)) {}

void Ducker::apply(std::span<const float> heard, std::span<float> ducked) {
  for (std::size_t n = 0; n + 1 < ducked.size(); n += 2) {
    const float peak = std::max(std::abs(heard[n]), std::abs(heard[n + 1]));
    level_ = std::max(peak, level_ - decay_ * level_);
    held_ = level_ > kAudible ? hold_ : std::max<std::int64_t>(0, held_ - 1);
    const bool down = held_ > 0;
    gain_ += ((down ? down_ : 1.0F) - gain_) * (down ? attack_ : release_);
    if (!down && 1 - gain_ < kBack) gain_ = 1;
    ducked[n] *= gain_;
    ducked[n + 1] *= gain_;
  }
}

}  // namespace avstage::run
