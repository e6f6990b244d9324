#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>

#include "ledger/ledger.h"
#include "render/kill_bench.h"
#include "support/media_fixtures.h"

/// Several runs at once on one state folder, and runs whose ledger cannot be written.
namespace avstage::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class SeveralRuns : public KillBench {
 protected:
  std::map<std::string, std::string> shared(const std::map<std::string, std::string>& more = {}) const {
    std::map<std::string, std::string> environment{{"AVSTAGE_KILL_STATE", dir / "state"}};
    environment.insert(more.begin(), more.end());
    return environment;
  }
  void wait_for_orders(int count) const {
    for (int i = 0; i < 3000 && middle->orders() < count; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(middle->orders(), count);
  }
  /// A run whose order is held back until `gate` opens.
  std::unique_ptr<CliProcess> start_and_hold(Gate& gate) {
    middle->hold_orders(&gate);
    auto run = start("a", job("v3", 1), shared());
    wait_for_orders(1);
    return run;
  }
  /// A second run that needs the same clip.
  std::unique_ptr<CliProcess> start_waiting() {
    auto run = start("b", job("v3", 1), shared());
    EXPECT_TRUE(run->wait_for("another run is obtaining it", 20s)) << run->err();
    return run;
  }
};

TEST_F(SeveralRuns, OfTwoThatNeedOneClipOneBuysItAndTheOtherUsesIt) {
  Gate gate;
  auto first = start_and_hold(gate);
  auto second = start_waiting();
  gate.open();
  CliResult a = first->wait(), b = second->wait();
  EXPECT_EQ(a.exit_code, 0) << a.err;
  EXPECT_EQ(b.exit_code, 0) << b.err;
  EXPECT_THAT(a.err, HasSubstr("origin bought"));
  EXPECT_THAT(b.err, HasSubstr("origin archive"));
  EXPECT_EQ(sandbox->charges(), 1);
  EXPECT_EQ(middle->orders(), 1);
}

TEST_F(SeveralRuns, WhoDoesNotWantToWaitEndsAtOnceAndBuysNothing) {
  Gate gate;
  auto first = start_and_hold(gate);
  const auto no_wait = shared({{"AVSTAGE_KILL_NO_WAIT", "1"}});
  CliResult same_clip = start("b", job("v3", 1), no_wait)->wait();
  EXPECT_EQ(same_clip.exit_code, 11);
  EXPECT_THAT(same_clip.err, HasSubstr("another run is obtaining it"));
  CliResult same_file = start("a", job("v3", 2), no_wait)->wait();
  EXPECT_EQ(same_file.exit_code, 11);
  EXPECT_THAT(same_file.err, HasSubstr("another run is making it"));
  EXPECT_EQ(middle->orders(), 1);
  gate.open();
  CliResult a = first->wait();
  EXPECT_EQ(a.exit_code, 0) << a.err;
  CliResult now = start("b", job("v3", 1), no_wait)->wait();
  EXPECT_EQ(now.exit_code, 0) << now.err;
  EXPECT_EQ(sandbox->charges(), 1);
}

TEST_F(SeveralRuns, OneOfWhichDiesIsSucceededByTheOneThatWaits) {
  Gate gate;
  auto first = start_and_hold(gate);
  auto second = start_waiting();
  first->signal(SIGKILL);
  first->wait();
  gate.open();
  CliResult b = second->wait();
  EXPECT_EQ(b.exit_code, 0) << b.err;
  EXPECT_EQ(sandbox->charges(), 1);
}

TEST_F(SeveralRuns, TogetherHaveNoMoreClipsMadeThanOneMay) {
  middle->make_slowly(300ms);
  std::vector<std::unique_ptr<CliProcess>> runs;
  for (int i = 1; i <= 3; ++i) {
    runs.push_back(start(fmt::format("r{}", i), job("v2", i, R"(, "max_concurrent": 1)"), shared()));
  }
  for (auto& run : runs) {
    CliResult r = run->wait();
    EXPECT_EQ(r.exit_code, 0) << r.err;
  }
  EXPECT_EQ(middle->orders(), 3);
  EXPECT_EQ(middle->most_being_made(), 1);
}

TEST_F(SeveralRuns, WithoutALimitTheMeterSeesThemTogether) {
  Gate gate;
  middle->hold_orders(&gate);
  middle->make_slowly(1500ms);
  auto one = start("r1", job("v2", 1, R"(, "max_concurrent": 3)"), shared());
  auto two = start("r2", job("v2", 2, R"(, "max_concurrent": 3)"), shared());
  wait_for_orders(2);
  gate.open();
  EXPECT_EQ(one->wait().exit_code, 0);
  EXPECT_EQ(two->wait().exit_code, 0);
  EXPECT_EQ(middle->most_being_made(), 2);
}

class LateList : public KillBench {};

// The stand-in's list is believed after 0.5 s, the vendor's after 60.
TEST_F(LateList, IsNoReasonToBuyTwice) {
  int take = 0;
  for (auto lag : {0ms, 250ms, 5000ms}) {
    const std::string name = fmt::format("lag{}", ++take);
    middle->list_late(lag);
    middle->new_run(ApiFault::lost);
    CliResult r = start(name, job("v2", take))->wait();
    EXPECT_EQ(r.exit_code, lag > 500ms ? 9 : 0) << r.err;
    EXPECT_EQ(sandbox->charges(), take);
    if (r.exit_code == 9) {
      std::this_thread::sleep_for(lag);
      EXPECT_EQ(start(name, job("v2", take))->wait().exit_code, 0) << "it is looked for again";
    }
    EXPECT_EQ(middle->orders(), take);
    EXPECT_EQ(sandbox->charges(), take);
  }
}

class NoLedger : public KillBench {};

TEST_F(NoLedger, NothingIsOrderedWhereTheIntentCannotBeMadeDurable) {
  for (const char* dialect : {"v2", "v3"}) {
    CliResult full = start(dialect, job(dialect, 1), {{"AVSTAGE_KILL_FULL", "1"}})->wait();
    EXPECT_EQ(full.exit_code, 7);
    EXPECT_EQ(middle->orders(), 0);
  }
  CliResult later = start("v2", job("v2", 1))->wait();
  EXPECT_EQ(later.exit_code, 0) << later.err;
  EXPECT_EQ(sandbox->charges(), 1);
}

TEST_F(NoLedger, NothingIsOrderedWhereTheLedgerIsDamaged) {
  EXPECT_EQ(start("a", job("v2", 1))->wait().exit_code, 0);
  const std::string file = settings("a").state_dir + "/ledger.sqlite";
  std::string bytes = read_bytes(file);
  for (std::size_t i = 4096; i < bytes.size(); ++i) bytes[i] = static_cast<char>(0x5A);
  write_bytes(file, bytes);
  CliResult r = start("a", job("v2", 2))->wait();
  EXPECT_EQ(r.exit_code, 7) << r.err;
  EXPECT_THAT(r.err, HasSubstr("damaged"));
  EXPECT_EQ(middle->orders(), 1);
}

}  // namespace
}  // namespace avstage::test
