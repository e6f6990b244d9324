#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <sstream>

#include "avstage/ledger.h"
#include "ledger/ledger.h"
#include "render/kill_bench.h"

namespace avstage::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* fault_words[] = {"none", "lost", "gateway", "busy", "slow"};
const std::vector<std::string> seen_from_outside{"arrived", "bought", "asked", "listed"};

/// One cell of the matrix: a place, the how-manieth time it is passed, and the day's fault.
struct Kill {
  std::string dialect;
  ApiFault fault = ApiFault::none;
  std::string place;
  int count = 1;
  std::string str() const {
    return fmt::format("{} {} {}:{}", dialect, fault_words[static_cast<int>(fault)], place, count);
  }
};

class KillMatrix : public KillBench {
 protected:
  struct Figures {
    int kills = 0, not_reached = 0, ambiguous = 0, settled_as_bought = 0, twice = 0;
    std::map<std::string, int> places;
  };

  /// What a run of this dialect and fault passes, and how often; keeps its film as the one to compare with.
  std::map<std::string, int> passed(const std::string& dialect, ApiFault fault) {
    const std::string name = fmt::format("list{}", ++takes_);
    middle->new_run(fault);
    auto run = start(name, job(dialect, takes_), {{"AVSTAGE_CRASH_AT", "list"}});
    CliResult result = run->wait();
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::map<std::string, int> places;
    std::istringstream lines(result.err);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("crash point ")) ++places[line.substr(12)];
    }
    for (const std::string& kind : seen_from_outside) {
      if (middle->seen(kind) > 0) places[kind] = middle->seen(kind);
    }
    std::string& film_of_dialect = films_[dialect];
    const std::string made = film(name, video_id(name));
    EXPECT_FALSE(made.empty());
    if (film_of_dialect.empty()) film_of_dialect = made;
    EXPECT_EQ(made, film_of_dialect) << "without any kill";
    std::filesystem::remove_all(dir / name);
    return places;
  }

  std::vector<Kill> all_kills(const std::string& dialect) {
    std::vector<Kill> kills;
    for (ApiFault fault :
         {ApiFault::none, ApiFault::lost, ApiFault::gateway, ApiFault::busy, ApiFault::slow}) {
      for (const auto& [place, count] : passed(dialect, fault)) {
        for (int i = 1; i <= count; ++i) kills.push_back({dialect, fault, place, i});
      }
    }
    return kills;
  }

  std::string video_id(const std::string& name) {
    auto entries = ledger::Ledger::open(settings(name).state_dir, system_clock())->list();
    return entries.empty() ? "" : entries.front().video_id;
  }

  CliResult run_and_kill(const std::string& name, const Kill& kill, std::map<std::string, std::string> more) {
    middle->new_run(kill.fault);
    const bool outside =
        std::find(seen_from_outside.begin(), seen_from_outside.end(), kill.place) != seen_from_outside.end();
    if (!outside) more["AVSTAGE_CRASH_AT"] = fmt::format("{}:{}", kill.place, kill.count);
    std::atomic<pid_t> pid = 0;
    if (outside) {
      middle->kill_at(kill.place, kill.count, [&pid] {
        while (pid == 0) std::this_thread::yield();
        ::kill(pid, SIGKILL);  // it waits for the answer to what we have just seen: it is alive
      });
    }
    auto run = start(name, job(kill.dialect, takes_), more);
    pid = run->pid();
    return run->wait();
  }

  /// Kills one run, then runs until the film is there, a human settling what is ambiguous. Counts; what is
  /// not as promised is a failure of the test.
  void check(const Kill& kill) {
    SCOPED_TRACE(kill.str());
    const std::string name = fmt::format("run{}", ++takes_);
    const int before = sandbox->charges();
    CliResult killed = run_and_kill(name, kill, {});
    if (killed.exit_code == 0) {
      ++figures_.not_reached;  // fewer pieces of the stream, or fewer polls, than in the run that was listed
      ++figures_.places["(" + kill.place + ")"];
    } else {
      ASSERT_EQ(killed.exit_code, 128 + SIGKILL) << killed.err;
      ++figures_.kills;
      ++figures_.places[kill.place];
      const std::string left = film(name, video_id(name));
      EXPECT_TRUE(left.empty() || left == films_[kill.dialect]) << "half a film";
    }
    middle->new_run(kill.fault);
    CliResult again = start(name, job(kill.dialect, takes_))->wait();
    if (again.exit_code == 9) again = settle_and_run(name, kill, sandbox->charges() - before, again);
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(sandbox->charges() - before, 1);
    figures_.twice += sandbox->charges() - before > 1;
    EXPECT_EQ(film(name, video_id(name)), films_[kill.dialect]) << "another film than without the kill";
    EXPECT_FALSE(any_part_left(name));
    std::filesystem::remove_all(dir / name);
  }

  CliResult settle_and_run(const std::string& name, const Kill& kill, int charges, const CliResult& asked) {
    EXPECT_EQ(kill.dialect, "v2") << "v3 has its key: " << asked.err;
    ++figures_.ambiguous;
    const std::string tag =
        ledger::Ledger::open(settings(name).state_dir, system_clock())->list().front().tag;
    EXPECT_NE(asked.err.find("avstage ledger settle " + tag), std::string::npos) << asked.err;
    const std::string id = middle->find(tag);
    EXPECT_EQ(id.empty(), charges == 0);
    figures_.settled_as_bought += !id.empty();
    ledger_settle(settings(name), tag, id.empty() ? std::nullopt : std::optional(id));
    middle->new_run(kill.fault);
    return start(name, job(kill.dialect, takes_))->wait();
  }

  /// How many of these kills lead to a second purchase where nothing is remembered.
  int bought_twice_without_journal(const std::vector<Kill>& kills) {
    int twice = 0;
    for (const Kill& kill : kills) {
      const std::string name = fmt::format("run{}", ++takes_);
      const int before = sandbox->charges();
      run_and_kill(name, kill, {{"AVSTAGE_KILL_NO_JOURNAL", "1"}});
      middle->new_run(kill.fault);
      start(name, job(kill.dialect, takes_), {{"AVSTAGE_KILL_NO_JOURNAL", "1"}})->wait();
      twice += sandbox->charges() - before > 1;
    }
    return twice;
  }

  int takes_ = 0;
  std::map<std::string, std::string> films_;
  Figures figures_;
};

