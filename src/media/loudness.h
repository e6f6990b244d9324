#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "media/filter_graph.h"

namespace avstage::media {

/// By EBU R 128, measured by libavfilter's ebur128; the peaks as ITU-R BS.1770 has them, at four times the
/// rate.
struct Loudness {
  bool measured = false;  ///< false: silent, or shorter than 0.4 s; the rest is 0
  double integrated = 0;  ///< LUFS
  double range = 0;       ///< LU
  double true_peak = 0;   ///< dBTP
};

/// Measures interleaved stereo float as it passes by. One thread.
class LoudnessMeter {
 public:
  explicit LoudnessMeter(int sample_rate);
  void add(std::span<const float> interleaved);
  Loudness finish();  ///< once, after the last sample

 private:
  void pull();

  FilterGraph graph_;
  FilterGraph::Pad loudness_in_, peaks_in_;
  int loudness_out_ = 0, peaks_out_ = 0, sample_rate_;
  std::int64_t samples_ = 0;
  double integrated_ = 0, range_ = 0;
  float peak_ = 0;
};

/// Raises interleaved stereo float by a gain and holds its true peaks below a ceiling: alimiter at four times
/// the rate, so that peaks between samples count. As many samples come out as go in, at the same places. One
/// thread.
class PeakLimiter {
 public:
  PeakLimiter(double gain_db, double ceiling_db, int sample_rate);
  /// What is ready of it; a filter looks ahead, so the last samples come out of finish().
  std::vector<float> process(std::span<const float> interleaved);
  std::vector<float> finish();

 private:
  std::vector<float> pull();

  FilterGraph graph_;
  FilterGraph::Pad source_;
  int sink_ = 0, sample_rate_;
  float gain_;
  std::int64_t in_ = 0, out_ = 0;
};

}  // namespace avstage::media
