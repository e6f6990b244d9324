#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <stop_token>

namespace avstage::cli {

/// The whole tool: parses the words, runs a command, prints errors. Returns the exit code (avstage/error.h).
int run(int argc, char** argv);

/// What a command does once its words are parsed. Returns an exit code; failures are Error.
struct Action {
  std::function<int(const std::stop_token& stop)> run;
  bool orderly = false;  ///< a signal asks it to stop and clean up; else it ends the process at once
};

/// For a server: returns 0 once `stop` is requested.
int until_stopped(const std::stop_token& stop);

/// Each adds its sub-command to `app` and sets `action` when the user chose it.
void add_render(CLI::App& app, Action& action);
void add_plan(CLI::App& app, Action& action);
void add_look_up(CLI::App& app, Action& action);  ///< filters, probe
void add_doctor(CLI::App& app, Action& action);
void add_generate(CLI::App& app, Action& action);
void add_catalog(CLI::App& app, Action& action);  ///< avatars, voices, quota, status
void add_source(CLI::App& app, Action& action);
void add_serve(CLI::App& app, Action& action);
void add_sandbox(CLI::App& app, Action& action);
void add_ledger(CLI::App& app, Action& action);      ///< list, show, settle, export
void add_cache(CLI::App& app, Action& action);       ///< ls, gc, clear
void add_completion(CLI::App& app, Action& action);  ///< last: of what is there by then

}  // namespace avstage::cli
