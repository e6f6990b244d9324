#include "base/crash_point.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>

namespace avstage {
namespace {

/// What AVSTAGE_CRASH_AT asked for.
struct Wish {
  Wish() {
    const char* value = std::getenv("AVSTAGE_CRASH_AT");
    if (value == nullptr || *value == 0) return;
    name = value;
    std::size_t colon = name.find(':');
    left = colon == std::string::npos ? 1 : std::atoi(name.c_str() + colon + 1);
    name.resize(std::min(colon, name.size()));
    given = true;
  }
  bool given = false;
  std::string name;
  std::atomic<int> left = 0;
};

void pass(Wish& wish, std::string_view name) {
  if (wish.name == "list") {
    const std::string line = "crash point " + std::string(name) + "\n";
    [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  } else if (wish.name == name && --wish.left == 0) {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }
}

}  // namespace

void crash_point(const char* name) noexcept {
  static Wish wish;
  if (wish.given) pass(wish, name);
}

}  // namespace avstage
