#include "run/compose/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "filters/nodes.h"

namespace avstage::run {
namespace {

constexpr int kHdLines = 720;

const AVPixFmtDescriptor& descriptor(const AVFrame& frame) {
  return *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
}

bool is_rgb(const AVFrame& frame) {
  return descriptor(frame).flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL);
}

/// The matrices libswscale has tables for; any other would silently be taken for BT.601.
bool convertible(const std::string& matrix) {
  constexpr std::array known = {"bt709", "bt470bg", "smpte170m", "bt2020nc", "smpte240m", "fcc"};
  return std::find(known.begin(), known.end(), matrix) != known.end();
}

/// Where the first chroma sample lies, in 1/256 of a pixel right of and below the first luma sample.
std::pair<int, int> chroma_position(AVChromaLocation location) {
  switch (location) {
    case AVCHROMA_LOC_CENTER:
      return {128, 128};
    case AVCHROMA_LOC_TOPLEFT:
      return {0, 0};
    case AVCHROMA_LOC_TOP:
      return {128, 0};
    case AVCHROMA_LOC_BOTTOMLEFT:
      return {0, 256};
    case AVCHROMA_LOC_BOTTOM:
      return {128, 256};
    default:
      return {0, 128};
  }
}

/// The scaler's half that describes what comes in.
media::Options input_options(const AVFrame& like, int width, int height) {
  media::Options options{{"w", std::to_string(width)}, {"h", std::to_string(height)}};
  if (is_rgb(like)) {
    options.emplace_back("flags", fmt::format("{}+full_chroma_inp", filters::kScalerFlags));
    return options;
  }
  options.emplace_back("flags", filters::kScalerFlags);
  options.emplace_back("in_color_matrix", matrix_of(like));
  options.emplace_back("in_range", is_full_range(like) ? "pc" : "tv");
  auto [x, y] = chroma_position(like.chroma_location);
  // A direction in which chroma is whole has no position: libswscale would shift it.
  if (descriptor(like).log2_chroma_w > 0) options.emplace_back("in_h_chr_pos", std::to_string(x));
  if (descriptor(like).log2_chroma_h > 0) options.emplace_back("in_v_chr_pos", std::to_string(y));
  return options;
}

bool lies_left(const AVFrame& frame) {
  return frame.chroma_location == AVCHROMA_LOC_LEFT || frame.chroma_location == AVCHROMA_LOC_UNSPECIFIED;
}

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
  if (is_rgb(frame)) return "gbr";
  if (frame.colorspace == AVCOL_SPC_UNSPECIFIED || frame.colorspace == AVCOL_SPC_RESERVED ||
      frame.colorspace == AVCOL_SPC_RGB) {
    return frame.height < kHdLines ? "smpte170m" : "bt709";
  }
  const char* name = av_color_space_name(frame.colorspace);
  return name ? name : "unknown";
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

bool has_alpha(const AVFrame& frame) {
  return descriptor(frame).flags & AV_PIX_FMT_FLAG_ALPHA;
}

filters::native::Picture native_picture(const AVFrame& frame) {
  filters::native::Picture picture;
  for (int i = 0; i < 4; ++i) {
    picture.data[i] = frame.data[i];
    picture.stride[i] = frame.linesize[i];
  }
  picture.width = frame.width;
  picture.height = frame.height;
  picture.subsampled = descriptor(frame).log2_chroma_w > 0;
  return picture;
}

void settle_color(AVFrame& frame, bool still, const std::string& name) {
  const bool gray = descriptor(frame).nb_components <= 2;
  if (frame.color_range == AVCOL_RANGE_UNSPECIFIED) {
    bool full = is_full_range(frame) || is_rgb(frame) || (still && gray);
    frame.color_range = full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  }
  if (frame.chroma_location == AVCHROMA_LOC_UNSPECIFIED) {
    frame.chroma_location = still ? AVCHROMA_LOC_CENTER : AVCHROMA_LOC_LEFT;
  }
  if (is_rgb(frame)) return;
  const std::string matrix = matrix_of(frame);
  if (!convertible(matrix)) {
    throw Error(ErrorCode::input,
                fmt::format("{}: its colour matrix is {}; allowed are bt709, bt470bg, smpte170m, bt2020nc, "
                            "smpte240m, fcc and RGB",
                            name, matrix),
                "color_matrix");
  }
  frame.colorspace = static_cast<AVColorSpace>(av_color_space_from_name(matrix.c_str()));
}

std::string color_warning(const AVFrame& frame) {
  const bool hdr = frame.color_trc == AVCOL_TRC_SMPTE2084 || frame.color_trc == AVCOL_TRC_ARIB_STD_B67;
  const bool wide = frame.color_primaries == AVCOL_PRI_BT2020;
  if (!hdr && !wide) return "";
  return fmt::format(
      "the picture is {}: its YUV matrix and range are converted to BT.709, its {} not, so it will look {}",
      hdr ? "HDR" : "BT.2020",
      hdr ? fmt::format("transfer curve ({}) and primaries are", av_color_transfer_name(frame.color_trc))
          : "primaries are",
      hdr ? "flat and pale" : "a little pale");
}

media::Options scale_options(const AVFrame& like, int width, int height, const std::string& pix_fmt) {
  media::Options options = input_options(like, width, height);
  options.emplace_back("out_color_matrix", "bt709");
  options.emplace_back("out_range", "tv");
  options.emplace_back("out_h_chr_pos", "0");
  if (av_pix_fmt_desc_get(av_get_pix_fmt(pix_fmt.c_str()))->log2_chroma_h > 0)
    options.emplace_back("out_v_chr_pos", "128");
  return options;
}

std::string filterable_format(const AVFrame& like) {
  constexpr std::array as_they_are = {AV_PIX_FMT_YUVA420P, AV_PIX_FMT_YUVA422P, AV_PIX_FMT_YUVA444P,
                                      AV_PIX_FMT_RGBA,     AV_PIX_FMT_BGRA,     AV_PIX_FMT_ARGB,
                                      AV_PIX_FMT_ABGR,     AV_PIX_FMT_GBRAP};
  if (!has_alpha(like) || std::find(as_they_are.begin(), as_they_are.end(), like.format) != as_they_are.end())
    return "";
  return is_rgb(like) ? "rgba" : "yuva444p";
}

std::string full_chroma_format(const AVFrame& like) {
  const AVPixFmtDescriptor& d = descriptor(like);
  if (d.flags & AV_PIX_FMT_FLAG_RGB) return av_get_pix_fmt_name(static_cast<AVPixelFormat>(like.format));
  return fmt::format("yuv{}444p{}", has_alpha(like) ? "a" : "", d.comp[0].depth > 8 ? "10" : "");
}

Steps same_color_steps(const AVFrame& like, int width, int height, const std::string& pix_fmt) {
  media::Options options = input_options(like, width, height);
  if (!is_rgb(like)) options.emplace_back("out_range", is_full_range(like) ? "pc" : "tv");
  return {{"scale", options}, {"format", {{"pix_fmts", pix_fmt}}}};
}

Steps canvas_steps(const AVFrame& like, int width, int height) {
  const std::string matrix = matrix_of(like);
  if (descriptor(like).flags &
      AV_PIX_FMT_FLAG_PAL) {  // of which libswscale makes BT.601, whatever is asked for
    return {{"scale", {{"flags", filters::kScalerFlags}}},
            {"format", {{"pix_fmts", "rgba"}}},
            {"scale", scale_options(like, width, height)}};
  }
  const AVPixFmtDescriptor& d = descriptor(like);
  const bool same_size = like.width == width && like.height == height;
  if (matrix == "bt709" && same_size && d.log2_chroma_w == 1 && d.log2_chroma_h == 1 && !lies_left(like)) {
    // Between equal sizes and samplings libswscale moves no chroma, whatever it is told of its place.
    Steps steps = same_color_steps(like, width, height, full_chroma_format(like));
    steps.push_back({"scale",
                     {{"flags", filters::kScalerFlags},
                      {"in_color_matrix", "bt709"},
                      {"out_color_matrix", "bt709"},
                      {"in_range", is_full_range(like) ? "pc" : "tv"},
                      {"out_range", "tv"},
                      {"out_h_chr_pos", "0"},
                      {"out_v_chr_pos", "128"}}});
    return steps;
  }
  if (matrix == "bt709" || matrix == "gbr") return {{"scale", scale_options(like, width, height)}};
  const bool deep = descriptor(like).comp[0].depth > 8;
  const std::string rgb = fmt::format("gbr{}p{}", has_alpha(like) ? "a" : "", deep ? "12" : "");
  return {{"scale", input_options(like, width, height)},
          {"format", {{"pix_fmts", rgb}}},
          {"scale",
           {{"flags", fmt::format("{}+full_chroma_inp", filters::kScalerFlags)},
            {"out_color_matrix", "bt709"},
            {"out_range", "tv"},
            {"out_h_chr_pos", "0"},
            {"out_v_chr_pos", "128"}}}};
}

bool is_canvas_picture(const AVFrame& frame, int width, int height) {
  return frame.width == width && frame.height == height &&
         (frame.format == AV_PIX_FMT_YUV420P || frame.format == AV_PIX_FMT_YUVA420P) &&
         matrix_of(frame) == "bt709" && !is_full_range(frame) && lies_left(frame);
}

media::FramePtr convert_once(const AVFrame& frame, int width, int height, const std::string& pix_fmt) {
  media::FilterGraph graph(1);
  const auto source = graph.add_video_source(frame, Rational(1, 25), Rational(25));
  auto last = source;
  for (const auto& [filter, options] : canvas_steps(frame, width, height))
    last = graph.add(filter, options, last);
  int sink = graph.add_video_sink(last, {pix_fmt});
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
