#include "base/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "avstage/error.h"

namespace avstage {

void require_room(const std::string& path, std::uint64_t bytes) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0 || disk.f_blocks == 0) return;
  const std::uint64_t available = std::uint64_t(disk.f_bavail) * disk.f_frsize;
  if (available >= bytes) return;
  throw Error(ErrorCode::local,
              fmt::format("{}: no room for {} bytes: {} are free on that disk, {} are missing", path, bytes,
                          available, bytes - available),
              "no_space");
}

bool on_one_mount(const std::string& folder, const std::string& other) {
  struct statx a {
  }, b{};
  if (::statx(AT_FDCWD, folder.c_str(), 0, STATX_MNT_ID, &a) != 0) return false;
  if (::statx(AT_FDCWD, other.c_str(), 0, STATX_MNT_ID, &b) != 0) return false;
  // An old kernel knows no mounts: their number is 0 for both.
  return a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor &&
         a.stx_mnt_id == b.stx_mnt_id;
}

}  // namespace avstage
