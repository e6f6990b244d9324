#pragma once

#include <optional>
#include <string>

#include "media/loudness.h"
#include "run/deliver/sample_file.h"
#include "run/production.h"
#include "run/segment_store.h"

namespace avstage::run {

/// The encoded sound of the deliverables, from the store or made now. Where an output asks for a loudness,
/// the programme is mixed into a file of this run and measured on the way, once for all outputs; each then
/// costs a gain and an encoder. Gain alone keeps the mix's dynamics; only where it would lift a true peak
/// above the ceiling, a limiter holds the peaks, and a warning says so. One thread.
class Soundtrack {
 public:
  Soundtrack(Production& production, SegmentStore& store) : p_(production), store_(store) {}

  struct Track {
    std::string file;  ///< empty: a deliverable without sound
    std::optional<LoudnessReport> loudness;
  };
  /// Throws what mixing and encoding throw.
  Track of(const OutputSpec& output);

 private:
  std::string key_of(const OutputSpec& output) const;
  std::optional<Track> stored(const OutputSpec& output, const std::string& key);
  void keep(const std::string& key, const std::string& content);
  void mix_once();
  LoudnessReport make(const OutputSpec& output, const std::string& part);
  LoudnessReport limit(const LoudnessSpec& wish, SampleFile& to);
  void tell(const OutputSpec& output, const LoudnessReport& loudness);
  void warn_of_clipping(const std::string& samples);

  Production& p_;
  SegmentStore& store_;
  std::optional<SampleFile> mix_;
  std::int64_t samples_ = 0;
  media::Loudness loudness_;  ///< of the mix
};

}  // namespace avstage::run
