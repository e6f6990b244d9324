#include "media/resampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>
}

namespace avstage::media {
namespace {

constexpr int kMaxChannels = 64;

struct SwrDeleter {
  void operator()(SwrContext* s) const { swr_free(&s); }
};
using SwrPtr = std::unique_ptr<SwrContext, SwrDeleter>;

SwrPtr allocate(AVChannelLayout in, AVSampleFormat format, int in_rate, int out_rate,
                const std::string& name) {
  AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO;
  SwrContext* swr = nullptr;
  check(swr_alloc_set_opts2(&swr, &stereo, AV_SAMPLE_FMT_FLT, out_rate, &in, format, in_rate, 0, nullptr),
        "its sound cannot be converted", name);
  SwrPtr owner(swr);
  if (in.nb_channels == 1) {
    constexpr std::array<double, 2> full_level = {1, 1};  // swresample's own is 3 dB quieter
    check(swr_set_matrix(swr, full_level.data(), 1), "mono", name, ErrorCode::bug);
  }
  return owner;
}

SwrPtr open(const AVChannelLayout& in, AVSampleFormat format, int in_rate, int out_rate,
            const std::string& name) {
  SwrPtr swr = allocate(in, format, in_rate, out_rate, name);
  av_opt_set(swr.get(), "resampler", "soxr", 0);
  if (swr_init(swr.get()) >= 0) return swr;
  swr = allocate(in, format, in_rate, out_rate, name);
  av_opt_set_int(swr.get(), "filter_size", 64, 0);
  av_opt_set_int(swr.get(), "exact_rational", 1, 0);
  av_opt_set_double(swr.get(), "cutoff", 0.97, 0);
  check(swr_init(swr.get()), "its sound cannot be converted", name);
  return swr;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

Resampler::Resampler(const AVFrame& like, int out_rate, const std::string& name)
    : in_rate_(like.sample_rate),
      out_rate_(out_rate),
      format_(static_cast<AVSampleFormat>(like.format)),
      name_(name) {
  int channels = like.ch_layout.nb_channels;
  if (in_rate_ <= 0 || channels <= 0 || channels > kMaxChannels) {
    throw Error(ErrorCode::input, fmt::format("{}: sound with {} Hz and {} channels; allowed are up to {}",
                                              name, in_rate_, channels, kMaxChannels));
  }
  if (like.ch_layout.order == AV_CHANNEL_ORDER_NATIVE) {
    layout_ = like.ch_layout;  // a native layout owns no memory
  } else {
    av_channel_layout_default(&layout_, channels);
  }
  swr_ = open(layout_, format_, in_rate_, out_rate_, name).release();
}

Resampler::~Resampler() {
  swr_free(&swr_);
}

std::int64_t Resampler::aligned_before(std::int64_t sample) const {
  std::int64_t unit = in_rate_ / std::gcd(in_rate_, out_rate_);
  return floor_div(sample, unit) * unit;
}

std::int64_t Resampler::output_of(std::int64_t sample) const {
  return Rational(sample * out_rate_, in_rate_).ceil();
}

void Resampler::convert(const AVFrame& frame, int skip, std::vector<float>& out) {
  if (frame.sample_rate != in_rate_ || frame.format != format_ ||
      frame.ch_layout.nb_channels != layout_.nb_channels) {
    throw Error(ErrorCode::input,
                fmt::format("{}: the sound changes from {} Hz, {} channels to {} Hz, {} channels", name_,
                            in_rate_, layout_.nb_channels, frame.sample_rate, frame.ch_layout.nb_channels));
  }
  bool planar = av_sample_fmt_is_planar(format_) != 0;
  int bytes = av_get_bytes_per_sample(format_) * (planar ? 1 : layout_.nb_channels);
  std::array<const std::uint8_t*, kMaxChannels> in{};
  for (int i = 0; i < (planar ? layout_.nb_channels : 1); ++i) {
    in[static_cast<std::size_t>(i)] = frame.extended_data[i] + static_cast<std::ptrdiff_t>(skip) * bytes;
  }
  run(in.data(), frame.nb_samples - skip, out);
}

void Resampler::silence(int samples, std::vector<float>& out) {
  FramePtr quiet = make_frame();
  quiet->nb_samples = samples;
  quiet->format = format_;
  quiet->sample_rate = in_rate_;
  check(av_channel_layout_copy(&quiet->ch_layout, &layout_), "silence", name_, ErrorCode::local);
  check(av_frame_get_buffer(quiet.get(), 0), "silence", name_, ErrorCode::local);
  check(av_samples_set_silence(quiet->extended_data, 0, samples, layout_.nb_channels, format_), "silence",
        name_, ErrorCode::local);
  convert(*quiet, 0, out);
}

void Resampler::drain(std::vector<float>& out) {
  run(nullptr, 0, out);
}

void Resampler::run(const std::uint8_t** in, int samples, std::vector<float>& out) {
  if (in != nullptr && samples <= 0) return;
  int room = check(swr_get_out_samples(swr_, samples), "resampling", name_) + out_rate_ / 4;
  std::size_t before = out.size();
  out.resize(before + static_cast<std::size_t>(room) * 2);
  auto* target = reinterpret_cast<std::uint8_t*>(out.data() + before);
  int got = swr_convert(swr_, &target, room, in, samples);
  out.resize(before + static_cast<std::size_t>(std::max(got, 0)) * 2);
  check(got, "resampling", name_);
}

}  // namespace avstage::media
