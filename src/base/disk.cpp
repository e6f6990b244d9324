#include "base/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>

#include "avstage/error.h"

namespace avstage {

std::string file_state(const struct stat& s) {
  return fmt::format("{}:{}:{}:{}.{}:{}.{}", s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec,
                     s.st_mtim.tv_nsec, s.st_ctim.tv_sec, s.st_ctim.tv_nsec);
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string nearest_existing(const std::string& path) {
  std::error_code ec;
  std::filesystem::path there = std::filesystem::absolute(path, ec);
  while (!std::filesystem::exists(there, ec) && there.has_relative_path()) there = there.parent_path();
  return there.string();
}

std::optional<std::uint64_t> free_bytes(const std::string& path) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0 || disk.f_blocks == 0) return std::nullopt;
  return std::uint64_t(disk.f_bavail) * disk.f_frsize;
}

void require_room(const std::string& path, std::uint64_t bytes) {
  const std::optional<std::uint64_t> available = free_bytes(path);
  if (!available || *available >= bytes) return;
  throw Error(ErrorCode::local,
              fmt::format("{}: no room for {} bytes: {} are free on that disk, {} are missing", path, bytes,
                          *available, bytes - *available),
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
