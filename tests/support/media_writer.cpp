#include "support/media_writer.h"

#include "media/filter_graph.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/opt.h>
}

namespace avstage::test {

using media::check;

namespace {

void set_orientation(AVStream* stream, int clockwise, bool mirrored) {
  std::uint8_t* data = av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(std::int32_t));
  auto* matrix = reinterpret_cast<std::int32_t*>(data);
  av_display_rotation_set(matrix, clockwise);
  if (mirrored) matrix[0] = -matrix[0], matrix[1] = -matrix[1];  // before it is turned
}

std::string ending(const std::string& path) {
  return path.substr(path.find_last_of('.') + 1);
}

}  // namespace

MediaWriter::MediaWriter(const std::string& path, const VideoSpec& spec) : spec_(spec), path_(path) {
  check(avformat_alloc_output_context2(&format_, nullptr, nullptr, path.c_str()), "format", path);
  check(avio_open(&format_->pb, ("file:" + path).c_str(), AVIO_FLAG_WRITE), "open", path);
}

MediaWriter::~MediaWriter() {
  for (AVCodecContext*& c : encoders_) avcodec_free_context(&c);
  avio_closep(&format_->pb);
  avformat_free_context(format_);
}

AVCodecContext* MediaWriter::add_encoder(const std::string& name) {
  const AVCodec* codec = avcodec_find_encoder_by_name(name.c_str());
  if (codec == nullptr) throw Error(ErrorCode::local, "no encoder " + name);
  AVCodecContext* context = avcodec_alloc_context3(codec);
  if ((format_->oformat->flags & AVFMT_GLOBALHEADER) != 0) context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  encoders_.push_back(context);
  return context;
}

void MediaWriter::open_encoder(AVCodecContext* context, const media::Options& options) {
  AVDictionary* dictionary = nullptr;
  for (const auto& [key, value] : options) av_dict_set(&dictionary, key.c_str(), value.c_str(), 0);
  int ret = avcodec_open2(context, nullptr, &dictionary);
  av_dict_free(&dictionary);
  check(ret, avcodec_get_name(context->codec_id), path_);
  AVStream* stream = avformat_new_stream(format_, nullptr);
  check(avcodec_parameters_from_context(stream->codecpar, context), "parameters", path_);
  stream->time_base = context->time_base;
  if (context->codec_type != AVMEDIA_TYPE_VIDEO) return;
  stream->avg_frame_rate = context->framerate;
  stream->sample_aspect_ratio = context->sample_aspect_ratio;
  if (spec_.rotation != 0 || spec_.mirrored) set_orientation(stream, spec_.rotation, spec_.mirrored);
  if (spec_.pix_fmt.starts_with("yuva")) av_dict_set(&stream->metadata, "alpha_mode", "1", 0);
}

void MediaWriter::begin() {
  std::string name = format_->oformat->name;
  AVDictionary* options = nullptr;
  if (name == "mp4" || name == "mov") {
    const char* flags = spec_.index == Index::first        ? "faststart"
                        : spec_.index == Index::fragmented ? "frag_keyframe+empty_moov+default_base_moof"
                                                           : "";
    if (*flags != '\0') av_dict_set(&options, "movflags", flags, 0);
  }
  int ret = avformat_write_header(format_, &options);
  av_dict_free(&options);
  check(ret, "header", path_);
}

std::int64_t MediaWriter::delay(const AVCodecContext& context) const {
  Rational seconds = spec_.start;
  if (context.codec_type == AVMEDIA_TYPE_VIDEO) seconds = seconds + spec_.picture_delay;
  return (seconds / media::from_av(context.time_base)).round();
}

void MediaWriter::encode(AVCodecContext* context, const AVFrame* frame) {
  check(avcodec_send_frame(context, frame), "encoding", path_);
  media::PacketPtr packet = media::make_packet();
  while (avcodec_receive_packet(context, packet.get()) >= 0) {
    std::size_t index = 0;
    while (encoders_[index] != context) ++index;
    packet->stream_index = static_cast<int>(index);
    packet->pts += delay(*context);
    packet->dts += delay(*context);
    if (packet->duration == 0 && context->codec_type == AVMEDIA_TYPE_VIDEO) packet->duration = 1;
    av_packet_rescale_ts(packet.get(), context->time_base, format_->streams[index]->time_base);
    check(av_interleaved_write_frame(format_, packet.get()), "writing", path_);
  }
}

void MediaWriter::finish() {
  for (AVCodecContext* c : encoders_) encode(c, nullptr);
  check(av_write_trailer(format_), "trailer", path_);
}

void write_image(const std::string& path, const AVFrame& rgba, bool alpha) {
  bool jpeg = ending(path) == "jpg" || ending(path) == "jpeg";
  const char* name = jpeg ? "mjpeg" : ending(path) == "webp" ? "libwebp" : "png";
  const char* format = jpeg ? "yuvj420p" : ending(path) == "webp" ? "yuva420p" : alpha ? "rgba" : "rgb24";
  if (rgba.format == AV_PIX_FMT_GRAY8) format = "gray";
  if (rgba.format == AV_PIX_FMT_RGBA64BE && !jpeg) format = "rgba64be";
  media::FilterGraph graph(1);
  auto source = graph.add_video_source(rgba, Rational(1, 25), Rational(25));
  int sink = graph.add_video_sink(source, {format});
  graph.configure();
  graph.push(source, &rgba);
  graph.push(source, nullptr);
  media::FramePtr frame = graph.pull(sink);
  AVCodecContext* context = avcodec_alloc_context3(avcodec_find_encoder_by_name(name));
  auto free_context = [](AVCodecContext* c) { avcodec_free_context(&c); };
  std::unique_ptr<AVCodecContext, decltype(free_context)> guard(context, free_context);
  context->width = frame->width;
  context->height = frame->height;
  context->pix_fmt = static_cast<AVPixelFormat>(frame->format);
  context->color_range = jpeg ? AVCOL_RANGE_JPEG : AVCOL_RANGE_UNSPECIFIED;
  context->time_base = {1, 25};
  context->thread_count = 1;
  if (jpeg) context->flags |= AV_CODEC_FLAG_QSCALE;
  if (jpeg) context->global_quality = 2 * FF_QP2LAMBDA;
  check(avcodec_open2(context, nullptr, nullptr), name, path);
  frame->quality = context->global_quality;
  frame->pts = 0;
  check(avcodec_send_frame(context, frame.get()), name, path);
  check(avcodec_send_frame(context, nullptr), name, path);
  media::PacketPtr packet = media::make_packet();
  check(avcodec_receive_packet(context, packet.get()), name, path);
  write_bytes(
      path, std::string(reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size)));
}

}  // namespace avstage::test
