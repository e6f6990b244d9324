#include "media/loudness.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

extern "C" {
#include <libavutil/channel_layout.h>
}

namespace avstage::media {
namespace {

constexpr int kOversampling = 4;    // to see peaks between samples
constexpr double kSilence = -70.0;  // what the absolute gate leaves of silence

FramePtr frame_of(std::span<const float> interleaved, int sample_rate, std::int64_t pts) {
  FramePtr frame = make_frame();
  frame->nb_samples = static_cast<int>(interleaved.size() / kChannels);
  frame->format = AV_SAMPLE_FMT_FLT;
  frame->sample_rate = sample_rate;
  frame->pts = pts;
  av_channel_layout_default(&frame->ch_layout, kChannels);
  check(av_frame_get_buffer(frame.get(), 0), "memory for a frame", "sound", ErrorCode::local);
  std::copy(interleaved.begin(), interleaved.end(), reinterpret_cast<float*>(frame->data[0]));
  return frame;
}

/// ebur128 writes "nan" for a range that is none.
void take(const AVFrame& frame, const char* key, double& value) {
  const AVDictionaryEntry* entry = av_dict_get(frame.metadata, key, nullptr, 0);
  if (entry == nullptr) return;
  const double found = std::strtod(entry->value, nullptr);
  if (std::isfinite(found)) value = found;
}

/// Eight in turn: with one each comparison would wait for the one before.
float peak_of(std::span<const float> samples) {
  std::array<float, 8> peaks{};
  for (std::size_t i = 0; i < samples.size(); ++i) {
    float& peak = peaks[i % peaks.size()];
    peak = std::max(peak, std::abs(samples[i]));
  }
  return *std::max_element(peaks.begin(), peaks.end());
}

double decibels(double amplitude) {
  return 20 * std::log10(amplitude);
}

}  // namespace

LoudnessMeter::LoudnessMeter(int sample_rate) : sample_rate_(sample_rate) {
  const int high = kOversampling * sample_rate;
  loudness_in_ = graph_.add_audio_source(sample_rate);
  loudness_out_ =
      graph_.add_audio_sink(graph_.add("ebur128", {{"metadata", "1"}}, loudness_in_), sample_rate);
  peaks_in_ = graph_.add_audio_source(sample_rate);
  peaks_out_ = graph_.add_audio_sink(
      graph_.add("aresample", {{"sample_rate", std::to_string(high)}}, peaks_in_), high);
  graph_.configure();
}

void LoudnessMeter::add(std::span<const float> interleaved) {
  if (interleaved.empty()) return;
  const FramePtr frame = frame_of(interleaved, sample_rate_, samples_);
  graph_.push(loudness_in_, frame.get());
  graph_.push(peaks_in_, frame.get());
  samples_ += static_cast<std::int64_t>(interleaved.size() / kChannels);
  pull();
}

void LoudnessMeter::pull() {
  while (FramePtr frame = graph_.pull(loudness_out_)) {
    take(*frame, "lavfi.r128.I", integrated_);
    take(*frame, "lavfi.r128.LRA", range_);
  }
  while (FramePtr frame = graph_.pull(peaks_out_)) {
    const std::span samples(reinterpret_cast<const float*>(frame->data[0]),
                            static_cast<std::size_t>(frame->nb_samples) * kChannels);
    peak_ = std::max(peak_, peak_of(samples));
  }
}

Loudness LoudnessMeter::finish() {
  graph_.push(loudness_in_, nullptr);
  graph_.push(peaks_in_, nullptr);
  pull();
  const bool measured = samples_ >= sample_rate_ * 2 / 5 && integrated_ > kSilence && peak_ > 0;
  if (!measured) return {};
  return {true, integrated_, range_, decibels(peak_)};
}

PeakLimiter::PeakLimiter(double gain_db, double ceiling_db, int sample_rate)
    : sample_rate_(sample_rate), gain_(static_cast<float>(std::pow(10, gain_db / 20))) {
  source_ = graph_.add_audio_source(sample_rate);
  FilterGraph::Pad pad =
      graph_.add("aresample", {{"sample_rate", std::to_string(kOversampling * sample_rate)}}, source_);
  pad = graph_.add("alimiter",
                   {{"limit", fmt::format("{:.6f}", std::pow(10, ceiling_db / 20))},
                    {"attack", "5"},
                    {"release", "100"},
                    {"level", "0"},
                    {"latency", "1"}},
                   pad);
  sink_ = graph_.add_audio_sink(graph_.add("aresample", {{"sample_rate", std::to_string(sample_rate)}}, pad),
                                sample_rate);
  graph_.configure();
}

std::vector<float> PeakLimiter::process(std::span<const float> interleaved) {
  std::vector<float> raised(interleaved.begin(), interleaved.end());
  for (float& sample : raised) sample *= gain_;
  graph_.push(source_, frame_of(raised, sample_rate_, in_).get());
  in_ += static_cast<std::int64_t>(interleaved.size() / kChannels);
  return pull();
}

std::vector<float> PeakLimiter::pull() {
  std::vector<float> out;
  while (FramePtr frame = graph_.pull(sink_)) {
    const auto* samples = reinterpret_cast<const float*>(frame->data[0]);
    out.insert(out.end(), samples, samples + std::ptrdiff_t(frame->nb_samples) * kChannels);
  }
  out_ += static_cast<std::int64_t>(out.size() / kChannels);
  return out;
}

std::vector<float> PeakLimiter::finish() {
  graph_.push(source_, nullptr);
  std::vector<float> out = pull();
  const std::int64_t missing = (in_ - out_) * kChannels;  // a resampler rounds its last sample away, or up
  out.resize(static_cast<std::size_t>(std::max<std::int64_t>(0, std::ssize(out) + missing)));
  return out;
}

}  // namespace avstage::media
