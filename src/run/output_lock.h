#pragma once

#include <set>
#include <stop_token>
#include <string>

#include "avstage/job.h"
#include "run/clips/session.h"

namespace avstage::run {

/// Holds every output of a job while it is being made, against other runs of this state folder: a second run
/// of the same job waits for the first and then finds everything up to date.
class OutputLocks {
 public:
  /// Waits as long as another run holds one of them; says so once. Error{locked} instead where the settings
  /// say no_wait. Error{local}, Error{interrupted}.
  OutputLocks(Session& session, const Job& job, const Observer& observer, const std::stop_token& stop);
  ~OutputLocks() { release(); }
  OutputLocks(const OutputLocks&) = delete;
  OutputLocks& operator=(const OutputLocks&) = delete;

 private:
  void take(Session& session, const std::string& path, const Observer& observer, const std::stop_token& stop);
  void release() noexcept;
  std::set<int> held_;
};

}  // namespace avstage::run
