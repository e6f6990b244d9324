#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sandbox/clip_spec.h"
#include "sandbox/script.h"

namespace avstage::media {
class AudioReader;
}

namespace avstage::sandbox {

/// The speaker that a voice id means: flite's name.
const char* speaker_name(const std::string& voice_id);

/// The sound of one scene as mono samples at 48 kHz, synthesised sentence by sentence while it is read, so a
/// long script costs no more memory than a short one. One thread.
class Speech {
 public:
  static constexpr int kRate = 48000;

  /// `recording` is the file of the voice's audio, if it has any. Error{input} when that is no sound.
  explicit Speech(const Voice& voice, const std::string& recording = "");
  ~Speech();

  /// Fills `out` and returns how many samples there were; fewer than out.size() only at the end.
  std::size_t read(std::span<float> out);

 private:
  bool refill();
  std::size_t read_recording(std::span<float> out);

  Voice voice_;
  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
  std::vector<float> ready_;
  std::size_t used_ = 0;
  std::unique_ptr<media::AudioReader> recording_;
  std::int64_t position_ = 0;  ///< in the recording, in samples
};

}  // namespace avstage::sandbox
