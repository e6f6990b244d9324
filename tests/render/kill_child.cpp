#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "avstage/avstage.h"
#include "base/log.h"
#include "run/production.h"
#include "support/own_disk.h"
#include "support/temp_dir.h"
#include "timeline/job_reader.h"

/// The other side of kill_bench.h: one run in a process of its own. It renders job.json of the working
/// directory, with AVSTAGE_KILL_URL as the vendor, and ends with the exit code of the tool.
namespace avstage::test {
namespace {

bool set(const char* name) {
  return std::getenv(name) != nullptr;
}

/// From now on every write to a file fails, as on a full disk.
void forbid_writing() {
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_FSIZE, &none);
}

/// Days later, as far as records tell.
class LaterClock : public Clock {
 public:
  explicit LaterClock(std::int64_t later) : later_(later) {}
  std::int64_t unix_seconds() const override { return Clock::unix_seconds() + later_; }

 private:
  std::int64_t later_;
};

int render_here() {
  Settings s;
  s.state_dir = set("AVSTAGE_KILL_STATE") ? std::getenv("AVSTAGE_KILL_STATE") : "state";
  s.cache_dir = "cache";
  s.sandbox = std::getenv("AVSTAGE_KILL_URL");
  s.no_wait = set("AVSTAGE_KILL_NO_WAIT");
  s.overwrite = true;
  if (set("AVSTAGE_KILL_KEEPS_NOTHING")) s.cache_limit = 1;
  const Job job = load_job("job.json");
  TempDir forgotten;
  LaterClock clock(set("AVSTAGE_KILL_LATER") ? std::atoi(std::getenv("AVSTAGE_KILL_LATER")) : 0);
  std::unique_ptr<ledger::Ledger> none;
  if (set("AVSTAGE_KILL_NO_JOURNAL")) none = ledger::Ledger::open(forgotten.path(), clock);
  run::Session session(s, job.heygen, {}, clock, std::move(none));
  if (set("AVSTAGE_KILL_FULL")) forbid_writing();
  if (set("AVSTAGE_KILL_ROOM"))
    fill_disk(s.state_dir, std::strtoull(std::getenv("AVSTAGE_KILL_ROOM"), nullptr, 10));
  Report report = run::render_in(session, job,
                                 [](const Event& e) {
                                   if (e.kind == Event::Kind::waiting || e.kind == Event::Kind::note)
                                     std::fprintf(stderr, "%s\n", e.text.c_str());
                                 },
                                 {});
  for (const PurchaseReport& p : report.purchases) std::fprintf(stderr, "origin %s\n", p.origin.c_str());
  return 0;
}

TEST(KillChild, DISABLED_Renders) {
  if (!set("AVSTAGE_KILL_URL")) GTEST_SKIP() << "started by the kill matrix only";
  log::set_sink([](log::Level, std::string_view) {});
  int code = 1;
  try {
    code = render_here();
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.message().c_str());
    code = e.exit_code();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
  }
  std::fflush(stderr);
  ::_exit(code);
}

}  // namespace
}  // namespace avstage::test
