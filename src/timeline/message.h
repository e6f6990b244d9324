#pragma once

#include <string>
#include <string_view>

#include "avstage/job.h"

namespace avstage {

/// Throws Error{usage}: "place: found …; allowed: …; did you mean "…"?". `name` is the machine word.
[[noreturn]] void fail(const Mark& mark, std::string_view name, const std::string& found,
                       const std::string& allowed, const std::string& did_you_mean = "");

}  // namespace avstage
