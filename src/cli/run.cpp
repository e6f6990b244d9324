#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <new>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "avstage/error.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/suggest.h"
#include "cli/commands.h"

namespace avstage::cli {
namespace {

/// Turns SIGINT and SIGTERM into a stop request; a second one ends the process at once, and so does the first
/// for a command that has nothing to clean up. Every thread started later inherits the blocked mask, so only
/// the waiting thread sees them.
class Signals {
 public:
  explicit Signals(bool orderly) : orderly_(orderly) {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is a failed write like a full disk
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    waiter_ = std::jthread([this](const std::stop_token& end) { wait(end); });
  }
  ~Signals() {
    waiter_.request_stop();
    ::pthread_kill(waiter_.native_handle(), SIGTERM);  // wakes it
  }

  std::stop_token token() const { return source_.get_token(); }
  /// 130 or 143 once a signal came, else 0.
  int exit_code() const { return signal_ == 0 ? 0 : 128 + signal_; }

 private:
  void wait(const std::stop_token& end) {
    for (;;) {
      int signal = 0;
      if (::sigwait(&set_, &signal) != 0) continue;
      if (end.stop_requested()) return;
      if (!orderly_ || signal_ != 0) ::_exit(128 + signal);
      signal_ = signal;
      source_.request_stop();
    }
  }

  const bool orderly_;
  sigset_t set_;
  std::atomic<int> signal_ = 0;
  std::stop_source source_;
  std::jthread waiter_;
};

/// A message is one line, whatever file names and foreign words are in it.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

void print_error(const Error& error, int exit_code, bool json) {
  const std::string message = one_line(log::redact(error.message()));
  if (json) {
    nlohmann::ordered_json j{{"error",
                              {{"exit_code", exit_code},
                               {"name", "avstage_" + (error.name().empty() ? "error" : error.name())},
                               {"message", message}}}};
    std::fprintf(stderr, "%s\n", j.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    std::fprintf(stderr, "avstage: %s\n", message.c_str());
  }
}

int report(const Error& error, bool json) {
  print_error(error, error.exit_code(), json);
  return error.exit_code();
}

int act(const Action& action, const Signals& signals, bool json) {
  try {
    const int code = action.run(signals.token());
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw Error(ErrorCode::local, fmt::format("stdout: cannot be written: {}", std::strerror(errno)),
                  "stdout");
    return code;
  } catch (const Error& e) {
    if (e.code() != ErrorCode::interrupted || signals.exit_code() == 0) return report(e, json);
    print_error(Error(e.code(), "stopped by a signal; run again to continue", "interrupted"),
                signals.exit_code(), json);
    return signals.exit_code();
  }
}

bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

/// The words of the command that was chosen, or the commands where none was.
std::vector<std::string> words_of(const CLI::App& app, bool options) {
  std::vector<std::string> words;
  if (!options) {
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
      words.push_back(command->get_name());
    return words;
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

/// "; did you mean …?" for a word that `app` and the commands chosen below it do not know.
std::string hint(const CLI::App& app, const std::string& word) {
  const CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  const bool option = word.starts_with("--");
  const std::vector<std::string> known = words_of(*chosen, option);
  return did_you_mean(word.substr(0, option ? word.find('=') : std::string::npos),
                      std::vector<std::string_view>(known.begin(), known.end()));
}

/// What may stand where CLI11 misses something: a command, or the value of an option that is described.
std::string choices(const CLI::App& app, const CLI::ParseError& e) {
  if (e.get_name() != "RequiredError") return "";
  const CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  const std::string what = e.what();
  for (const CLI::Option* option : chosen->get_options()) {
    if (what.starts_with(option->get_name() + " ")) return ": " + option->get_description();
  }
  return chosen == &app || chosen->get_require_subcommand_min() > 0
             ? fmt::format(": {}", fmt::join(words_of(*chosen, false), ", "))
             : "";
}

/// CLI11 says that a command is missing where it has found a word that is none.
std::string usage_message(const CLI::App& app, const CLI::ParseError& e) {
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty() || e.get_name() == "ValidationError")
    return fmt::format("{}{} (avstage --help)", e.what(), choices(app, e));
  const std::string& word = unknown.front();
  const bool no_command = app.get_subcommands().empty() && !word.starts_with("-");
  return fmt::format("{} {}{} (avstage --help)",
                     no_command ? "there is no command" : "unexpected:", in_quotes(word), hint(app, word));
}

}  // namespace

int until_stopped(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait(lock, stop, [] { return false; });
  return 0;
}

int run(int argc, char** argv) {
  secrets::take_from_environment(
      "HEYGEN_API_KEY");  // also where it is not used, so that nobody sees it there
  CLI::App app{"turns a job file into finished video, avatar clips included", "avstage"};
  app.set_version_flag("--version", "avstage " AVSTAGE_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 all deliverables complete, 1 bug, 2 usage or job, 3 key or credit, 4 network or "
      "deadline,\n"
      "5 vendor, 6 input media, 7 local disk or encoder, 8 proof, 9 ambiguous purchase, 11 locked, 130/143 "
      "signals.");
  bool verbose = false;
  app.add_flag("-v,--verbose", verbose, "say more on stderr (before the command)");
  Action action;
  add_render(app, action);
  add_plan(app, action);
  add_look_up(app, action);
  add_doctor(app, action);
  add_generate(app, action);
  add_catalog(app, action);
  add_source(app, action);
  add_serve(app, action);
  add_sandbox(app, action);
  add_ledger(app, action);
  add_cache(app, action);
  add_completion(app, action);
  const bool json = wants_json(argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return report(Error(ErrorCode::usage, usage_message(app, e), "command_line"), json);
  }
  if (verbose) log::set_level(log::Level::debug);
  try {
    const Signals signals(action.orderly);
    return act(action, signals, json);
  } catch (const std::bad_alloc&) {
    return report(Error(ErrorCode::local, "out of memory", "out_of_memory"), json);
  } catch (const std::system_error& e) {  // no thread can be started, and the like
    return report(Error(ErrorCode::local, fmt::format("the system refuses: {}", e.what()), "system"), json);
  } catch (const std::exception& e) {
    return report(Error(ErrorCode::bug, fmt::format("bug: {}", e.what()), "bug"), json);
  }
}

}  // namespace avstage::cli
