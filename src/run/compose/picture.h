#pragma once

#include <string>
#include <utility>
#include <vector>

#include "avstage/job.h"
#include "filters/native/picture.h"
#include "media/filter_graph.h"

/// Small picture operations on libav frames that the compositor needs and libavfilter has no exact word for.
namespace avstage::run {

/// One RGBA frame of one colour.
media::FramePtr solid_rgba(int width, int height, const Color& color);

/// Writes into the tags what an untagged source picture is taken for: BT.601 below 720 lines, else BT.709;
/// limited range, but full for RGB and for a grey still; chroma left of the pixel pair, in a still between
/// the two. Done once, before anything changes the size. Error{input} for a matrix that cannot be converted.
void settle_color(AVFrame& frame, bool still, const std::string& name);

/// Why `frame` cannot look as meant in BT.709, in a few words; "" when it can.
std::string color_warning(const AVFrame& frame);

/// Options of a `scale` filter that turns `like` into BT.709 limited of the given size and pixels, chroma
/// sited left.
media::Options scale_options(const AVFrame& like, int width, int height,
                             const std::string& pix_fmt = "yuv420p");

/// The filters from `like` to the canvas' colour and the given size. What is YUV of another matrix goes
/// through RGB in the open: libswscale's own way through RGB forgets where the chroma lies.
using Steps = std::vector<std::pair<std::string, media::Options>>;
Steps canvas_steps(const AVFrame& like, int width, int height);

/// A filter that brings `like` to `pix_fmt` and size, its matrix and range kept.
Steps same_color_steps(const AVFrame& like, int width, int height, const std::string& pix_fmt);

/// The 4:4:4 format of the same kind and depth; RGB stays what it is.
std::string full_chroma_format(const AVFrame& like);
/// The format to bring a picture into before filters that take its alpha apart; "": they take it as it is.
std::string filterable_format(const AVFrame& like);

/// True when `frame` already is what canvas_steps() would make.
bool is_canvas_picture(const AVFrame& frame, int width, int height);

/// Sends one frame through scale and format; for stills.
media::FramePtr convert_once(const AVFrame& frame, int width, int height, const std::string& pix_fmt);

/// Multiplies the alpha plane of a yuva420p frame, which must be writable, by `factor` 0–1.
void scale_alpha(AVFrame& frame, double factor);

/// "bt709", "smpte170m", "gbr" … of a frame, with the same guess for untagged ones.
std::string matrix_of(const AVFrame& frame);
bool is_full_range(const AVFrame& frame);
bool has_alpha(const AVFrame& frame);

/// The pixels of an 8-bit YUV frame, 4:2:0 or 4:4:4, for native work. They stay the frame's.
filters::native::Picture native_picture(const AVFrame& frame);

}  // namespace avstage::run
