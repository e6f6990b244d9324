#pragma once

#include "avstage/job.h"

namespace avstage::heygen {

/// How long a clip will be, guessed from the length of its words before it exists.
struct Speech {
  double seconds = 0;
  bool at_least = false;  ///< a part of it, such as a sound file, has no length that can be guessed
};
/// Counts 15 characters a second at normal speed, in neutral words and in the vendor's own body.
Speech guess_speech(const AvatarRef& clip);

}  // namespace avstage::heygen
