#include "media/muxer.h"

#include <fmt/format.h>

#include <limits>

#include "base/mezzanine.h"
#include "base/stop.h"

namespace avstage::media {
namespace {

struct Closer {
  void operator()(AVFormatContext* c) const {
    if (c->pb != nullptr) avio_closep(&c->pb);
    avformat_free_context(c);
  }
};

bool is_mov(const AVFormatContext& context) {
  std::string_view format = context.oformat->name;
  return format == "mp4" || format == "mov";
}

// The tags players of Apple's and of browsers accept; elsewhere libavformat's own choice.
std::uint32_t codec_tag(const AVFormatContext& context, const AVCodecParameters& parameters, Rational fps) {
  if (!is_mov(context)) return 0;
  const AVCodecID codec = parameters.codec_id;
  if (codec == AV_CODEC_ID_H264) return MKTAG('a', 'v', 'c', '1');
  if (codec == AV_CODEC_ID_HEVC) return MKTAG('h', 'v', 'c', '1');
  if (codec == AV_CODEC_ID_PRORES) return parameters.codec_tag;  // it is what names the profile
  if (codec == AV_CODEC_ID_DNXHD) return MKTAG('A', 'V', 'd', 'h');
  if (codec == AV_CODEC_ID_MPEG2VIDEO) {
    const std::string_view tag = xdcam_tag(parameters.width, parameters.height, fps);
    if (!tag.empty()) return MKTAG(tag[0], tag[1], tag[2], tag[3]);
  }
  return 0;
}

int is_stopped(void* opaque) noexcept {
  return static_cast<std::stop_token*>(opaque)->stop_requested() ? 1 : 0;
}

}  // namespace

const char* own_format(AVCodecID codec) {
  const bool mov = codec == AV_CODEC_ID_PRORES || codec == AV_CODEC_ID_DNXHD ||
                   codec == AV_CODEC_ID_MPEG2VIDEO || codec == AV_CODEC_ID_PCM_S24LE;
  return mov ? "mov" : "mp4";
}

Muxer::Muxer(const std::string& path, const std::string& format, const Options& metadata,
             const Options& options, std::stop_token stop)
    : path_(path), stop_(std::move(stop)), options_(options) {
  init_logging();
  std::string url = "file:" + path;  // a name with a colon is not a protocol
  AVFormatContext* allocated = nullptr;
  check(avformat_alloc_output_context2(&allocated, nullptr, format.c_str(), url.c_str()),
        fmt::format("format {}", format), path, ErrorCode::local);
  std::unique_ptr<AVFormatContext, Closer> context(allocated);
  for (const auto& [key, value] : metadata) {
    check(av_dict_set(&context->metadata, key.c_str(), value.c_str(), 0), "metadata", path, ErrorCode::local);
  }
  context->interrupt_callback = {is_stopped, &stop_};
  check(avio_open2(&context->pb, url.c_str(), AVIO_FLAG_WRITE, &context->interrupt_callback, nullptr),
        "cannot be written", path, ErrorCode::local);
  context_ = context.release();
}

Muxer::~Muxer() {
  if (context_ != nullptr) Closer()(context_);
}

/// Where a stop was asked for, libav's answer is a consequence of it.
int Muxer::checked(int ret, const char* what) const {
  require_going(stop_, path_);
  return check(ret, what, path_, ErrorCode::local);
}

int Muxer::add_stream(const AVCodecParameters& parameters, Rational time_base, Rational fps) {
  AVStream* stream = avformat_new_stream(context_, nullptr);
  if (stream == nullptr) throw std::bad_alloc();
  check(avcodec_parameters_copy(stream->codecpar, &parameters), "stream parameters", path_, ErrorCode::local);
  stream->codecpar->codec_tag = codec_tag(*context_, parameters, fps);
  // libavformat's own choice knows the whole rates alone: at 29.97 it takes no XDCAM for what it is.
  if (parameters.codec_id == AV_CODEC_ID_MPEG2VIDEO)
    context_->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
  stream->time_base = to_av(time_base);
  stream->sample_aspect_ratio = parameters.sample_aspect_ratio;
  if (fps.num > 0) stream->avg_frame_rate = stream->r_frame_rate = to_av(fps);
  last_dts_.push_back(std::numeric_limits<std::int64_t>::min());
  return stream->index;
}

void Muxer::write_header() {
  AVDictionary* dictionary = nullptr;
  auto free_dictionary = [&](void*) { av_dict_free(&dictionary); };
  std::unique_ptr<AVDictionary*, decltype(free_dictionary)> guard(&dictionary, free_dictionary);
  // Edit lists count in this clock: at libavformat's 1000 a second they would cut samples off the sound.
  if (is_mov(*context_)) av_dict_set_int(&dictionary, "movie_timescale", kMovieTimescale, 0);
  for (const auto& [key, value] : options_) av_dict_set(&dictionary, key.c_str(), value.c_str(), 0);
  checked(avformat_write_header(context_, &dictionary), "writing the header");
  if (const AVDictionaryEntry* left = av_dict_get(dictionary, "", nullptr, AV_DICT_IGNORE_SUFFIX)) {
    throw Error(ErrorCode::usage,
                fmt::format("{}: format {} has no option '{}'", path_, context_->oformat->name, left->key));
  }
}

void Muxer::write(AVPacket& packet, int stream, Rational time_base) {
  AVStream& target = *context_->streams[stream];
  av_packet_rescale_ts(&packet, to_av(time_base), target.time_base);
  packet.stream_index = stream;
  packet.pos = -1;
  std::int64_t& last = last_dts_.at(static_cast<std::size_t>(stream));
  if (packet.dts == AV_NOPTS_VALUE || packet.dts <= last) {
    throw Error(ErrorCode::bug,
                fmt::format("{}: stream {}: DTS {} does not rise after {}", path_, stream, packet.dts, last));
  }
  last = packet.dts;
  checked(av_interleaved_write_frame(context_, &packet), "writing");
}

void Muxer::finish() {
  checked(av_write_trailer(context_), "writing the end");
  avio_flush(context_->pb);
  checked(context_->pb->error, "writing the end");
  check(avio_closep(&context_->pb), "closing", path_, ErrorCode::local);
}

}  // namespace avstage::media
