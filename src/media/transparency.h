#pragma once

#include "media/demuxer.h"

namespace avstage::media {

/// What a picture's alpha amounts to.
enum class Transparency {
  none,       ///< the medium has no alpha
  opaque,     ///< it has, but every frame is all there
  invisible,  ///< no frame shows anything
  usable      ///< something is seen, and something seen through
};

/// Decodes until a frame shows what a figure before nothing shows: mostly that is the first one. The demuxer
/// must be at its start. Error{input} for what cannot be decoded.
Transparency transparency_of(Demuxer demuxer);

}  // namespace avstage::media
