#include "base/disk.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>

#include <cstdio>
#include <filesystem>
#include <limits>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "support/temp_dir.h"

namespace avstage {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

TEST(Disk, room_is_there_or_what_is_missing_is_said) {
  test::TempDir dir;
  require_room(dir.path(), 1);
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  try {
    require_room(dir.path(), most);
    FAIL() << "there is no such disk";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::local);
    EXPECT_EQ(e.name(), "no_space");
    EXPECT_THAT(e.message(), HasSubstr(dir.path() + ": no room for 18446744073709551615 bytes"));
    EXPECT_THAT(e.message(), HasSubstr("are missing"));
  }
}

TEST(Disk, folders_are_on_one_mount_where_a_file_can_be_renamed) {
  test::TempDir dir;
  const std::string one = dir / "one", two = dir / "two";
  fs::create_directory(one);
  fs::create_directory(two);
  EXPECT_TRUE(on_one_mount(one, two));
  EXPECT_FALSE(on_one_mount(one, dir / "nothing"));
  EXPECT_FALSE(on_one_mount(one, "/proc/self"));
  // Seen by this thread alone.
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(one.c_str(), two.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "may not mount";
  }
  write_file(one + "/file", "x");
  EXPECT_NE(::rename((one + "/file").c_str(), (two + "/moved").c_str()), 0);
  EXPECT_FALSE(on_one_mount(one, two));
  ::umount(two.c_str());
}

}  // namespace
}  // namespace avstage
