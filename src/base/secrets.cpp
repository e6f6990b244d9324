#include "base/secrets.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "base/log.h"

namespace avstage::secrets {
namespace {

struct Kept {
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> values;
};

Kept& kept() {
  static Kept* k = new Kept;  // never destroyed: other threads may ask until the very end
  return *k;
}

}  // namespace

std::optional<std::string> take_from_environment(const char* name) {
  Kept& k = kept();
  std::lock_guard lock(k.mutex);
  char* given = std::getenv(name);
  if (given == nullptr) {
    k.values.erase(name);
    return std::nullopt;
  }
  std::string& value = k.values[name];
  if (*given != '\0') {
    close_memory();
    value = given;
    ::explicit_bzero(given, std::strlen(given));
    while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
    log::add_secret(value);
  }
  return value.empty() ? std::nullopt : std::optional(value);
}

void close_memory() noexcept {
  ::prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

}  // namespace avstage::secrets
