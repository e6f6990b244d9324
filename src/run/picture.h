#pragma once

#include "avstage/job.h"
#include "media/filter_graph.h"

/// Small picture operations on libav frames that the compositor needs and libavfilter has no exact word for.
namespace avstage::run {

/// Scaler flags that give the same bytes on every machine.
inline constexpr const char* kScalerFlags = "bicubic+accurate_rnd+full_chroma_int+bitexact";

/// One RGBA frame of one colour.
media::FramePtr solid_rgba(int width, int height, const Color& color);

/// Options of a `scale` filter that turns `like` (matrix and range from its tags; untagged: BT.601 below 720
/// lines, else BT.709) into BT.709 limited of the given size.
media::Options scale_options(const AVFrame& like, int width, int height);

/// True when `frame` already is what scale_options() would make.
bool is_canvas_picture(const AVFrame& frame, int width, int height);

/// Sends one frame through scale and format; for stills.
media::FramePtr convert_once(const AVFrame& frame, int width, int height, const std::string& pix_fmt);

/// Multiplies the alpha plane of a yuva420p frame, which must be writable, by `factor` 0–1.
void scale_alpha(AVFrame& frame, double factor);

/// "bt709", "smpte170m" … of a frame, with the same guess for untagged ones.
std::string matrix_of(const AVFrame& frame);
bool is_full_range(const AVFrame& frame);
bool has_alpha(const AVFrame& frame);

}  // namespace avstage::run
