#pragma once

#include <stop_token>
#include <string>

#include "avstage/error.h"

namespace avstage {

/// Error{interrupted} "stopped", or "NAME: stopped". Any thread.
[[noreturn]] inline void throw_stopped(const std::string& name = "") {
  throw Error(ErrorCode::interrupted, name.empty() ? "stopped" : name + ": stopped", "interrupted");
}

/// The same when a stop was asked for.
inline void require_going(const std::stop_token& stop, const std::string& name = "") {
  if (stop.stop_requested()) throw_stopped(name);
}

}  // namespace avstage
