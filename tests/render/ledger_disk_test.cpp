#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "ledger/ledger.h"
#include "render/kill_bench.h"
#include "support/lane.h"
#include "support/own_disk.h"

/// Runs whose ledger stands on a disk that cannot be written, or no further. Root is not stopped by a file's
/// mode, so the disk is a real one.
namespace avstage::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class LedgerDisk : public KillBench {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(state);
    disk = OwnDisk::mount(state, 4 << 20);
    if (!disk) GTEST_SKIP() << "this user may not mount";
  }

  CliResult run(const std::string& dialect, int take, std::map<std::string, std::string> more = {}) {
    more["AVSTAGE_KILL_STATE"] = state;
    return start(dialect, job(dialect, take), more)->wait();
  }

  /// That, with a path and a reason, and nothing ordered.
  void expect_refused(const CliResult& result, const std::string& path, int orders) const {
    EXPECT_EQ(result.exit_code, 7) << result.err;
    EXPECT_THAT(result.err, HasSubstr(path));
    EXPECT_EQ(middle->orders(), orders);
    EXPECT_EQ(sandbox->charges(), orders);
  }

  std::string state = dir / "state";
  std::unique_ptr<OwnDisk> disk;
};

TEST_F(LedgerDisk, NothingIsOrderedWhereTheStateFolderIsReadOnly) {
  disk->set_read_only(true);
  for (const char* dialect : {"v2", "v3"}) expect_refused(run(dialect, 1), state, 0);
  disk->set_read_only(false);
  EXPECT_EQ(run("v2", 1).exit_code, 0);
  EXPECT_EQ(sandbox->charges(), 1);
  disk->set_read_only(true);
  for (const char* dialect : {"v2", "v3"}) expect_refused(run(dialect, 2), state, 1);
}

TEST_F(LedgerDisk, NothingIsOrderedWhereTheLedgerItselfIsReadOnly) {
  EXPECT_EQ(run("v2", 1).exit_code, 0);
  disk->protect(state + "/ledger.sqlite");
  for (const char* dialect : {"v2", "v3"}) {
    const CliResult result = run(dialect, 2);
    expect_refused(result, state + "/ledger.sqlite", 1);
    EXPECT_THAT(result.err, HasSubstr("must be writable"));
  }
}

TEST_F(LedgerDisk, NothingIsOrderedWhereTheIntentFindsNoRoom) {
  for (const char* dialect : {"v2", "v3"}) {
    const CliResult result = run(dialect, 1, {{"AVSTAGE_KILL_ROOM", "0"}});
    expect_refused(result, state + "/ledger.sqlite", 0);
    EXPECT_THAT(result.err, HasSubstr("free some space"));
    EXPECT_TRUE(ledger::Ledger::open(state, system_clock())->list().empty());
    std::filesystem::remove(state + "/filler");
  }
}

/// AVSTAGE_LONG=1 lets the disk be full at every page, else at some.
TEST_F(LedgerDisk, FullAtWhateverWriteNothingIsBoughtTwice) {
  const std::uint64_t step = long_lane() ? 4096 : 8192;
  int take = 0, not_ordered = 0, ordered = 0;
  for (std::uint64_t room = 0;; room += step) {
    SCOPED_TRACE(fmt::format("room for {} bytes", room));
    const int before = sandbox->charges();
    const CliResult full = run("v2", ++take, {{"AVSTAGE_KILL_ROOM", std::to_string(room)}});
    const int charges = sandbox->charges() - before;
    if (full.exit_code == 0) break;
    ASSERT_EQ(full.exit_code, 7) << full.err;
    EXPECT_THAT(full.err, HasSubstr(state));
    ++(charges == 0 ? not_ordered : ordered);
    std::filesystem::remove(state + "/filler");
    const CliResult again = run("v2", take);
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(sandbox->charges() - before, 1);
    ASSERT_LT(room, 1 << 20);
    std::filesystem::remove_all(state + "/archive");
    for (const char* file : {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"})
      std::filesystem::remove(state + "/" + file);
  }
  EXPECT_GT(not_ordered, 0);
  EXPECT_GT(ordered, 0);
  fmt::print("full before the order {} times, after it {} times\n", not_ordered, ordered);
}

}  // namespace
}  // namespace avstage::test
