#include "run/output_lock.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/atomic_file.h"
#include "base/sha256.h"
#include "base/stop.h"
#include "ledger/lock_file.h"

namespace avstage::run {
namespace {

namespace fs = std::filesystem;

/// One name for one file, whichever folder the run was started in.
std::string true_path(const std::string& path) {
  std::error_code ec;
  fs::path real = fs::weakly_canonical(fs::absolute(path), ec);
  return ec ? path : real.string();
}

}  // namespace

// Taken in the order of their names: two runs that share some outputs cannot wait for each other.
OutputLocks::OutputLocks(Session& session, const Job& job, const Observer& observer,
                         const std::stop_token& stop) {
  std::set<std::string> paths;
  for (const OutputSpec& output : job.outputs) paths.insert(true_path(output.path));
  try {
    for (const std::string& path : paths) take(session, path, observer, stop);
  } catch (...) {
    release();
    throw;
  }
}

void OutputLocks::take(Session& session, const std::string& path, const Observer& observer,
                       const std::stop_token& stop) {
  using namespace std::chrono_literals;
  const std::string folder = session.settings().state_dir + "/locks";
  make_directories(folder);
  const std::string file = folder + "/output-" + sha256_hex(path);
  for (bool told = false;; told = true) {
    if (int fd = ledger::lock_file(file, false); fd >= 0) {
      held_.insert(fd);
      return;
    }
    if (session.settings().no_wait) {
      throw Error(ErrorCode::locked,
                  fmt::format("{}: another run is making it; without --no-wait this run waits", path),
                  "locked");
    }
    if (!told) observer({Event::Kind::note, "", "waiting for another run that is making " + path, 0, 0, 0});
    if (!session.clock().sleep(100ms, stop)) throw_stopped();
  }
}

// The files stay: were one removed, a third run could lock a new file of the same name.
void OutputLocks::release() noexcept {
  for (int fd : held_) ::close(fd);
  held_.clear();
}

}  // namespace avstage::run
