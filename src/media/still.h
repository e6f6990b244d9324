#pragma once

#include <span>
#include <string>

#include "media/av.h"

namespace avstage::media {

/// One picture as the bytes of a PNG, or of a JPEG with `codec` "mjpeg". Error{local} without that encoder.
std::string still_bytes(const AVFrame& frame, const std::string& codec = "png");

/// An endless GIF of frames of one size, at `fps`, in 256 fixed colours. Error{local}.
void write_gif(const std::string& path, std::span<const FramePtr> frames, Rational fps);

}  // namespace avstage::media
