#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "avstage/error.h"
#include "base/log.h"
#include "cli/commands.h"

namespace avstage::cli {
namespace {

/// Turns SIGINT and SIGTERM into a stop request; a second one ends the process at once. Every thread started
/// later inherits the blocked mask, so only the waiting thread sees them.
class Signals {
 public:
  Signals() {
    ::signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    waiter_ = std::jthread([this](const std::stop_token& end) { wait(end); });
  }

  std::stop_token token() const { return source_.get_token(); }
  /// 130 or 143 once a signal came, else 0.
  int exit_code() const { return signal_ == 0 ? 0 : 128 + signal_; }

 private:
  void wait(const std::stop_token& end) {
    while (!end.stop_requested()) {
      timespec tick{0, 100'000'000};
      int signal = ::sigtimedwait(&set_, nullptr, &tick);
      if (signal <= 0) continue;
      if (signal_ != 0) ::_exit(128 + signal);
      signal_ = signal;
      source_.request_stop();
    }
  }

  sigset_t set_;
  std::atomic<int> signal_ = 0;
  std::stop_source source_;
  std::jthread waiter_;
};

void print_error(const Error& error, bool json) {
  if (json) {
    nlohmann::ordered_json j{{"error",
                              {{"exit_code", error.exit_code()},
                               {"name", "avstage_" + (error.name().empty() ? "error" : error.name())},
                               {"message", log::redact(error.message())}}}};
    std::fprintf(stderr, "%s\n", j.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    std::fprintf(stderr, "avstage: %s\n", log::redact(error.message()).c_str());
  }
}

int act(const Action& action, const Signals& signals, bool json) {
  try {
    return action(signals.token());
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted && signals.exit_code() != 0) {
      std::fprintf(stderr, "avstage: stopped; run again to continue\n");
      return signals.exit_code();
    }
    print_error(e, json);
    return e.exit_code();
  } catch (const std::exception& e) {
    print_error(Error(ErrorCode::bug, fmt::format("bug: {}", e.what()), "bug"), json);
    return static_cast<int>(ErrorCode::bug);
  }
}

bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app{"turns a job file into finished video, avatar clips included", "avstage"};
  app.set_version_flag("--version", "avstage " AVSTAGE_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 all deliverables complete, 1 bug, 2 usage or job, 3 key or credit, 4 network or deadline,\n"
             "5 vendor, 6 input media, 7 local disk or encoder, 8 proof, 9 ambiguous purchase, 130/143 signals.");
  bool verbose = false;
  app.add_flag("-v,--verbose", verbose, "say more on stderr (before the command)");
  Action action;
  add_render(app, action);
  add_plan(app, action);
  add_look_up(app, action);
  add_sandbox(app, action);
  const bool json = wants_json(argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    print_error(Error(ErrorCode::usage, fmt::format("{} (avstage --help)", e.what()), "command_line"), json);
    return static_cast<int>(ErrorCode::usage);
  }
  if (verbose) log::set_level(log::Level::debug);
  Signals signals;
  return act(action, signals, json);
}

}  // namespace avstage::cli
