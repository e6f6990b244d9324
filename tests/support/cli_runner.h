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
  /// Its largest resident set so far, in kB; 0 once it is over. What wait4() tells is at least this process's
  /// own: the child was a copy of it before it became the tool.
  long peak_kb() const;
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
