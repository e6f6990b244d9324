#include "render/kill_matrix.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <thread>

#include "avstage/ledger.h"
#include "ledger/ledger.h"

namespace avstage::test {
namespace {

constexpr const char* fault_words[] = {"none", "lost", "gateway", "busy", "slow"};
const std::vector<std::string> seen_from_outside{"arrived", "bought", "asked", "listed"};
constexpr int kDays = 3 * 86400;
constexpr int kMostClips = 2;  // of one job

std::vector<ledger::Entry> rows_in(const std::string& state_dir) {
  return ledger::Ledger::open(state_dir, system_clock())->list();
}

/// v1 takes no title for a transparent clip.
bool has_title(const ledger::Entry& entry) {
  return entry.dialect != "v2" || entry.request.find(R"("transparent":true)") == std::string::npos;
}

}  // namespace

std::string Kill::str() const {
  return fmt::format("{} {} {}:{}{}{}", job, fault_words[static_cast<int>(fault)], place, count,
                     journal ? "" : ", no journal", days_later ? ", days later" : "");
}

std::string KillMatrix::job_text(const Kill& kill) const {
  return kill.falls_back() ? fallback_job(kill.dialect(), takes_) : job(kill.dialect(), takes_);
}

std::map<std::string, std::string> KillMatrix::environment(const Kill& kill, bool again) const {
  std::map<std::string, std::string> out;
  if (kill.falls_back()) out["AVSTAGE_KILL_KEEPS_NOTHING"] = "1";  // segments are evicted
  if (!kill.journal) out["AVSTAGE_KILL_NO_JOURNAL"] = "1";
  if (kill.days_later && again) out["AVSTAGE_KILL_LATER"] = std::to_string(kDays);
  return out;
}

std::vector<std::string> KillMatrix::videos() const {
  const std::vector<std::string> all = middle->made();
  return {all.begin() + static_cast<std::ptrdiff_t>(older_videos_), all.end()};
}

std::map<std::string, int> KillMatrix::passed(const std::string& job, ApiFault fault) {
  const Kill nobody{job, fault, ""};
  const std::string name = fmt::format("list{}", ++takes_);
  older_videos_ = middle->made().size();
  middle->new_run(fault);
  auto listing = environment(nobody, false);
  listing["AVSTAGE_CRASH_AT"] = "list";
  CliResult result = start(name, job_text(nobody), listing)->wait();
  std::map<std::string, int> places;
  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("crash point ")) ++places[line.substr(12)];
  }
  for (const std::string& kind : seen_from_outside) {
    if (middle->seen(kind) > 0) places[kind] = middle->seen(kind);
  }
  std::vector<std::string> flaws;
  if (result.exit_code == 9) {
    settle(name, nobody, result.err, flaws);
    result = finish(name, nobody, flaws);
  }
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(flaws, std::vector<std::string>{});
  const std::string made = film(name, videos());
  EXPECT_FALSE(made.empty());
  EXPECT_EQ(films_.emplace(job, made).first->second, made) << "without any kill";
  std::filesystem::remove_all(dir / name);
  return places;
}

const std::string& KillMatrix::whole_film(const std::string& job) {
  if (!films_.contains(job)) passed(job, ApiFault::none);
  return films_[job];
}

std::vector<Kill> KillMatrix::all_kills(const std::string& job) {
  std::vector<Kill> kills;
  for (ApiFault fault : {ApiFault::none, ApiFault::lost, ApiFault::gateway, ApiFault::busy, ApiFault::slow}) {
    for (const auto& [place, count] : passed(job, fault)) {
      for (int i = 1; i <= count; ++i) kills.push_back({job, fault, place, i});
    }
  }
  return kills;
}

