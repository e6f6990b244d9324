#pragma once

#include <string>

#include "avstage/job.h"
#include "media/av.h"

namespace avstage::media {

/// The font used where a job names none. Error{local} with the package to install when it is not there.
std::string default_font();

/// Draws `text` literally and returns an RGBA frame (straight alpha) cropped to the ink, or to the ink plus
/// padding where there is a box. Transparent pixels have the text's own colour (or the box'), so that scaling
/// and blending make no dark fringes. The canvas' size is what per cents are of. Error{usage} when the font
/// cannot be read, the text is not UTF-8, holds control characters or nothing visible, or gets too large.
FramePtr render_text(const TextRef& text, int canvas_width, int canvas_height,
                     const std::string& default_font);

}  // namespace avstage::media
