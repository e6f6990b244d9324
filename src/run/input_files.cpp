#include "run/input_files.h"

#include <sys/stat.h>

#include "base/disk.h"

namespace avstage::run {
namespace {

std::string state_of(const std::string& path) {
  struct stat s {};
  return ::stat(path.c_str(), &s) == 0 ? file_state(s) : "";
}

}  // namespace

void InputFiles::add(const std::string& path) {
  std::lock_guard lock(mutex_);
  states_.emplace(path, state_of(path));
}

void InputFiles::require_unchanged() {
  std::lock_guard lock(mutex_);
  for (auto& [path, state] : states_) {
    const std::string now = state_of(path);
    if (now == state) continue;
    const auto hash = session_.ledger().remembered(state);
    if (now.empty() || !hash || session_.content_hash(path) != *hash) {
      throw Error(ErrorCode::input,
                  path + (now.empty() ? " was removed" : " changed") +
                      " while the job ran; it has to stay as it is until the job is done",
                  "changed");
    }
    state = now;
  }
}

}  // namespace avstage::run
