#pragma once

#include <cstdint>
#include <span>

namespace avstage::run {

/// The gain of a sound that gives way while another one is heard. It falls within some 50 ms when the other
/// one becomes audible, stays down through the pauses between words, and comes back within half a second.
/// Sample by sample: the same gains whatever the blocks. One thread.
class Ducker {
 public:
  Ducker(double by_db, int sample_rate);
  /// `heard`: the other sound, interleaved stereo; multiplies as many sample frames of `ducked`.
  void apply(std::span<const float> heard, std::span<float> ducked);

 private:
  float down_;
  float attack_, release_, decay_;  ///< shares of the way in one sample
  std::int64_t hold_ = 0, held_ = 0;
  float level_ = 0, gain_ = 1;
};

}  // namespace avstage::run