/// AVSTAGE_LONG=1 kills a thousand times instead of a hundred, both dialects together; AVSTAGE_SEED=N draws
/// other cells of the matrix.
int number_from(const char* variable, int otherwise) {
  const char* value = std::getenv(variable);
  return value == nullptr ? otherwise : std::atoi(value);
}

std::vector<Kill> drawn(std::vector<Kill> cells, std::size_t wanted) {
  std::mt19937 random(static_cast<unsigned>(number_from("AVSTAGE_SEED", 1)));
  std::vector<Kill> out;
  while (out.size() < wanted) {
    std::shuffle(cells.begin(), cells.end(), random);
    const std::size_t more = std::min(cells.size(), wanted - out.size());
    out.insert(out.end(), cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(more));
  }
  return out;
}

class KillMatrixOf : public KillMatrix, public testing::WithParamInterface<const char*> {};

TEST_P(KillMatrixOf, BuysNothingTwiceAndTheFilmIsCompleteOrAbsent) {
  const std::vector<Kill> cells = all_kills(GetParam());
  ASSERT_GT(cells.size(), 100u);
  const std::vector<Kill> kills = drawn(cells, number_from("AVSTAGE_LONG", 0) == 1 ? 500 : 50);
  for (const Kill& kill : kills) {
    check(kill);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(figures_.twice, 0);
  EXPECT_GE(figures_.kills, static_cast<int>(kills.size()) * 4 / 5);
  std::string places;
  for (const auto& [place, n] : figures_.places) places += fmt::format(" {} {}", place, n);
  fmt::print("{}: {} cells, {} kills, {} not reached, {} ambiguous ({} of them bought), {} bought twice;{}\n",
             GetParam(), cells.size(), figures_.kills, figures_.not_reached, figures_.ambiguous,
             figures_.settled_as_bought, figures_.twice, places);
}

INSTANTIATE_TEST_SUITE_P(Dialects, KillMatrixOf, testing::Values("v2", "v3"));

// v2 alone: v3's key is the same whether anything is remembered or not, and the vendor replays it.
TEST_F(KillMatrix, WithoutAJournalTheSameKillsBuyTwice) {
  std::vector<Kill> kills;
  for (const char* place :
       {"answered", "submitted", "polling", "completed", "streaming", "proven", "bought", "asked"}) {
    kills.push_back({"v2", ApiFault::none, place, 1});
  }
  const int twice = bought_twice_without_journal(kills);
  fmt::print("{} of {} kills bought twice without a journal\n", twice, kills.size());
  EXPECT_EQ(twice, static_cast<int>(kills.size()));
}

}  // namespace
}  // namespace avstage::test
