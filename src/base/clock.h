#pragma once

#include <chrono>
#include <stop_token>

namespace avstage {

/// Time as the program sees it, so that tests can turn it. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// For deadlines and back-off: never jumps.
  virtual std::chrono::steady_clock::time_point now() const;
  /// Seconds since 1970, for records and for the age of an idempotency key.
  virtual std::int64_t unix_seconds() const;
  /// Returns early, and false, when `stop` is requested.
  virtual bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop);
};

Clock& system_clock();

}  // namespace avstage
