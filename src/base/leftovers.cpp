#include "base/leftovers.h"

#include <signal.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>

namespace avstage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".part";

/// The process in "name.PID.part"; 0 when it is no such name.
int writer_of(std::string_view name) {
  if (!name.ends_with(kEnding)) return 0;
  name.remove_suffix(kEnding.size());
  std::string_view digits = name.substr(name.find_last_of('.') + 1);
  int pid = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  return error == std::errc() && end == digits.data() + digits.size() && pid > 0 ? pid : 0;
}

}  // namespace

bool is_leftover(const std::string& name) {
  const int pid = writer_of(name);
  return pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
}

void remove_leftovers(const std::string& dir, const std::string& prefix) {
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(dir, ec)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && is_leftover(name)) fs::remove_all(entry.path(), ec);
  }
}

}  // namespace avstage
