#pragma once

#include "render/kill_bench.h"

namespace avstage::test {

/// One cell of the matrix: a job, the day's fault, a place, and the how-manieth time it is passed.
struct Kill {
  std::string job;  ///< "v2", "v3": one clip. "v2 fallback", "v3 fallback": see KillBench::fallback_job
  ApiFault fault = ApiFault::none;
  std::string place;
  int count = 1;
  bool journal = true;      ///< false: every run begins with an empty ledger
  bool days_later = false;  ///< the next run comes when the vendor has forgotten the idempotency key

  std::string dialect() const { return job.substr(0, 2); }
  bool falls_back() const { return job.size() > 2; }
  int price() const { return falls_back() ? 2 : 1; }  ///< an opaque clip was made and is paid for
  std::string str() const;
};

/// Kills runs and looks at what follows.
class KillMatrix : public KillBench {
 protected:
  struct Figures {
    int kills = 0, not_reached = 0, ambiguous = 0, settled_as_bought = 0, twice = 0;
    std::map<std::string, int> places;
  };

  /// What a run of this job and fault passes, and how often.
  std::map<std::string, int> passed(const std::string& job, ApiFault fault);
  /// Under every fault, at every place, every time it is passed.
  std::vector<Kill> all_kills(const std::string& job);
  /// Kills one run, then runs until the film is there, a human settling what is ambiguous. Counts. What is
  /// not as promised, in words: empty where all is.
  std::vector<std::string> broken(const Kill& kill);

  Figures figures;

 private:
  std::string job_text(const Kill& kill) const;
  std::map<std::string, std::string> environment(const Kill& kill, bool again) const;
  CliResult run_and_kill(const std::string& name, const Kill& kill);
  CliResult finish(const std::string& name, const Kill& kill, std::vector<std::string>& flaws);
  void settle(const std::string& name, const Kill& kill, const std::string& words,
              std::vector<std::string>& flaws);
  /// Of the run in work.
  std::vector<std::string> videos() const;
  const std::string& whole_film(const std::string& job);

  int takes_ = 0;
  std::size_t older_videos_ = 0;
  std::map<std::string, std::string> films_;  ///< without any kill, by job
};

}  // namespace avstage::test
