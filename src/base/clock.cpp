#include "base/clock.h"

#include <condition_variable>
#include <mutex>

namespace avstage {

std::chrono::steady_clock::time_point Clock::now() const {
  return std::chrono::steady_clock::now();
}

std::int64_t Clock::unix_seconds() const {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

bool Clock::sleep(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  return !wake.wait_for(lock, stop, duration, [&] { return stop.stop_requested(); });
}

Clock& system_clock() {
  static Clock clock;
  return clock;
}

}  // namespace avstage
