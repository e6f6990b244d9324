#include "sandbox/speech.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <mutex>

#include "media/audio_reader.h"
#include "media/demuxer.h"
#include "media/filter_graph.h"

namespace avstage::sandbox {
namespace {

struct Speaker {
  const char* name;  ///< flite's
  int sample_rate;   ///< of its raw sound
  float gain;        ///< brings it to about -18 LUFS
};
constexpr std::array kSpeakers = {Speaker{"slt", 16000, 0.88F}, Speaker{"rms", 16000, 1.55F},
                                  Speaker{"awb", 16000, 1.4F}, Speaker{"kal16", 16000, 3.2F},
                                  Speaker{"kal", 8000, 1.3F}};

const Speaker& speaker_of(const std::string& voice_id) {
  return kSpeakers[id_hash("voice " + voice_id) % kSpeakers.size()];
}

/// A soft ceiling: linear up to 0.7, never more than 0.9.
float limited(float sample) {
  constexpr float kKnee = 0.7F, kRoom = 0.2F;
  float level = std::abs(sample);
  if (level <= kKnee) return sample;
  return std::copysign(kKnee + kRoom * std::tanh((level - kKnee) / kRoom), sample);
}

/// Speed and pitch: the raw sound is played faster or slower, then brought to the wanted tempo in two steps,
/// because one atempo goes no lower than a half.
media::FilterGraph::Pad change_voice(media::FilterGraph& graph, media::FilterGraph::Pad pad,
                                     const Voice& voice, const Speaker& speaker) {
  double pitch = std::exp2(voice.pitch / 100.0);
  double tempo = std::sqrt(voice.speed / pitch);
  if (voice.pitch != 0) {
    auto rate = std::lround(speaker.sample_rate * pitch);
    pad = graph.add("asetrate", {{"sample_rate", fmt::format("{}", rate)}}, pad);
    pad = graph.add("aresample", {{"sample_rate", fmt::format("{}", Speech::kRate)}}, pad);
  }
  if (std::abs(tempo - 1) < 1e-6) return pad;
  for (int step = 0; step < 2; ++step) {
    pad = graph.add("atempo", {{"tempo", fmt::format("{:.6f}", tempo)}}, pad);
  }
  return pad;
}

std::vector<float> synthesise(const std::string& words, const Voice& voice) {
  static std::mutex one_at_a_time;  // flite keeps its voices in globals
  std::lock_guard lock(one_at_a_time);
  std::srand(1);  // flite draws the noise of its voices with rand()
  const Speaker& speaker = speaker_of(voice.voice_id);
  media::FilterGraph graph(1);
  auto pad = graph.add("flite", {{"text", words}, {"voice", speaker.name}},
                       std::span<const media::FilterGraph::Pad>());
  int sink = graph.add_audio_sink(change_voice(graph, pad, voice, speaker), Speech::kRate);
  graph.configure();
  std::vector<float> out;
  float gain = speaker.gain * static_cast<float>(voice.volume);
  while (media::FramePtr frame = graph.pull(sink)) {
    const auto* stereo = reinterpret_cast<const float*>(frame->data[0]);
    for (int i = 0; i < frame->nb_samples; ++i) out.push_back(limited(stereo[2 * i] * gain));
  }
  return out;
}

std::vector<float> silence(double seconds) {
  return std::vector<float>(static_cast<std::size_t>(std::lround(seconds * Speech::kRate)));
}

}  // namespace

const char* speaker_name(const std::string& voice_id) {
  return speaker_of(voice_id).name;
}

Speech::Speech(const Voice& voice, const std::string& recording) : voice_(voice) {
  if (!recording.empty()) {
    recording_ = std::make_unique<media::AudioReader>(
        media::Demuxer::open_file(recording, media::Demuxer::Want::audio), kRate);
  } else if (voice.silence > 0) {
    pieces_.push_back({"", voice.silence});
  } else {
    pieces_ = cut_script(voice.text);
  }
}

Speech::~Speech() = default;

std::size_t Speech::read_recording(std::span<float> out) {
  std::vector<float> stereo(out.size() * 2);
  std::size_t n = recording_->read(position_, stereo);
  position_ += static_cast<std::int64_t>(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = (stereo[2 * i] + stereo[2 * i + 1]) / 2;
  return n;
}

bool Speech::refill() {
  if (next_ == pieces_.size()) return false;
  const Piece& piece = pieces_[next_++];
  ready_ = piece.words.empty() ? silence(piece.pause) : synthesise(piece.words, voice_);
  used_ = 0;
  return true;
}

std::size_t Speech::read(std::span<float> out) {
  if (recording_) return read_recording(out);
  std::size_t filled = 0;
  while (filled < out.size()) {
    if (used_ == ready_.size() && !refill()) break;
    std::size_t n = std::min(out.size() - filled, ready_.size() - used_);
    std::copy_n(ready_.begin() + static_cast<std::ptrdiff_t>(used_), n,
                out.begin() + static_cast<std::ptrdiff_t>(filled));
    used_ += n, filled += n;
  }
  return filled;
}

}  // namespace avstage::sandbox
