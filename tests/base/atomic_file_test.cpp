#include "base/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include "avstage/error.h"
#include "support/temp_dir.h"

namespace avstage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::bug;
}

class AtomicFile : public testing::Test {
 protected:
  test::TempDir dir;
};

TEST_F(AtomicFile, IsWrittenWholeAndLeavesNoPart) {
  std::string content("a\0b\n", 4);
  write_file_atomically(dir / "f", content);
  EXPECT_EQ(read_file(dir / "f"), content);
  EXPECT_THAT(dir.files(), ElementsAre("f"));
}

TEST_F(AtomicFile, ReplacesTheOneBefore) {
  write_file_atomically(dir / "f", "a much longer first content");
  write_file_atomically(dir / "f", "second");
  EXPECT_EQ(read_file(dir / "f"), "second");
}

TEST_F(AtomicFile, AFailureLeavesTheTargetAsItWas) {
  std::filesystem::create_directories(dir / "taken/inner");
  EXPECT_EQ(code_of([&] { write_file_atomically(dir / "taken", "x"); }), ErrorCode::local);
  EXPECT_TRUE(std::filesystem::is_directory(dir / "taken/inner"));
  EXPECT_THAT(dir.files(), IsEmpty());
  EXPECT_EQ(code_of([&] { write_file_atomically(dir / "no/such/folder", "x"); }), ErrorCode::local);
}

TEST_F(AtomicFile, PublishingAPartThatIsNotThereKeepsTheTarget) {
  write_file_atomically(dir / "f", "old");
  EXPECT_EQ(code_of([&] { publish_file(dir / "absent.part", dir / "f"); }), ErrorCode::local);
  EXPECT_EQ(read_file(dir / "f"), "old");
}

TEST_F(AtomicFile, PublishingMovesThePart) {
  write_file_atomically(dir / "f.part", "new");
  write_file_atomically(dir / "f", "old");
  publish_file(dir / "f.part", dir / "f");
  EXPECT_EQ(read_file(dir / "f"), "new");
  EXPECT_THAT(dir.files(), ElementsAre("f"));
}

TEST_F(AtomicFile, NewFoldersAreTheUsersAlone) {
  make_directories(dir / "a/b");
  make_directories(dir / "a/b");
  struct stat info;
  ASSERT_EQ(::stat((dir / "a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  write_file_atomically(dir / "file", "");
  EXPECT_EQ(code_of([&] { make_directories(dir / "file/below"); }), ErrorCode::local);
}

TEST_F(AtomicFile, ReadingHasALimit) {
  write_file_atomically(dir / "f", std::string(100'000, 'x'));
  EXPECT_EQ(read_file(dir / "f", 100'000).size(), 100'000u);
  EXPECT_EQ(code_of([&] { read_file(dir / "f", 99'999); }), ErrorCode::input);
  EXPECT_EQ(code_of([&] { read_file(dir / "absent"); }), ErrorCode::input);
  EXPECT_EQ(code_of([&] { read_file(dir.path()); }), ErrorCode::input);
}

TEST_F(AtomicFile, ARemoverRemovesUnlessReleased) {
  write_file_atomically(dir / "gone", "x");
  write_file_atomically(dir / "kept", "x");
  {
    FileRemover gone(dir / "gone"), kept(dir / "kept"), absent(dir / "absent");
    kept.release();
  }
  EXPECT_THAT(dir.files(), ElementsAre("kept"));
}

}  // namespace
}  // namespace avstage