CliResult KillMatrix::run_and_kill(const std::string& name, const Kill& kill) {
  middle->new_run(kill.fault);
  const bool outside =
      std::find(seen_from_outside.begin(), seen_from_outside.end(), kill.place) != seen_from_outside.end();
  auto words = environment(kill, false);
  if (!outside) words["AVSTAGE_CRASH_AT"] = fmt::format("{}:{}", kill.place, kill.count);
  auto pid = std::make_shared<std::atomic<pid_t>>(0);
  if (outside) {
    middle->kill_at(kill.place, kill.count, [pid] {
      while (*pid == 0) std::this_thread::yield();
      ::kill(*pid, SIGKILL);  // it waits for the answer to what we have just seen: it is alive
    });
  }
  auto run = start(name, job_text(kill), words);
  *pid = run->pid();
  return run->wait();
}

std::vector<std::string> KillMatrix::broken(const Kill& kill) {
  const std::string whole = whole_film(kill.job);
  const std::string name = fmt::format("run{}", ++takes_);
  older_videos_ = middle->made().size();
  const int charges_before = sandbox->charges();
  std::vector<std::string> flaws;
  const CliResult killed = run_and_kill(name, kill);
  if (killed.exit_code == 128 + SIGKILL) {
    ++figures.kills;
    ++figures.places[kill.place];
    const std::string left = film(name, videos());
    if (!left.empty() && left != whole) flaws.push_back("half a film after the kill");
  } else if (killed.exit_code == 0 || killed.exit_code == 9) {
    ++figures.not_reached;  // fewer pieces of the stream, or fewer polls, than in the run that was listed
    ++figures.places["(" + kill.place + ")"];
  } else {
    flaws.push_back(fmt::format("the run to be killed ended with {}: {}", killed.exit_code, killed.err));
  }
  if (kill.days_later) middle->forget_keys();
  const CliResult again = finish(name, kill, flaws);
  if (again.exit_code != 0) flaws.push_back(fmt::format("exit {}: {}", again.exit_code, again.err));
  const int charges = sandbox->charges() - charges_before;
  figures.twice += charges > kill.price();
  if (charges != kill.price()) flaws.push_back(fmt::format("bought {} for {}", charges, kill.price()));
  if (film(name, videos()) != whole) flaws.push_back("another film than without the kill");
  if (any_part_left(name)) flaws.push_back("a part is left");
  std::filesystem::remove_all(dir / name);
  return flaws;
}

/// Runs until there is nothing left for a human to settle.
CliResult KillMatrix::finish(const std::string& name, const Kill& kill, std::vector<std::string>& flaws) {
  for (int clip = 0;; ++clip) {
    middle->new_run(kill.fault);
    CliResult result = start(name, job_text(kill), environment(kill, true))->wait();
    if (result.exit_code != 9 || clip == kMostClips) return result;
    settle(name, kill, result.err, flaws);
  }
}

/// What a human does who is told that a clip may have been bought: looks for it at the vendor's site.
void KillMatrix::settle(const std::string& name, const Kill& kill, const std::string& words,
                        std::vector<std::string>& flaws) {
  if (kill.dialect() == "v3" && !kill.days_later) flaws.push_back("v3 has its key: " + words);
  const std::vector<ledger::Entry> rows = rows_in(settings(name).state_dir);
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [](const auto& r) { return r.state == ledger::State::ambiguous; });
  if (row == rows.end()) return flaws.push_back("nothing is ambiguous: " + words);
  if (words.find("avstage ledger settle " + row->tag) == std::string::npos)
    flaws.push_back("does not say how to settle it: " + words);
  std::vector<std::string> unknown = videos();
  std::erase_if(unknown, [&rows](const std::string& id) {
    return std::any_of(rows.begin(), rows.end(), [&id](const auto& r) { return r.video_id == id; });
  });
  if (unknown.size() > 1) flaws.push_back(fmt::format("{} orders of one clip", unknown.size()));
  const std::string id = unknown.empty() ? "" : unknown.back();
  if (has_title(*row) && middle->find(row->tag) != id) flaws.push_back("its tag is not in its title");
  ++figures.ambiguous;
  figures.settled_as_bought += !id.empty();
  ledger_settle(settings(name), row->tag, id.empty() ? std::nullopt : std::optional(id));
}

}  // namespace avstage::test
