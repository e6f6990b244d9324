#pragma once

#include <exception>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "media/loudness.h"
#include "run/deliver/sample_file.h"
#include "run/deliver/sound_copies.h"
#include "run/production.h"
#include "run/segment_store.h"

namespace avstage::run {

/// The encoded sound of the deliverables, from the store or made now. Where an output asks for a loudness,
/// the programme is mixed into a file of this run and measured on the way, once for all outputs; each then
/// costs a gain and an encoder. Gain alone keeps the mix's dynamics; only where it would lift a true peak
/// above the ceiling, a limiter holds the peaks, and a warning says so. The caller's thread.
class Soundtrack {
 public:
  /// Begins with the sound of `outputs` (indices in the job) on a thread of its own. Everything has to be
  /// known, and what the production resolves to later changes no sound. A clip may still be arriving: that
  /// thread waits for its bytes, and nobody else gets the whole of it before the store has heard of the
  /// proof.
  Soundtrack(const Production& production, SegmentStore& store, std::vector<std::size_t> outputs);
  ~Soundtrack();  ///< stops that thread; a read that waits for bytes has to have been woken
  Soundtrack(const Soundtrack&) = delete;
  Soundtrack& operator=(const Soundtrack&) = delete;

  struct Track {
    std::string file;  ///< empty: a deliverable without sound
    std::optional<LoudnessReport> loudness;
    std::vector<CopiedSound> copies;
    std::vector<std::string> warnings;
  };
  /// Waits until that thread is through. Throws what mixing and encoding throw.
  Track of(const OutputSpec& output);
  /// Whether that of a later one may hold copies.
  bool copies() const { return copies_; }
  /// The one of `output` holds copies that are not what they should be: it is made anew, and from now on all
  /// sound is encoded. Behind of().
  void stop_copying(const OutputSpec& output);

 private:
  Track make_or_find(const OutputSpec& output);
  std::string key_of(const OutputSpec& output) const;
  void tell_of_mix(Track& track, const nlohmann::json& note) const;
  std::optional<Track> stored(const OutputSpec& output, const std::string& key);
  void keep(const std::string& key, const std::string& content);
  void mix_once();
  void encode(SampleFile& sound, double gain, const AudioSettings& settings, const std::string& part);
  LoudnessReport make(const OutputSpec& output, const std::string& part);
  LoudnessReport limit(const LoudnessSpec& wish, SampleFile& to);

  const Production& p_;
  const plan::Facts facts_;
  const plan::RenderPlan render_;
  const std::set<int> unproven_;  ///< purchases that are heard and may still be arriving
  SegmentStore& store_;
  std::stop_source stop_;
  std::optional<SampleFile> mix_;
  std::int64_t samples_ = 0;
  media::Loudness loudness_;  ///< of the mix
  bool copies_ = true;
  std::exception_ptr error_;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread ahead_;  ///< last: it ends before what it uses
};

}  // namespace avstage::run
