#pragma once

#include <fmt/format.h>

#include <string>

#include "avstage/error.h"

namespace avstage::run {

/// Error{proof} "FILE: WHAT": what was written is not what was planned. `name` as in --json.
[[noreturn]] inline void unproven(const std::string& file, const std::string& what,
                                  const char* name = "proof") {
  throw Error(ErrorCode::proof, fmt::format("{}: {}", file, what), name);
}

}  // namespace avstage::run
