#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace avstage::test {

struct CliResult {
  int exit_code = -1;  ///< 128 + signal when one killed it
  std::string out, err;
  long peak_kb = 0;  ///< largest resident set
};

/// A child process of the tool under test, with its output in files of `dir`.
class CliProcess {
 public:
  /// `environment` is added to a small fixed one (PATH, HOME = dir).
  CliProcess(const std::string& binary, const std::vector<std::string>& words, const std::string& dir,
             const std::map<std::string, std::string>& environment = {});
  ~CliProcess();  ///< kills it if it still runs
  CliProcess(const CliProcess&) = delete;
  CliProcess& operator=(const CliProcess&) = delete;

  void signal(int number) const;
  pid_t pid() const { return pid_; }  ///< -1 once it was waited for
  CliResult wait();
  /// What it has written to stdout / stderr so far.
  std::string out() const;
  std::string err() const;
  /// Waits until stderr contains `text`; false after `limit`, or when it ended without.
  bool wait_for(const std::string& text, std::chrono::milliseconds limit) const;

 private:
  std::string out_path_, err_path_;
  pid_t pid_ = -1;
};

}  // namespace avstage::test
