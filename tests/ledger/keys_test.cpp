#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "avstage/error.h"
#include "ledger/ledger.h"
#include "support/temp_dir.h"

namespace avstage::ledger {
namespace {

TEST(ClipKey, ChangesWithTheRequestAndTheTake) {
  std::set<std::string> keys{clip_key("{}", 1), clip_key("{}", 2), clip_key("{ }", 1)};
  EXPECT_EQ(keys.size(), 3u);
  EXPECT_EQ(clip_key("{}", 1), clip_key("{}", 1));
  EXPECT_THAT(clip_key("{}", 1), testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(clip_key("{}", 1).size(), 64u);
}

TEST(Realm, IsTheApiOriginAndTheAccount) {
  EXPECT_EQ(realm_of("https://api.heygen.com", ""), "https://api.heygen.com");
  EXPECT_EQ(realm_of("HTTPS://API.HeyGen.com:443/", "team"), "https://api.heygen.com#team");
  EXPECT_EQ(realm_of("http://127.0.0.1:8080", ""), "http://127.0.0.1:8080");
  EXPECT_EQ(realm_of("http://host:80/Prefix/", ""), "http://host/Prefix");
  EXPECT_EQ(realm_of("https://user:secret@host/p?q#f", "a"), "https://host/p#a");
  EXPECT_EQ(realm_of("https://[::1]:9", ""), "https://[::1]:9");
}

TEST(Tag, IsShortAndOfItsOwnForEachAttempt) {
  EXPECT_THAT(tag_of("r", "k", 1), testing::MatchesRegex("avstage-[0-9a-f]+"));
  EXPECT_EQ(tag_of("r", "k", 1).size(), 28u);
  std::set<std::string> tags{tag_of("r", "k", 1), tag_of("r", "k", 2), tag_of("r", "k2", 1),
                             tag_of("r2", "k", 1)};
  EXPECT_EQ(tags.size(), 4u);
  EXPECT_EQ("avstage-" + idempotency_key_of("r", "k", 1).substr(0, 20), tag_of("r", "k", 1));
  EXPECT_EQ(idempotency_key_of("r", "k", 1).size(), 64u);
}

TEST(ClipLock, IsHeldByOneAndFreedAtItsEnd) {
  test::TempDir dir;
  auto lock = ClipLock::try_take(dir.path(), "r", "../../k");
  ASSERT_NE(lock, nullptr);
  EXPECT_EQ(ClipLock::try_take(dir.path(), "r", "../../k"), nullptr);
  EXPECT_NE(ClipLock::try_take(dir.path(), "r", "other"), nullptr);
  EXPECT_NE(ClipLock::try_take(dir.path(), "r2", "../../k"), nullptr);
  lock.reset();
  EXPECT_NE(ClipLock::try_take(dir.path(), "r", "../../k"), nullptr);
  for (const std::string& file : dir.files()) EXPECT_THAT(file, testing::MatchesRegex("locks/[0-9a-f]+"));
}

TEST(ClipLock, KeepsOtherProcessesOutUntilItsHolderIsKilled) {
  test::TempDir dir;
  int held[2];
  ASSERT_EQ(::pipe(held), 0);
  pid_t child = ::fork();
  if (child == 0) {
    auto lock = ClipLock::try_take(dir.path(), "r", "k");
    char byte = lock ? 'y' : 'n';
    if (::write(held[1], &byte, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(held[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_EQ(ClipLock::try_take(dir.path(), "r", "k"), nullptr);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(ClipLock::try_take(dir.path(), "r", "k"), nullptr);
  ::close(held[0]);
  ::close(held[1]);
}

TEST(ClipLock, AFolderThatCannotBeWrittenIsALocalError) {
  try {
    ClipLock::try_take("/proc/nowhere", "r", "k");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::local);
  }
}

}  // namespace
}  // namespace avstage::ledger
