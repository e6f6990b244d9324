#pragma once

#include "avstage/job.h"

namespace avstage::heygen {

/// What a clip will be heard to say, as far as its words tell before it exists.
struct Speech {
  double seconds = 0;  ///< of words (15 characters a second at normal speed) and of silence
  bool at_least =
      false;  ///< a part of it, such as a sound file or a template, has no length that can be guessed
  bool spoken = false;  ///< words or a recording are asked for; false for a template or a given video
};
/// Of neutral words and of the vendor's own body.
Speech guess_speech(const AvatarRef& clip);

}  // namespace avstage::heygen
