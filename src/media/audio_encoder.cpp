#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "media/encoder.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/samplefmt.h>
}

namespace avstage::media {
namespace {

constexpr int kChunkWithoutFrameSize = 1024;  // PCM takes any number of samples

AVSampleFormat choose_format(const AVCodec& codec) {
  constexpr std::array wanted = {AV_SAMPLE_FMT_FLTP, AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_S32,
                                 AV_SAMPLE_FMT_S32P, AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P};
  for (AVSampleFormat format : wanted) {
    for (const AVSampleFormat* f = codec.sample_fmts; f != nullptr && *f != AV_SAMPLE_FMT_NONE; ++f) {
      if (*f == format) return format;
    }
  }
  throw Error(ErrorCode::local,
              fmt::format("encoder {} takes none of the sample formats avstage has", codec.name));
}

/// `bits` of a whole number are heard. An encoder cuts off those below, which would move all sound down by
/// half a step.
template <typename Sample>
Sample convert(float value, int bits) {
  if constexpr (std::is_floating_point_v<Sample>) {
    return value;
  } else {
    const double steps = std::ldexp(1.0, bits - 1);
    const auto step = static_cast<std::int64_t>(std::clamp(std::round(value * steps), -steps, steps - 1));
    return static_cast<Sample>(step * (std::int64_t(1) << (8 * static_cast<int>(sizeof(Sample)) - bits)));
  }
}

template <typename Sample>
void fill(AVFrame& frame, std::span<const float> interleaved, bool planar, int bits) {
  for (std::size_t i = 0; i < interleaved.size(); ++i) {
    std::size_t plane = planar ? i % kChannels : 0;
    std::size_t at = planar ? i / kChannels : i;
    reinterpret_cast<Sample*>(frame.data[plane])[at] = convert<Sample>(interleaved[i], bits);
  }
}

void fill(AVFrame& frame, std::span<const float> interleaved, AVCodecID codec) {
  auto format = static_cast<AVSampleFormat>(frame.format);
  bool planar = av_sample_fmt_is_planar(format) != 0;
  const int bits = codec == AV_CODEC_ID_PCM_S24LE ? 24 : 8 * av_get_bytes_per_sample(format);
  switch (av_get_packed_sample_fmt(format)) {
    case AV_SAMPLE_FMT_S16:
      return fill<std::int16_t>(frame, interleaved, planar, bits);
    case AV_SAMPLE_FMT_S32:
      return fill<std::int32_t>(frame, interleaved, planar, bits);
    default:
      return fill<float>(frame, interleaved, planar, bits);
  }
}

std::size_t chunk_size(const AVCodecContext& c) {
  return static_cast<std::size_t>(c.frame_size > 0 ? c.frame_size : kChunkWithoutFrameSize);
}

}  // namespace

AudioEncoder::AudioEncoder(const std::string& codec, int bitrate, int sample_rate) {
  init_logging();
  const AVCodec* encoder = avcodec_find_encoder_by_name(codec.c_str());
  if (encoder == nullptr || encoder->type != AVMEDIA_TYPE_AUDIO) {
    throw Error(ErrorCode::local,
                fmt::format("this libavcodec is built without the audio encoder {}", codec));
  }
  auto free_context = [](AVCodecContext* c) { avcodec_free_context(&c); };
  std::unique_ptr<AVCodecContext, decltype(free_context)> context(avcodec_alloc_context3(encoder),
                                                                  free_context);
  if (!context) throw std::bad_alloc();
  context->sample_fmt = choose_format(*encoder);
  context->sample_rate = sample_rate;
  context->bit_rate = bitrate;
  context->time_base = {1, sample_rate};
  av_channel_layout_default(&context->ch_layout, kChannels);
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  context->thread_count = 1;
  check(avcodec_open2(context.get(), nullptr, nullptr), "cannot be opened", codec, ErrorCode::local);
  context_ = context.release();
}

AudioEncoder::~AudioEncoder() {
  avcodec_free_context(&context_);
}

AudioEncoder::AudioEncoder(AudioEncoder&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)),
      pending_(std::move(other.pending_)),
      taken_(other.taken_),
      sent_(other.sent_),
      finished_(other.finished_) {}

void AudioEncoder::send(std::span<const float> interleaved) {
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  pending_.insert(pending_.end(), interleaved.begin(), interleaved.end());
}

void AudioEncoder::finish() {
  finished_ = true;
}

void AudioEncoder::send_frame(std::size_t frames) {
  FramePtr frame = make_frame();
  frame->nb_samples = static_cast<int>(frames);
  frame->format = context_->sample_fmt;
  frame->sample_rate = context_->sample_rate;
  frame->pts = sent_;
  check(av_channel_layout_copy(&frame->ch_layout, &context_->ch_layout), "channels", context_->codec->name,
        ErrorCode::local);
  check(av_frame_get_buffer(frame.get(), 0), "memory for a frame", context_->codec->name, ErrorCode::local);
  std::size_t samples = frames * kChannels;
  fill(*frame, std::span<const float>(pending_).subspan(taken_, samples), context_->codec_id);
  check(avcodec_send_frame(context_, frame.get()), "encoding a frame", context_->codec->name,
        ErrorCode::local);
  taken_ += samples;
  sent_ += static_cast<std::int64_t>(frames);
}

PacketPtr AudioEncoder::receive() {
  PacketPtr packet = make_packet();
  for (;;) {
    int ret = avcodec_receive_packet(context_, packet.get());
    if (ret >= 0) return packet;
    if (ret == AVERROR_EOF) return nullptr;
    if (ret != AVERROR(EAGAIN)) check(ret, "encoding", context_->codec->name, ErrorCode::local);
    std::size_t frames = (pending_.size() - taken_) / kChannels;
    if (frames >= chunk_size(*context_) || (finished_ && frames > 0)) {
      send_frame(std::min(frames, chunk_size(*context_)));
    } else if (finished_) {
      check(avcodec_send_frame(context_, nullptr), "end of input", context_->codec->name, ErrorCode::local);
    } else {
      return nullptr;
    }
  }
}

CodecParametersPtr AudioEncoder::parameters() const {
  CodecParametersPtr parameters(avcodec_parameters_alloc());
  if (!parameters) throw std::bad_alloc();
  check(avcodec_parameters_from_context(parameters.get(), context_), "parameters", context_->codec->name,
        ErrorCode::local);
  return parameters;
}

Rational AudioEncoder::time_base() const {
  return from_av(context_->time_base);
}

}  // namespace avstage::media
