#include "media/audio_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>

#include "media/resampler.h"

namespace avstage::media {
namespace {

constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
// After a seek a decoder needs some packets, and a resampler some samples, until they give what they would
// have given without it.
const Time kPreRoll{1, 2};
const Time kWarmUp{1, 4};
const Time kSoundAhead{5};  // nearer targets are decoded rather than sought
const Time kHistory{1};     // kept for a read that starts a little earlier than the last one ended

const AVStream& require_audio(const Demuxer& demuxer) {
  if (demuxer.audio() == nullptr) {
    throw Error(ErrorCode::input, fmt::format("{}: has no sound", demuxer.name()));
  }
  return *demuxer.audio();
}

}  // namespace

struct AudioReader::Impl {
  Impl(Demuxer d, int sample_rate)
      : demuxer(std::move(d)),
        stream(require_audio(demuxer)),
        decoder(stream, demuxer.name(), 1),
        packet(make_packet()),
        rate(sample_rate),
        time_base(from_av(stream.time_base)),
        zero(demuxer.facts().video ? demuxer.facts().video->start : demuxer.facts().audio->start) {}

  Demuxer demuxer;
  const AVStream& stream;
  Decoder decoder;
  PacketPtr packet;
  int rate;
  Rational time_base;
  Time zero;  // source time 0 in the container's time

  std::optional<Resampler> resampler;  // from the first decoded frame on
  std::int64_t next_in = 0;            // input sample that is due next
  FramePtr frame;                      // decoded, waiting for `silence` before it
  std::int64_t packets_end = 0;        // by the container, in its time base
  std::int64_t silence = 0;
  int trim = 0;  // samples of `frame` that overlap what came before

  std::vector<float> buffer;  // output samples from `buffer_start` on
  std::int64_t buffer_start = 0;
  std::int64_t valid_from = kLowest;  // earlier samples are gone, or not yet what they should be
  std::int64_t begin = kLowest;       // first sample of the medium, where known
  bool at_start = true;               // decoding began at the start of the medium
  bool ended = false;

  std::int64_t samples(Time t) const { return (t * Time(rate)).floor(); }
  std::int64_t buffer_end() const { return buffer_start + static_cast<std::int64_t>(buffer.size() / 2); }

