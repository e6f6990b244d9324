#include "media/decoder.h"

#include <fmt/format.h>

#include "media/allow_lists.h"
#include "media/facts.h"

namespace avstage::media {
namespace {

const AVCodec* choose_decoder(const AVStream& stream, const std::string& name) {
  AVCodecID codec = stream.codecpar->codec_id;
  const AVCodec* decoder =
      has_side_alpha(stream)
          ? avcodec_find_decoder_by_name(codec == AV_CODEC_ID_VP9 ? "libvpx-vp9" : "libvpx")
          : avcodec_find_decoder(codec);
  if (decoder == nullptr) {
    throw Error(ErrorCode::input,
                fmt::format("{}: this libavcodec has no decoder for {}{}", name, avcodec_get_name(codec),
                            has_side_alpha(stream) ? " that keeps its transparency (libvpx)" : ""));
  }
  return decoder;
}

// With frame threads libav does not even mark the frames of a damaged H.264 or HEVC stream, so there every
// fault must be an error. The other decoders mark what they concealed.
int error_recognition(AVCodecID codec) {
  bool strict = codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_PNG;
  return AV_EF_CRCCHECK | (strict ? AV_EF_EXPLODE : 0);
}

}  // namespace

Decoder::Decoder(const AVStream& stream, const std::string& name, int threads) : name_(name) {
  init_logging();
  const AVCodec* decoder = choose_decoder(stream, name);
  auto free_context = [](AVCodecContext* c) { avcodec_free_context(&c); };
  std::unique_ptr<AVCodecContext, decltype(free_context)> context(avcodec_alloc_context3(decoder),
                                                                  free_context);
  if (!context) throw std::bad_alloc();
  check(avcodec_parameters_to_context(context.get(), stream.codecpar), "codec parameters", name);
  context->pkt_timebase = stream.time_base;
  context->thread_count = threads;
  context->max_pixels = kMaxPixels;
  context->err_recognition = error_recognition(stream.codecpar->codec_id);
  AVDictionary* options = nullptr;
  av_dict_set(&options, "codec_whitelist", kAllowedCodecs, 0);
  int ret = avcodec_open2(context.get(), decoder, &options);
  av_dict_free(&options);
  check(ret, fmt::format("decoder {} cannot be opened", decoder->name), name);
  context_ = context.release();
}

Decoder::~Decoder() {
  avcodec_free_context(&context_);
}

Decoder::Decoder(Decoder&& other) noexcept {
  *this = std::move(other);
}

Decoder& Decoder::operator=(Decoder&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(name_, other.name_);
  std::swap(drained_, other.drained_);
  return *this;
}

void Decoder::pass_over(bool yes) {
  context_->skip_frame = yes ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
  context_->skip_loop_filter = yes ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
}

void Decoder::send(const AVPacket* packet) {
  check(avcodec_send_packet(context_, packet), "damaged data", name_);
}

FramePtr Decoder::receive() {
  FramePtr frame = make_frame();
  int ret = avcodec_receive_frame(context_, frame.get());
  if (ret == AVERROR_EOF) drained_ = true;
  if (ret == AVERROR_EOF || ret == AVERROR(EAGAIN)) return nullptr;
  check(ret, "damaged data", name_);
  if (frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0) {
    throw Error(ErrorCode::input, fmt::format("{}: damaged data: a frame could not be decoded whole", name_),
                "corrupt");
  }
  forget_unknown_colors(*frame);
  frame->pts = frame->best_effort_timestamp;
  return frame;
}

void Decoder::flush() {
  avcodec_flush_buffers(context_);
  drained_ = false;
}

}  // namespace avstage::media
