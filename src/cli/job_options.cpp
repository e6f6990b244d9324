#include "cli/job_options.h"

#include <fmt/format.h>

namespace avstage::cli {

void JobOptions::add_to(CLI::App& command) {
  command.add_option("job", job, "the job file, or - for stdin")->required();
  add_variables(command);
  add_places(command);
}

void JobOptions::add_variables(CLI::App& command) {
  command.add_option("--set", set, "give a variable of the job its value: name=value")->allow_extra_args(false);
}

void JobOptions::add_places(CLI::App& command) {
  command.add_option("--state", state, "folder of ledger and archive (AVSTAGE_STATE; default XDG state folder)");
  command.add_option("--cache", cache, "folder of spool and segments (AVSTAGE_CACHE; default XDG cache folder)");
  command.add_option("--api-base", api_base, "base URL of the vendor's API (HEYGEN_API_BASE)");
  command.add_flag("--sandbox", sandbox, "buy nothing: stand-in clips from a server in this process");
}

Job JobOptions::load(const std::string& path) const {
  std::map<std::string, std::string> values;
  for (const std::string& pair : set) {
    std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(ErrorCode::usage, fmt::format("--set {}: write name=value", pair), "command_line");
    }
    values[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return load_job(path, values);
}

Settings JobOptions::settings() const {
  if (sandbox && !api_base.empty()) {
    throw Error(ErrorCode::usage, "--sandbox and --api-base exclude each other", "command_line");
  }
  Settings s;
  if (state.empty() || cache.empty()) s = default_settings();
  if (!state.empty()) s.state_dir = state;
  if (!cache.empty()) s.cache_dir = cache;
  s.api_base = api_base;
  return s;
}

std::unique_ptr<sandbox::Sandbox> start_sandbox(Settings& settings, const sandbox::Options& options) {
  sandbox::Options with_folder = options;
  with_folder.folder = settings.cache_dir + "/sandbox";
  auto server = sandbox::Sandbox::start(with_folder);
  settings.sandbox = server->base_url();
  return server;
}

}  // namespace avstage::cli
