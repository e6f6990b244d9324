#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "avstage/avstage.h"
#include "sandbox/sandbox.h"

namespace avstage::cli {

/// The words that `render` and `plan` share.
struct JobOptions {
  std::string job;
  std::vector<std::string> set;
  std::string state, cache, api_base;
  bool sandbox = false;

  void add_to(CLI::App& command);  ///< all of them
  void add_variables(CLI::App& command);
  void add_places(CLI::App& command);
  Job load() const { return load(job); }
  Job load(const std::string& path) const;
  Settings settings() const;
};

/// Options with --sandbox: starts the stand-in in this process and points `settings` at it.
std::unique_ptr<sandbox::Sandbox> start_sandbox(Settings& settings, const sandbox::Options& options);

}  // namespace avstage::cli
