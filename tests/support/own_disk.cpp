#include "support/own_disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace avstage::test {
namespace {

void expect_done(int result, const char* what) {
  EXPECT_EQ(result, 0) << what << ": " << std::strerror(errno);
}

}  // namespace

std::unique_ptr<OwnDisk> OwnDisk::mount(const std::string& folder, std::uint64_t bytes) {
  // In a namespace of our own: nobody else sees it, and a killed test leaves nothing mounted.
  if (::unshare(CLONE_NEWNS) != 0) return nullptr;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return nullptr;
  const std::string size = fmt::format("size={},mode=0700", bytes);
  if (::mount("avstage_test", folder.c_str(), "tmpfs", 0, size.c_str()) != 0) return nullptr;
  return std::unique_ptr<OwnDisk>(new OwnDisk(folder));
}

OwnDisk::~OwnDisk() {
  expect_done(::umount2(folder_.c_str(), MNT_DETACH), "umount");
}

void OwnDisk::set_read_only(bool read_only) {
  expect_done(::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | (read_only ? MS_RDONLY : 0), nullptr),
              "remount");
}

void OwnDisk::protect(const std::string& file) {
  expect_done(::mount(file.c_str(), file.c_str(), nullptr, MS_BIND, nullptr), "bind");
  expect_done(::mount(nullptr, file.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), "remount");
}

void fill_disk(const std::string& folder, std::uint64_t but) {
  struct statvfs facts {};
  expect_done(::statvfs(folder.c_str(), &facts), "statvfs");
  const std::uint64_t room = facts.f_bavail * facts.f_bsize;
  if (room <= but) return;
  const int fd = ::open((folder + "/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const int result = ::posix_fallocate(fd, 0, static_cast<off_t>(room - but));
  EXPECT_EQ(result, 0) << std::strerror(result);
  expect_done(::close(fd), "close");
}

}  // namespace avstage::test
