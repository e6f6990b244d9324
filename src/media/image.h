#pragma once

#include <string>

#include "media/av.h"

namespace avstage::media {

/// Decodes one still picture (PNG, JPEG, WebP, BMP, TIFF) as it is stored: own pixel format, not rotated.
/// Error{input} when it is none, is damaged, or is larger than 16384 a side or 100 Mpixel.
FramePtr read_image(const std::string& path);

}  // namespace avstage::media
