#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>

#include <filesystem>

#include "render/bench.h"
#include "render/fault_cases.h"
#include "render/vendor.h"

/// An archive that is not on the disk of the cache.
namespace avstage::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const char* const kJob = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
  "heygen": { "deadline": "20s" },
  "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "hello" } } ],
  "outputs": [ { "path": "out.mp4", "preset": "ultrafast" } ] })";

class OtherDisk : public Bench {
 protected:
  /// What is mounted here is seen by this thread and those that it starts.
  void SetUp() override {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      GTEST_SKIP() << "may not mount";
    }
    fs::create_directories(archive);
    fs::create_directories(dir / "volume");
  }
  void TearDown() override {
    if (mounted_) ::umount(archive.c_str());
  }

  /// A disk at the archive's place; later another size of it.
  void mount(const char* options) {
    const unsigned long how = mounted_ ? MS_REMOUNT : 0;
    ASSERT_EQ(::mount("avstage-test", archive.c_str(), "tmpfs", how, options), 0);
    mounted_ = true;
  }
  void bind(const std::string& folder) {
    ASSERT_EQ(::mount(folder.c_str(), archive.c_str(), nullptr, MS_BIND, nullptr), 0);
    mounted_ = true;
  }

  Vendor::Script script() const {
    Vendor::Script s{.clip = clip};
    s.duration = 2;
    return s;
  }

  /// Exit 7 with `says`, nothing unfinished stays, and once there is room it goes on with what was bought.
  void expect_full_then_whole(Vendor& vendor, const std::vector<std::string>& says, const char* room) {
    const Settings s = settings(vendor.url());
    auto [code, message] = fail(kJob, s);
    EXPECT_EQ(code, 7) << message;
    EXPECT_THAT(message, HasSubstr("clip 'h'"));
    EXPECT_THAT(message, HasSubstr(archive));
    for (const std::string& part : says) EXPECT_THAT(message, HasSubstr(part));
    EXPECT_FALSE(any_part_left());
    EXPECT_FALSE(fs::exists(dir / "out.mp4"));
    mount(room);
    run(kJob, s);
    EXPECT_EQ(decode_all(dir / "out.mp4").frames, 50);
    EXPECT_EQ(vendor.creates(), 1);
    EXPECT_EQ(vendor.charges(), 1);
  }

  const std::string archive = dir / "state/archive";
  const std::string clip = noisy_clip(2, Index::first, 50);

 private:
  bool mounted_ = false;
};

TEST_F(OtherDisk, TooSmallIsNoticedBeforeTheDownload) {
  mount("size=64k");
  Vendor::Script s = script();
  s.download = [&](int number, const HttpRequest& r, Connection& c) {
    ServeOptions how;
    if (number == 0) how.stall_at = 20'000;
    serve_file(c, r, clip, how);
  };
  Vendor vendor(s);
  expect_full_then_whole(vendor,
                         {fmt::format("no room for {} bytes: 65536 are free", clip.size()),
                          fmt::format("{} are missing", clip.size() - 65536)},
                         "size=8m");
  EXPECT_EQ(vendor.downloads(), 2) << "a run's first answer was enough to see it";
}

TEST_F(OtherDisk, TooSmallIsNoticedBeforeTheCopyWhereTheLengthWasUnknown) {
  mount("size=64k");
  Vendor::Script s = script();
  s.cdn.chunked = true;
  Vendor vendor(s);
  expect_full_then_whole(vendor, {fmt::format("no room for {} bytes", clip.size())}, "size=8m");
}

/// There are bytes left, but not for one more file: only the copy itself finds that.
TEST_F(OtherDisk, ThatFailsDuringTheCopyLosesNothing) {
  mount("size=8m,nr_inodes=2");
  Vendor vendor(script());
  expect_full_then_whole(vendor, {"cannot copy", "No space left on device"}, "size=8m,nr_inodes=100");
}

/// Two volumes of a container: one disk, and yet nothing can be renamed between them.
TEST_F(OtherDisk, OnAnotherMountOfTheSameDiskIsCopiedTo) {
  bind(dir / "volume");
  Vendor vendor(script());
  run(kJob, settings(vendor.url()));
  EXPECT_EQ(count(Event::Kind::proven), 1);
  EXPECT_FALSE(any_part_left());
}

}  // namespace
}  // namespace avstage::test
