#include "media/still.h"

#include <fmt/format.h>

#include "media/filter_graph.h"
#include "media/muxer.h"

namespace avstage::media {
namespace {

/// In full range RGB or YCbCr, as stills have it.
FramePtr as_still(const AVFrame& frame, const std::string& pix_fmt) {
  FilterGraph graph(1);
  const auto source = graph.add_video_source(frame, Rational(1, 25), Rational(25));
  const auto scaled =
      graph.add("scale", {{"out_range", "pc"}, {"flags", "bicubic+accurate_rnd+full_chroma_int"}}, source);
  const int sink = graph.add_video_sink(scaled, {pix_fmt});
  graph.configure();
  FramePtr input = ref_frame(frame);
  input->pts = 0;
  graph.push(source, input.get());
  FramePtr out = graph.pull(sink);
  if (!out) throw Error(ErrorCode::bug, "a still picture did not come out of the scaler");
  return out;
}

CodecContextPtr open_encoder(const std::string& codec, const AVFrame& like, Rational fps) {
  const AVCodec* encoder = avcodec_find_encoder_by_name(codec.c_str());
  if (encoder == nullptr) {
    throw Error(ErrorCode::local, fmt::format("this libavcodec is built without the encoder {}", codec));
  }
  CodecContextPtr context(avcodec_alloc_context3(encoder));
  if (!context) throw std::bad_alloc();
  context->width = like.width;
  context->height = like.height;
  context->pix_fmt = static_cast<AVPixelFormat>(like.format);
  context->color_range = AVCOL_RANGE_JPEG;
  context->framerate = to_av(fps);
  context->time_base = av_inv_q(context->framerate);
  context->thread_count = 1;
  if (codec == "mjpeg") {
    context->flags |= AV_CODEC_FLAG_QSCALE;
    context->global_quality = 3 * FF_QP2LAMBDA;
  }
  check(avcodec_open2(context.get(), encoder, nullptr), "cannot be opened", codec, ErrorCode::local);
  return context;
}

PacketPtr next_packet(AVCodecContext& context) {
  PacketPtr packet = make_packet();
  const int ret = avcodec_receive_packet(&context, packet.get());
  if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF) return nullptr;
  check(ret, "encoding", context.codec->name, ErrorCode::local);
  return packet;
}

}  // namespace

std::string still_bytes(const AVFrame& frame, const std::string& codec) {
  init_logging();
  FramePtr still = as_still(frame, codec == "mjpeg" ? "yuvj420p" : "rgb24");
  if (codec == "mjpeg") still->quality = 3 * FF_QP2LAMBDA;
  CodecContextPtr context = open_encoder(codec, *still, Rational(25));
  check(avcodec_send_frame(context.get(), still.get()), "encoding", codec, ErrorCode::local);
  check(avcodec_send_frame(context.get(), nullptr), "encoding", codec, ErrorCode::local);
  PacketPtr packet = next_packet(*context);
  if (!packet) throw Error(ErrorCode::bug, codec + ": a still picture did not come out of the encoder");
  return {reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size)};
}

void write_gif(const std::string& path, std::span<const FramePtr> frames, Rational fps) {
  init_logging();
  std::vector<FramePtr> stills;
  for (const FramePtr& frame : frames) stills.push_back(as_still(*frame, "rgb8"));
  if (stills.empty()) throw Error(ErrorCode::bug, path + ": a GIF of no frame");
  CodecContextPtr context = open_encoder("gif", *stills.front(), fps);
  CodecParametersPtr parameters(avcodec_parameters_alloc());
  check(avcodec_parameters_from_context(parameters.get(), context.get()), "parameters", "gif",
        ErrorCode::local);
  Muxer muxer(path, "gif");
  muxer.add_stream(*parameters, from_av(context->time_base), fps);
  muxer.write_header();
  auto drain = [&] {
    while (PacketPtr packet = next_packet(*context)) muxer.write(*packet, 0, from_av(context->time_base));
  };
  for (std::size_t i = 0; i < stills.size(); ++i) {
    stills[i]->pts = static_cast<std::int64_t>(i);
    check(avcodec_send_frame(context.get(), stills[i].get()), "encoding", "gif", ErrorCode::local);
    drain();
  }
  check(avcodec_send_frame(context.get(), nullptr), "encoding", "gif", ErrorCode::local);
  drain();
  muxer.finish();
}

}  // namespace avstage::media
