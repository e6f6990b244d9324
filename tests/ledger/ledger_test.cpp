#include "ledger/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <map>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "ledger/open.h"
#include "ledger/sqlite.h"
#include "support/temp_dir.h"

namespace avstage::ledger {
namespace {

using testing::HasSubstr;

/// Every question is a second later than the one before.
class TickingClock : public Clock {
 public:
  std::int64_t unix_seconds() const override { return ++seconds_; }

 private:
  mutable std::int64_t seconds_ = 1000;
};

const std::string realm = "https://api.heygen.com";

class LedgerTest : public testing::Test {
 protected:
  std::unique_ptr<Ledger> open() { return Ledger::open(state_, clock_); }
  Entry begin(Ledger& ledger, const std::string& key = "key") {
    return ledger.begin(realm, key, "v3", R"({"say":"hi"})", "Hello");
  }
  std::string file() const { return state_ + "/ledger.sqlite"; }

  Error error_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {ErrorCode::bug, ""};
  }

  test::TempDir dir_;
  std::string state_ = dir_ / "deep/state";
  TickingClock clock_;
};

/// The shortest way to each state.
Entry lead_to(Ledger& ledger, State state, const std::string& key) {
  Entry entry = ledger.begin(realm, key, "v2", "{}", "");
  if (state == State::intent) return entry;
  entry = ledger.submitting(entry);
  if (state == State::submitting) return entry;
  if (state == State::rejected) return ledger.rejected(entry, "no");
  if (state == State::ambiguous) return ledger.ambiguous(entry, "reset");
  entry = ledger.submitted(entry, "v1");
  if (state == State::submitted) return entry;
  return state == State::failed ? ledger.failed(entry, "no") : ledger.completed(entry, 5.0, false);
}

TEST_F(LedgerTest, AllowsTheDocumentedStepsAndNoOthers) {
  using enum State;
  struct Step {
    std::string name;
    std::function<Entry(Ledger&, const Entry&)> take;
    std::map<State, State> allowed;
  };
  const std::vector<Step> steps{
      {"begin",
       [](Ledger& l, const Entry& e) { return l.begin(e.realm, e.clip_key, "v2", "{}", ""); },
       {{failed, intent}, {rejected, intent}}},
      {"submitting",
       [](Ledger& l, const Entry& e) { return l.submitting(e); },
       {{intent, submitting}, {submitting, submitting}}},
      {"submitted",
       [](Ledger& l, const Entry& e) { return l.submitted(e, "v2"); },
       {{submitting, submitted}, {ambiguous, submitted}}},
      {"unsent", [](Ledger& l, const Entry& e) { return l.unsent(e); }, {{submitting, intent}}},
      {"rejected", [](Ledger& l, const Entry& e) { return l.rejected(e, "x"); }, {{submitting, rejected}}},
      {"ambiguous", [](Ledger& l, const Entry& e) { return l.ambiguous(e, "x"); }, {{submitting, ambiguous}}},
      {"completed",
       [](Ledger& l, const Entry& e) { return l.completed(e, 1.0, false); },
       {{submitted, completed}, {completed, completed}}},
      {"failed", [](Ledger& l, const Entry& e) { return l.failed(e, "x"); }, {{submitted, failed}}},
      {"archived",
       [](Ledger& l, const Entry& e) { return l.archived(e, "f", "h", 1); },
       {{completed, completed}}},
  };
  auto ledger = open();
  for (State from : {intent, submitting, submitted, completed, failed, rejected, ambiguous}) {
    for (const Step& step : steps) {
      std::string key = step.name + " from " + to_string(from);
      SCOPED_TRACE(key);
      Entry entry = lead_to(*ledger, from, key);
      auto to = step.allowed.find(from);
      if (to != step.allowed.end()) {
        EXPECT_EQ(step.take(*ledger, entry).state, to->second);
        EXPECT_EQ(ledger->find(realm, key)->state, to->second);
        continue;
      }
      Error error = error_of([&] { step.take(*ledger, entry); });
      EXPECT_EQ(error.code(), ErrorCode::bug);
      EXPECT_THAT(error.message(), HasSubstr(step.name + " does not follow " + to_string(from)));
      EXPECT_EQ(ledger->find(realm, key)->state, from);
      EXPECT_EQ(ledger->find(realm, key)->attempt, 1);
    }
  }
}

TEST_F(LedgerTest, AHumanMaySayThatAnAmbiguousPurchaseWasNotMade) {
  auto ledger = open();
  Entry entry = ledger->not_bought(lead_to(*ledger, State::ambiguous, "key"));
  EXPECT_EQ(entry.state, State::rejected);
  EXPECT_THAT(entry.error, HasSubstr("by hand"));
  Entry next = begin(*ledger);
  EXPECT_EQ(next.attempt, 2);
  EXPECT_NE(next.tag, entry.tag);
  for (State from : {State::intent, State::submitting, State::submitted, State::completed, State::failed}) {
    Entry other = lead_to(*ledger, from, to_string(from));
    EXPECT_EQ(error_of([&] { ledger->not_bought(other); }).code(), ErrorCode::bug) << to_string(from);
  }
}

TEST_F(LedgerTest, TheTagsOfTheJobAreKept) {
  open()->begin(realm, "tagged", "v3", "{}", "", R"({"project":"spring"})");
  EXPECT_EQ(open()->find(realm, "tagged")->tags, R"({"project":"spring"})");
  EXPECT_EQ(begin(*open()).tags, "{}");
}

TEST_F(LedgerTest, ALedgerOfTheFirstVersionIsTakenOver) {
  begin(*open());
  Database(file()).run("ALTER TABLE clips DROP COLUMN tags; PRAGMA user_version = 1");
  Entry entry = open()->find(realm, "key").value();
  EXPECT_EQ(entry.title, "Hello");
  EXPECT_EQ(entry.tags, "{}");
  EXPECT_EQ(open()->submitting(entry).state, State::submitting);
  EXPECT_EQ(Database(file()).number("PRAGMA user_version"), 2);
}

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

TEST_F(LedgerTest, RefusesAStepOfAnEntryThatWasNeverBegun) {
  auto ledger = open();
  Entry stranger;
  stranger.realm = realm;
  stranger.clip_key = "stranger";
  EXPECT_EQ(error_of([&] { ledger->submitting(stranger); }).code(), ErrorCode::bug);
}

TEST_F(LedgerTest, KeepsEveryFieldAcrossReopening) {
  {
    auto ledger = open();
    Entry entry = begin(*ledger);
    EXPECT_EQ(entry.tag, tag_of(realm, "key", 1));
    EXPECT_EQ(entry.idempotency_key, idempotency_key_of(realm, "key", 1));
    entry = ledger->submitted(ledger->submitting(entry), "video-7");
    entry = ledger->completed(entry, 5.24, true);
    ledger->archived(entry, "video-7.mp4", "abcd", 12'345'678'901);
    ledger->remember("1:2:3:4:5", "feed");
  }
  auto ledger = open();
  Entry entry = ledger->find(realm, "key").value();
  EXPECT_EQ(entry.state, State::completed);
  EXPECT_EQ(entry.attempt, 1);
  EXPECT_EQ(entry.dialect, "v3");
  EXPECT_EQ(entry.request, R"({"say":"hi"})");
  EXPECT_EQ(entry.title, "Hello");
  EXPECT_EQ(entry.video_id, "video-7");
  EXPECT_EQ(entry.intent_at, 1001);
  EXPECT_EQ(entry.submitting_at, 1002);
  EXPECT_EQ(entry.submitted_at, 1003);
  EXPECT_EQ(entry.settled_at, 1004);
  EXPECT_EQ(entry.duration, 5.24);
  EXPECT_TRUE(entry.unpaid);
  EXPECT_EQ(entry.archive, "video-7.mp4");
  EXPECT_EQ(entry.sha256, "abcd");
  EXPECT_EQ(entry.bytes, 12'345'678'901u);
  EXPECT_EQ(ledger->remembered("1:2:3:4:5"), "feed");
  EXPECT_EQ(ledger->remembered("other"), std::nullopt);
  EXPECT_EQ(ledger->find(realm, "other"), std::nullopt);
  EXPECT_EQ(ledger->find("https://elsewhere", "key"), std::nullopt);
}

TEST_F(LedgerTest, TheNextAttemptHasItsOwnTagAndKeyAndTheEarlierOneStaysOnRecord) {
  auto ledger = open();
  Entry first = ledger->rejected(ledger->submitting(begin(*ledger)), "code 7: no");
  Entry second = begin(*ledger);
  EXPECT_EQ(second.attempt, 2);
  EXPECT_EQ(second.error, "");
  EXPECT_NE(second.tag, first.tag);
  EXPECT_NE(second.idempotency_key, first.idempotency_key);
  EXPECT_EQ(ledger->find(realm, "key")->attempt, 2);
  EXPECT_EQ(error_of([&] { ledger->submitting(first); }).code(), ErrorCode::bug);
  begin(*ledger, "another");
  std::vector<std::string> listed;
  for (const Entry& entry : ledger->list(realm)) {
    listed.push_back(entry.clip_key + std::to_string(entry.attempt) + entry.error);
  }
  EXPECT_THAT(listed, testing::ElementsAre("another1", "key2", "key1code 7: no"));
  EXPECT_EQ(ledger->list().size(), 3u);
  EXPECT_TRUE(ledger->list("https://elsewhere").empty());
}

TEST_F(LedgerTest, ATryThatWasNotSentLeavesTheDoubtAboutAnEarlierOne) {
  auto ledger = open();
  Entry entry = ledger->unsent(ledger->submitting(begin(*ledger)));
  EXPECT_EQ(entry.state, State::intent);
  EXPECT_EQ(entry.submitting_at, 0);

  std::int64_t first_try = ledger->submitting(entry).submitting_at;
  entry = ledger->submitting(entry);
  EXPECT_EQ(entry.submitting_at, first_try) << "the age of the idempotency key counts from its first use";
  entry = ledger->unsent(entry);
  EXPECT_EQ(entry.state, State::submitting);
  EXPECT_EQ(entry.submitting_at, first_try);
}

TEST_F(LedgerTest, TheArchivedUnpaidVersionIsForgottenOnceTheClipIsPaid) {
  auto ledger = open();
  Entry entry = ledger->completed(lead_to(*ledger, State::submitted, "key"), 5.0, true);
  entry = ledger->archived(entry, "watermarked.mp4", "abcd", 7);
  EXPECT_EQ(ledger->completed(entry, 5.0, true).archive, "watermarked.mp4");
  entry = ledger->completed(entry, 5.0, false);
  EXPECT_FALSE(entry.unpaid);
  EXPECT_EQ(entry.archive + entry.sha256, "");
  EXPECT_EQ(entry.bytes, 0u);
}

TEST_F(LedgerTest, HoldsNoSecret) {
  log::add_secret("canary-key-0815");
  {
    auto ledger = open();
    Entry entry =
        ledger->begin(realm, "key", "v2", R"({"u":"https://x/a?Signature=abc","k":"canary-key-0815"})", "t");
    ledger->rejected(ledger->submitting(entry), "bad key canary-key-0815 at https://x/b?Signature=def");
  }
  for (const std::string& name : dir_.files()) {
    std::string bytes = read_file(dir_ / name);
    EXPECT_EQ(bytes.find("canary-key"), std::string::npos) << name;
    EXPECT_EQ(bytes.find("Signature="), std::string::npos) << name;
  }
}

TEST_F(LedgerTest, IsReadableByItsOwnerAlone) {
  auto ledger = open();
  begin(*ledger);
  auto mode = [](const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 07777;
  };
  EXPECT_EQ(mode(state_), 0700u);
  EXPECT_EQ(mode(file()), 0600u);
  EXPECT_EQ(mode(file() + "-wal"), 0600u);
  ledger.reset();
  ::chmod(file().c_str(), 0644);
  open();
  EXPECT_EQ(mode(file()), 0600u);
}

TEST_F(LedgerTest, WritesAheadAndSyncsFully) {
  open();
  Database database = open_database(state_);
  Statement journal(database, "PRAGMA journal_mode");
  ASSERT_TRUE(journal.step());
  EXPECT_EQ(journal.text(0), "wal");
  EXPECT_EQ(database.number("PRAGMA synchronous"), 2);
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

TEST_F(LedgerTest, ANetworkFileSystemIsRefusedBeforeAnythingIsWritten) {
  const std::vector<std::pair<FileSystem, std::string>> refused{
      {{0x6969, ""}, "NFS"},
      {{0xfe534d42, ""}, "SMB2"},
      {{static_cast<long>(static_cast<std::int32_t>(0xff534d42)), ""}, "CIFS"},
      {{0x01021997, ""}, "9p"},
      {{0x00c36400, ""}, "Ceph"},
      {{0x0bd00bd0, ""}, "Lustre"},
      {{0x65735546, "fuse.sshfs"}, "fuse.sshfs"},
      {{0x65735546, "fuse.glusterfs"}, "fuse.glusterfs"}};
  for (const auto& [kind, name] : refused) {
    Error error = error_of([&, k = kind] { open_on(state_, clock_, [k](const std::string&) { return k; }); });
    EXPECT_EQ(error.code(), ErrorCode::local);
    EXPECT_THAT(error.message(), testing::AllOf(HasSubstr(state_), HasSubstr(name), HasSubstr("--state")));
  }
  EXPECT_TRUE(dir_.files().empty());
  for (const FileSystem& kind :
       {FileSystem{0xef53, ""}, FileSystem{0x65735546, "fuseblk"}, FileSystem{0x01021994, ""}}) {
    EXPECT_NO_THROW(open_on(state_, clock_, [&](const std::string&) { return kind; }));
  }
  EXPECT_EQ(network_name(file_system_of("/proc")), "");
}

TEST_F(LedgerTest, AFileThatIsNoLedgerIsRefusedAndLeftAsItWas) {
  make_directories(state_);
  std::string rubbish(8192, 'x');
  std::ofstream(file()) << rubbish;
  Error error = error_of([&] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::local);
  EXPECT_THAT(error.message(), testing::AllOf(HasSubstr(file()), HasSubstr("damaged or no ledger")));
  EXPECT_EQ(read_file(file()), rubbish);
}

TEST_F(LedgerTest, ADatabaseOfAnotherProgramIsRefused) {
  make_directories(state_);
  std::ofstream(file()).close();
  Database(file()).run("CREATE TABLE theirs (x)");
  EXPECT_THAT(error_of([&] { open(); }).message(), HasSubstr("another program"));
}

TEST_F(LedgerTest, ANewerVersionIsRefused) {
  begin(*open());
  Database(file()).run("PRAGMA user_version = 3");
  Error error = error_of([&] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::local);
  EXPECT_THAT(error.message(), testing::AllOf(HasSubstr("version 3"), HasSubstr("newer avstage")));
}

TEST_F(LedgerTest, ADamagedPageIsFoundAtTheNextOpening) {
  {
    auto ledger = open();
    for (int i = 0; i < 200; ++i) begin(*ledger, "key" + std::to_string(i));
  }
  std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(4096);
  bytes << std::string(4096, '\x5a');
  bytes.close();
  Error error = error_of([&] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::local);
  EXPECT_EQ(error.name(), "ledger_damaged");
}

TEST_F(LedgerTest, ATornTailOfTheLogIsIgnored) {
  run_and_kill([&] {
    auto ledger = open();
    ledger->submitting(begin(*ledger));
  });
  std::ofstream(file() + "-wal", std::ios::app | std::ios::binary) << std::string(3000, 'x');
  EXPECT_EQ(open()->find(realm, "key")->state, State::submitting);
}

TEST_F(LedgerTest, AFolderThatCannotBeMadeIsALocalError) {
  std::ofstream(dir_ / "deep") << "a file";
  EXPECT_EQ(error_of([&] { open(); }).code(), ErrorCode::local);
}

}  // namespace
}  // namespace avstage::ledger
