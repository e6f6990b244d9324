#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "avstage/avstage.h"
#include "sandbox/sandbox.h"

namespace avstage::cli {

/// The words of every command that talks to the vendor or keeps something.
struct WorldOptions {
  std::string state, cache, api_base, sandbox_script, ca_bundle;
  bool sandbox = false;

  void add_to(CLI::App& command);
  Settings settings() const;
};

/// A number of bytes, or 500MB (of 1000) and 2GiB (of 1024) and the like.
CLI::Option* add_size(CLI::App& command, const std::string& name, std::uint64_t& bytes,
                      const std::string& help);
/// --cache-limit, also AVSTAGE_CACHE_LIMIT.
void add_cache_limit(CLI::App& command, std::uint64_t& limit);

/// A clip that is said on the command line instead of in a job file. The job is made as text and read like
/// any.
struct ClipWords {
  std::string avatar, voice, say;           ///< say: the words, or @FILE
  std::string over, at, width, background;  ///< over a film, and where
  bool key = false;                         ///< take the background out again
  std::string output;                       ///< of the job; "": a name that nobody will write
  bool print_job = false;

  void add_to(CLI::App& command, bool with_film);
  bool given() const;
  /// Error{usage} for words that do not go together, Error{input} for a film that cannot be read.
  std::string job_text() const;
};

/// The words of `render`, `plan` and `generate`.
struct JobOptions : WorldOptions {
  std::string job;
  std::vector<std::string> set;
  ClipWords clip;

  void add_to(CLI::App& command, bool with_film = true);  ///< all of them
  void add_variables(CLI::App& command);                  ///< --set alone
  Job load() const;
  Job load_file(const std::string& path) const;
  /// True: the words said --print-job, the job stands on stdout, and that is all.
  bool print_if_asked() const;
};

/// Options with --sandbox: starts the stand-in in this process and points `settings` at it.
std::unique_ptr<sandbox::Sandbox> start_sandbox(Settings& settings, const sandbox::Options& options);

}  // namespace avstage::cli