  FramePtr decode();
  std::int64_t input_position(std::int64_t pts) const;
  std::int64_t position(const AVFrame& f) const;
  std::int64_t content_end() const;
  std::int64_t certain_end() const;
  std::int64_t tolerance(int in_rate) const;
  bool exact_time_base(int in_rate) const;
  void place();
  void step();
  void drain();
  void forget_before(std::int64_t sample);
  void reset(std::int64_t timestamp, bool start);
  void restart() { reset(kLowest, true); }
  void seek(std::int64_t first);
  void make_available(std::int64_t first, std::int64_t last);
};

FramePtr AudioReader::Impl::decode() {
  for (;;) {
    if (FramePtr f = decoder.receive()) return f;
    if (decoder.drained()) return nullptr;
    bool more = true;
    do more = demuxer.read(*packet);
    while (more && packet->stream_index != stream.index);
    if (more && packet->pts != AV_NOPTS_VALUE) packets_end = packet->pts + packet->duration;
    decoder.send(more ? packet.get() : nullptr);
  }
}

// Each sample has a time of its own in the container's clock, so that a seek finds the same position.
bool AudioReader::Impl::exact_time_base(int in_rate) const {
  Rational samples_per_tick = time_base * Rational(in_rate);
  return samples_per_tick.num == 1 || samples_per_tick.den == 1;
}

// Coarse clocks (Matroska's milliseconds) jitter; that is no gap.
std::int64_t AudioReader::Impl::tolerance(int in_rate) const {
  if (exact_time_base(in_rate)) return 0;
  return (time_base * Rational(in_rate)).ceil() + in_rate / 500;
}

std::int64_t AudioReader::Impl::input_position(std::int64_t pts) const {
  return ((Time(pts) * time_base - zero) * Time(resampler->in_rate())).round();
}

std::int64_t AudioReader::Impl::position(const AVFrame& f) const {
  return f.pts == AV_NOPTS_VALUE ? next_in : input_position(f.pts);
}

void AudioReader::Impl::place() {
  trim = 0;
  if (!resampler) {
    resampler.emplace(*frame, rate, demuxer.name());
    std::int64_t at = position(*frame);
    next_in = resampler->aligned_before(at);
    buffer_start = resampler->output_of(next_in);
    buffer.clear();
    silence = at - next_in;
    if (at_start) begin = resampler->output_of(at);
    valid_from = at_start ? kLowest : buffer_start + samples(kWarmUp);
    return;
  }
  std::int64_t gap = position(*frame) - next_in;
  if (std::abs(gap) <= tolerance(resampler->in_rate())) return;
  silence = std::max<std::int64_t>(gap, 0);
  trim = static_cast<int>(std::clamp<std::int64_t>(-gap, 0, frame->nb_samples));
}

// One step onwards: a stretch of silence, a frame, or the end.
void AudioReader::Impl::step() {
  if (silence > 0) {
    int count = static_cast<int>(std::min<std::int64_t>(silence, rate));
    resampler->silence(count, buffer);
    silence -= count;
    next_in += count;
  } else if (frame) {
    resampler->convert(*frame, trim, buffer);
    next_in += frame->nb_samples - trim;
    frame.reset();
  } else if ((frame = decode())) {
    place();
  } else {
    drain();
  }
}

// An mp4 says with its last sample's duration where the sound ends; the codec's frame is padded beyond it.
std::int64_t AudioReader::Impl::content_end() const {
  if (!demuxer.facts().format.starts_with("mov,")) return next_in;
  return std::min(next_in, input_position(packets_end));
}

// A last frame is known to be one only when nothing follows it; until then its padding is not handed out.
std::int64_t AudioReader::Impl::certain_end() const {
  return resampler ? std::min(buffer_end(), resampler->output_of(content_end())) : kLowest;
}

void AudioReader::Impl::drain() {
  ended = true;
  if (!resampler) return;
  resampler->drain(buffer);
  std::int64_t length = std::max<std::int64_t>(resampler->output_of(content_end()) - buffer_start, 0);
  buffer.resize(std::min(buffer.size(), static_cast<std::size_t>(length) * 2));
}

void AudioReader::Impl::forget_before(std::int64_t sample) {
  std::int64_t count = std::min(sample, buffer_end()) - buffer_start;
  if (count < rate) return;  // not worth moving the rest for
  buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count * 2));
  buffer_start += count;
  valid_from = std::max(valid_from, buffer_start);
}

void AudioReader::Impl::reset(std::int64_t timestamp, bool start) {
  demuxer.seek(stream, timestamp);
  decoder = Decoder(stream, demuxer.name(), 1);  // a flush leaves traces in AAC's first frame
  resampler.reset();
  frame.reset();
  buffer.clear();
  buffer_start = 0;
  next_in = silence = 0;
  valid_from = kLowest;
  at_start = start;
  ended = false;
}

void AudioReader::Impl::seek(std::int64_t first) {
  if (!exact_time_base(stream.codecpar->sample_rate)) return restart();
  Time target = Time(first, rate) + zero - kPreRoll;
  reset((target / time_base).floor(), false);
  while (!resampler && !ended) step();
  if (!resampler || valid_from > first) restart();
}

void AudioReader::Impl::make_available(std::int64_t first, std::int64_t last) {
  bool far_ahead =
      !ended && first > buffer_end() + samples(kSoundAhead) && exact_time_base(stream.codecpar->sample_rate);
  if (first < valid_from || far_ahead) seek(first);
  while (!ended && certain_end() < last) {
    step();
    forget_before(first - samples(kHistory));
  }
}

AudioReader::AudioReader(Demuxer demuxer, int sample_rate)
    : impl_(std::make_unique<Impl>(std::move(demuxer), sample_rate)) {}
AudioReader::~AudioReader() = default;
AudioReader::AudioReader(AudioReader&&) noexcept = default;

std::size_t AudioReader::read(std::int64_t first, std::span<float> out) {
  std::int64_t last = first + static_cast<std::int64_t>(out.size() / 2);
  impl_->make_available(first, last);
  std::fill(out.begin(), out.end(), 0.0F);
  std::int64_t from = std::max({first, impl_->buffer_start, impl_->begin});
  std::int64_t to = std::min(last, impl_->buffer_end());
  if (from >= to) return 0;
  auto source = impl_->buffer.begin() + (from - impl_->buffer_start) * 2;
  std::copy_n(source, (to - from) * 2, out.begin() + (from - first) * 2);
  return static_cast<std::size_t>(to - from);
}

}  // namespace avstage::media
