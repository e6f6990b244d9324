#include "media/fragment_muxer.h"

#include <fmt/format.h>

extern "C" {
#include <libavutil/mem.h>
}

#include "media/muxer.h"

namespace avstage::media {
namespace {

void open_buffer(AVFormatContext& context, const std::string& name) {
  check(avio_open_dyn_buf(&context.pb), "memory", name, ErrorCode::local);
}

std::string close_buffer(AVFormatContext& context) {
  std::uint8_t* data = nullptr;
  const int size = avio_close_dyn_buf(context.pb, &data);
  context.pb = nullptr;
  std::string bytes(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  av_free(data);
  return bytes;
}

}  // namespace

void FragmentMuxer::Closer::operator()(AVFormatContext* context) const {
  if (context->pb != nullptr) close_buffer(*context);
  avformat_free_context(context);
}

FragmentMuxer::FragmentMuxer(const std::string& name, const AVCodecParameters& parameters, Rational time_base,
                             Rational fps, const Options& metadata)
    : name_(name) {
  init_logging();
  AVFormatContext* allocated = nullptr;
  check(avformat_alloc_output_context2(&allocated, nullptr, "mp4", nullptr), "format mp4", name,
        ErrorCode::local);
  context_.reset(allocated);
  for (const auto& [key, value] : metadata) {
    check(av_dict_set(&context_->metadata, key.c_str(), value.c_str(), 0), "metadata", name,
          ErrorCode::local);
  }
  AVStream* stream = avformat_new_stream(context_.get(), nullptr);
  if (stream == nullptr) throw std::bad_alloc();
  check(avcodec_parameters_copy(stream->codecpar, &parameters), "stream parameters", name, ErrorCode::local);
  stream->codecpar->codec_tag = 0;
  stream->time_base = to_av(time_base);
  stream->sample_aspect_ratio = parameters.sample_aspect_ratio;
  if (fps.num > 0) stream->avg_frame_rate = stream->r_frame_rate = to_av(fps);
  // An edit list has to know the first DTS: so the header waits for the first fragment.
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", "frag_custom+empty_moov+delay_moov+default_base_moof+skip_trailer", 0);
  av_dict_set(&options, "use_editlist", "1", 0);
  av_dict_set(&options, "avoid_negative_ts", "disabled", 0);
  av_dict_set_int(&options, "movie_timescale", kMovieTimescale, 0);
  open_buffer(*context_, name);
  const int answer = avformat_write_header(context_.get(), &options);
  av_dict_free(&options);
  check(answer, "writing the header", name, ErrorCode::local);
}

FragmentMuxer::~FragmentMuxer() = default;

void FragmentMuxer::write(AVPacket& packet, Rational time_base) {
  AVStream& stream = *context_->streams[0];
  av_packet_rescale_ts(&packet, to_av(time_base), stream.time_base);
  packet.stream_index = 0;
  packet.pos = -1;
  check(av_write_frame(context_.get(), &packet), "writing", name_, ErrorCode::local);
}

std::string FragmentMuxer::flush() {
  check(av_write_frame(context_.get(), nullptr), "writing a fragment", name_, ErrorCode::local);
  std::string bytes = close_buffer(*context_);
  open_buffer(*context_, name_);
  return bytes;
}

std::string FragmentMuxer::take_fragment() {
  if (init_.empty()) init_ = flush();
  return flush();
}

std::string playlist_codec(const AVCodecParameters& p) {
  if (p.codec_id == AV_CODEC_ID_AAC) return "mp4a.40.2";
  if (p.codec_id != AV_CODEC_ID_H264 || p.extradata_size < 4 || p.extradata[0] != 1) {
    throw Error(ErrorCode::bug, fmt::format("no name in a playlist for {}", avcodec_get_name(p.codec_id)));
  }
  return fmt::format("avc1.{:02x}{:02x}{:02x}", p.extradata[1], p.extradata[2], p.extradata[3]);
}

}  // namespace avstage::media
