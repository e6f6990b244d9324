#include "run/picture.h"

#include <cmath>

namespace avstage::run {
namespace {

constexpr int kHdLines = 720;

const AVPixFmtDescriptor& descriptor(const AVFrame& frame) {
  return *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
}

bool is_rgb(const AVFrame& frame) { return descriptor(frame).flags & AV_PIX_FMT_FLAG_RGB; }

}  // namespace

media::FramePtr solid_rgba(int width, int height, const Color& color) {
  media::FramePtr frame = media::make_frame();
  frame->width = width;
  frame->height = height;
  frame->format = AV_PIX_FMT_RGBA;
  frame->sample_aspect_ratio = {1, 1};
  media::check(av_frame_get_buffer(frame.get(), 0), "cannot allocate", "picture", ErrorCode::local);
  for (int y = 0; y < height; ++y) {
    std::uint8_t* p = frame->data[0] + std::ptrdiff_t(y) * frame->linesize[0];
    for (int x = 0; x < width; ++x, p += 4) p[0] = color.r, p[1] = color.g, p[2] = color.b, p[3] = color.a;
  }
  return frame;
}

std::string matrix_of(const AVFrame& frame) {
  switch (frame.colorspace) {
    case AVCOL_SPC_UNSPECIFIED:
    case AVCOL_SPC_RESERVED:
    case AVCOL_SPC_RGB:
      return frame.height < kHdLines ? "smpte170m" : "bt709";
    default: {
      const char* name = av_color_space_name(frame.colorspace);
      return name ? name : "bt709";
    }
  }
}

bool is_full_range(const AVFrame& frame) {
  if (frame.color_range != AVCOL_RANGE_UNSPECIFIED) return frame.color_range == AVCOL_RANGE_JPEG;
  switch (frame.format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
      return true;
    default:
      return false;
  }
}

bool has_alpha(const AVFrame& frame) { return descriptor(frame).flags & AV_PIX_FMT_FLAG_ALPHA; }

media::Options scale_options(const AVFrame& like, int width, int height) {
  media::Options options{{"w", std::to_string(width)},
                         {"h", std::to_string(height)},
                         {"flags", kScalerFlags},
                         {"out_color_matrix", "bt709"},
                         {"out_range", "tv"}};
  if (!is_rgb(like)) {
    options.emplace_back("in_color_matrix", matrix_of(like));
    options.emplace_back("in_range", is_full_range(like) ? "pc" : "tv");
  }
  return options;
}

bool is_canvas_picture(const AVFrame& frame, int width, int height) {
  return frame.width == width && frame.height == height &&
         (frame.format == AV_PIX_FMT_YUV420P || frame.format == AV_PIX_FMT_YUVA420P) &&
         matrix_of(frame) == "bt709" && !is_full_range(frame);
}

media::FramePtr convert_once(const AVFrame& frame, int width, int height, const std::string& pix_fmt) {
  media::FilterGraph graph(1);
  auto source = graph.add_video_source(frame, Rational(1, 25), Rational(25));
  auto scaled = graph.add("scale", scale_options(frame, width, height), source);
  int sink = graph.add_video_sink(scaled, {pix_fmt});
  graph.configure();
  media::FramePtr input = media::ref_frame(frame);
  input->pts = 0;
  graph.push(source, input.get());
  media::FramePtr out = graph.pull(sink);
  if (!out) throw Error(ErrorCode::bug, "a still picture did not come out of its filters");
  return out;
}

void scale_alpha(AVFrame& frame, double factor) {
  const int scale = static_cast<int>(std::lround(factor * 256));
  for (int y = 0; y < frame.height; ++y) {
    std::uint8_t* p = frame.data[3] + std::ptrdiff_t(y) * frame.linesize[3];
    for (int x = 0; x < frame.width; ++x) p[x] = static_cast<std::uint8_t>((p[x] * scale + 128) >> 8);
  }
}

}  // namespace avstage::run
