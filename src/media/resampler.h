#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/av.h"

struct SwrContext;

namespace avstage::media {

/// Decoded sound of one rate and layout to interleaved stereo float, appended to `out`. Begin at an input
/// sample that aligned_before() gave: then output sample k of this resampler is sample
/// output_of(aligned) + k of the whole, whichever such sample it began at. One thread.
class Resampler {
 public:
  Resampler(const AVFrame& like, int out_rate, const std::string& name);
  ~Resampler();
  Resampler(const Resampler&) = delete;
  Resampler& operator=(const Resampler&) = delete;

  int in_rate() const { return in_rate_; }
  /// The last input sample at or before `sample` that falls exactly on an output sample.
  std::int64_t aligned_before(std::int64_t sample) const;
  /// The first output sample at or after an input sample.
  std::int64_t output_of(std::int64_t sample) const;

  void convert(const AVFrame& frame, int skip, std::vector<float>& out);
  void silence(int samples, std::vector<float>& out);
  void drain(std::vector<float>& out);

 private:
  void run(const std::uint8_t** in, int samples, std::vector<float>& out);
  int in_rate_, out_rate_;
  AVChannelLayout layout_{};
  AVSampleFormat format_;
  std::string name_;
  SwrContext* swr_ = nullptr;
};

}  // namespace avstage::media
