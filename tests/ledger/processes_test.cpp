#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/atomic_file.h"
#include "ledger/bench.h"
#include "ledger/open.h"
#include "ledger/sqlite.h"

/// Several processes at one ledger, and those that are killed at it.
namespace avstage::ledger {
namespace {

TEST_F(LedgerTest, PlacesAreCountedOverAllProcessesAndADeadOneGivesItsBack) {
  auto first = ClipLock::try_slot(state_, realm, 2);
  ASSERT_NE(first, nullptr);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto slot = ClipLock::try_slot(state_, realm, 2);
    char got = slot ? 'y' : 'n';
    if (::write(ready[1], &got, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char got = 0;
  ASSERT_EQ(::read(ready[0], &got, 1), 1);
  EXPECT_EQ(got, 'y');
  EXPECT_EQ(ClipLock::try_slot(state_, realm, 2), nullptr);
  EXPECT_NE(ClipLock::try_slot(state_, realm, 3), nullptr) << "another job may allow more";
  EXPECT_NE(ClipLock::try_slot(state_, "another realm", 2), nullptr);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(ClipLock::try_slot(state_, realm, 2), nullptr);
  ::close(ready[0]);
  ::close(ready[1]);
}

/// Runs `work` in a child process that is then killed; whatever it wrote must be there.
void run_and_kill(const std::function<void()>& work) {
  pid_t child = ::fork();
  if (child == 0) {
    try {
      work();
    } catch (...) {
      ::_exit(1);
    }
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child failed before it was killed";
}

TEST_F(LedgerTest, AKilledProcessLeavesItsLastStep) {
  const std::vector<std::function<void(Ledger&)>> steps{
      [&](Ledger& l) { begin(l); },
      [&](Ledger& l) { l.submitting(*l.find(realm, "key")); },
      [&](Ledger& l) { l.submitted(*l.find(realm, "key"), "v1"); },
      [&](Ledger& l) { l.completed(*l.find(realm, "key"), 2.0, false); },
      [&](Ledger& l) { l.archived(*l.find(realm, "key"), "v1.mp4", "ab", 3); },
  };
  const std::vector<State> states{State::intent, State::submitting, State::submitted, State::completed,
                                  State::completed};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    run_and_kill([&] {
      auto ledger = open();
      steps[i](*ledger);
    });
    EXPECT_EQ(open()->find(realm, "key")->state, states[i]);
  }
  EXPECT_EQ(open()->find(realm, "key")->archive, "v1.mp4");
}

TEST_F(LedgerTest, AKillWithinATransactionLeavesTheStateBefore) {
  begin(*open());
  run_and_kill([&] {
    Database database = open_database(state_);
    database.run("BEGIN IMMEDIATE; UPDATE clips SET state = 'submitting'");
  });
  EXPECT_EQ(open()->find(realm, "key")->state, State::intent);
}

TEST_F(LedgerTest, ATornTailOfTheLogIsIgnored) {
  run_and_kill([&] {
    auto ledger = open();
    ledger->submitting(begin(*ledger));
  });
  std::ofstream(file() + "-wal", std::ios::app | std::ios::binary) << std::string(3000, 'x');
  EXPECT_EQ(open()->find(realm, "key")->state, State::submitting);
}

TEST_F(LedgerTest, OfSeveralProcessesThatBeginOneClipExactlyOneSucceeds) {
  constexpr int processes = 4;
  constexpr int clips = 10;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    ::close(ready[1]);
    char byte;
    if (::read(ready[0], &byte, 1) != 0) ::_exit(100);  // returns 0 in all children when the parent closes
    int won = 0;
    try {
      auto ledger = open();  // the file does not exist yet: creating it is contended too
      for (int clip = 0; clip < clips; ++clip) {
        try {
          begin(*ledger, std::to_string(clip));
          ++won;
        } catch (const Error& error) {
          if (error.code() != ErrorCode::bug) throw;
        }
      }
    } catch (...) {
      ::_exit(101);
    }
    ::_exit(won);
  }
  ::close(ready[0]);
  ::close(ready[1]);
  int won = 0;
  for (pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_LT(WEXITSTATUS(status), 100);
    won += WEXITSTATUS(status);
  }
  EXPECT_EQ(won, clips);
  EXPECT_EQ(open()->list().size(), std::size_t(clips));
}

TEST_F(LedgerTest, TwoObjectsOfOneProcessShareTheFile) {
  auto one = open();
  Entry entry = begin(*one);
  auto two = open();
  two->submitting(entry);
  EXPECT_EQ(one->find(realm, "key")->state, State::submitting);
  EXPECT_EQ(error_of([&] { begin(*one); }).code(), ErrorCode::bug);
}

}  // namespace
}  // namespace avstage::ledger
