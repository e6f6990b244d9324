#pragma once

#include <string>
#include <vector>

#include "heygen/answer.h"

namespace avstage::heygen {

/// A body in the form of v2, said in v3.
struct Translation {
  Json body;
  std::vector<std::string> lost;  ///< what v3 cannot keep, "video_inputs[0].text" …
  std::string impossible;         ///< why there is no `body`; "" where there is one
};

/// Only one scene of an avatar that speaks or is given its sound can be said in v3. Never throws on a shape
/// that is wrong: that is then impossible.
Translation translate_to_v3(const Json& v2_body);

}  // namespace avstage::heygen
