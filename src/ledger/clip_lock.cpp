#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "base/sha256.h"
#include "ledger/ledger.h"
#include "ledger/lock_file.h"

namespace avstage::ledger {

int lock_file(const std::string& path, bool wait) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  int result = fd;
  if (fd >= 0) {
    do {
      result = ::flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
  }
  if (result >= 0) return fd;
  int why = errno;
  if (fd >= 0) ::close(fd);
  if (fd >= 0 && why == EWOULDBLOCK) return -1;
  throw Error(ErrorCode::local, fmt::format("{}: cannot lock: {}", path, std::strerror(why)), "lock");
}

std::unique_ptr<ClipLock> ClipLock::try_take(const std::string& state_dir, const std::string& realm,
                                             const std::string& clip_key) {
  std::string folder = state_dir + "/locks";
  make_directories(folder);
  int fd = lock_file(folder + "/" + sha256_hex(realm + "\n" + clip_key), false);
  if (fd < 0) return nullptr;
  return std::unique_ptr<ClipLock>(new ClipLock(fd));
}

std::unique_ptr<ClipLock> ClipLock::try_slot(const std::string& state_dir, const std::string& realm,
                                             int count) {
  for (int i = 0; i < count; ++i) {
    if (auto slot = try_take(state_dir, realm, fmt::format("slot {}", i))) return slot;
  }
  return nullptr;
}

// The file stays: were it removed, a third process could lock a new file of the same name.
ClipLock::~ClipLock() {
  ::close(fd_);
}

}  // namespace avstage::ledger
