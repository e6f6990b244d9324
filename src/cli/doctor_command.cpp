#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "avstage/doctor.h"
#include "cli/commands.h"
#include "cli/job_options.h"
#include "cli/progress.h"

namespace avstage::cli {
namespace {

using nlohmann::ordered_json;

struct DoctorOptions : WorldOptions {
  bool json = false, live = false, yes = false;
  LiveTest test;
};

const char* word(Finding::State state) {
  return state == Finding::State::ok ? "ok" : state == Finding::State::warning ? "warning" : "failed";
}

ordered_json to_json(const std::vector<Finding>& findings) {
  ordered_json list = ordered_json::array();
  for (const Finding& f : findings) {
    ordered_json j{{"check", f.check}, {"state", word(f.state)}, {"found", f.found}};
    if (!f.advice.empty()) j["advice"] = f.advice;
    if (f.state == Finding::State::failed) j["exit_code"] = static_cast<int>(f.code);
    list.push_back(std::move(j));
  }
  return list;
}

void print_text(const std::vector<Finding>& findings) {
  for (const Finding& f : findings) {
    fmt::print("{:<8} {:<10} {}\n", word(f.state), f.check, f.found);
    if (!f.advice.empty()) fmt::print("{:<19} -> {}\n", "", f.advice);
  }
}

int exit_code_of(const std::vector<Finding>& findings) {
  for (const Finding& f : findings) {
    if (f.state == Finding::State::failed) return static_cast<int>(f.code);
  }
  return 0;
}

bool agree_on_terminal(const std::string& purchase) {
  if (::isatty(STDIN_FILENO) == 0) return false;
  fmt::print(stderr, "This buys {}. Buy it? [yes/no] ", purchase);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes" || answer == "y";
}

std::string buy_and_look(const Settings& settings, DoctorOptions& options, const std::stop_token& stop) {
  LiveTest& test = options.test;
  if (test.transcript.empty()) {
    auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    test.transcript = fmt::format("avstage-live-{:%Y%m%d-%H%M%S}.txt", fmt::gmtime(now));
  }
  test.agree = [yes = options.yes](const std::string& what) { return yes || agree_on_terminal(what); };
  Progress progress(options.json ? ProgressStyle::none : parse_progress("auto"));
  return examine_live(settings, test, std::ref(progress), stop);
}

int run_doctor(DoctorOptions& options, const std::stop_token& stop) {
  Settings settings = options.settings();
  std::unique_ptr<sandbox::Sandbox> sandbox;
  if (options.sandbox) sandbox = start_sandbox(settings, {.script = options.sandbox_script});
  std::vector<Finding> findings = examine(settings, stop);
  ordered_json document{{"findings", to_json(findings)}};
  if (!options.json) print_text(findings);
  int code = exit_code_of(findings);
  if (options.live && code == 0) {
    std::string video_id = buy_and_look(settings, options, stop);
    document["live"] = {{"video_id", video_id}, {"transcript", options.test.transcript}};
    if (!options.json)
      fmt::print("{:<8} {:<10} video {}, written to {}\n", "ok", "live", video_id, options.test.transcript);
  }
  if (options.json) fmt::print("{}\n", document.dump(2, ' ', false, ordered_json::error_handler_t::replace));
  return code;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command =
      app.add_subcommand("doctor", "check whether a render would work here, and say what to do");
  options->add_to(*command);
  command->add_flag("--json", options->json, "one JSON document on stdout, errors as JSON on stderr");
  command->add_flag("--live", options->live, "then buy one short clip and write down how the service behaves")
      ->group("With a real clip");
  command->add_flag("--yes", options->yes, "agree to that purchase; else a terminal is asked")
      ->group("With a real clip");
  command->add_option("--avatar", options->test.avatar, "whose clip (default: the first of the list)")
      ->type_name("ID")
      ->group("With a real clip");
  command->add_option("--voice", options->test.voice, "whose voice (default: the avatar's)")
      ->type_name("ID")
      ->group("With a real clip");
  command
      ->add_option("-o,--output", options->test.transcript, "the transcript (default: avstage-live-TIME.txt)")
      ->type_name("FILE")
      ->group("With a real clip");
  command->callback([options, &action] {
    action = {[options](const std::stop_token& stop) { return run_doctor(*options, stop); }, true};
  });
}

}  // namespace avstage::cli
