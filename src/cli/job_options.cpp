#include "cli/job_options.h"

#include <fmt/format.h>

namespace avstage::cli {

void WorldOptions::add_to(CLI::App& command) {
  command
      .add_option("--state", state, "folder of ledger and archive (AVSTAGE_STATE; default XDG state folder)")
      ->type_name("DIR");
  command
      .add_option("--cache", cache, "folder of spool and segments (AVSTAGE_CACHE; default XDG cache folder)")
      ->type_name("DIR");
  command.add_option("--api-base", api_base, "base URL of the vendor's API (HEYGEN_API_BASE)")
      ->type_name("URL");
  command.add_flag("--sandbox", sandbox, "a stand-in for the vendor in this process: nothing is bought");
  command
      .add_option("--sandbox-script", sandbox_script, "a JSON file that says what goes wrong in the stand-in")
      ->needs("--sandbox");
  command
      .add_option("--ca-bundle", ca_bundle, "PEM file of the certificates to trust instead of the system's")
      ->type_name("FILE");
}

Settings WorldOptions::settings() const {
  if (sandbox && !api_base.empty()) {
    throw Error(ErrorCode::usage, "--sandbox and --api-base exclude each other", "command_line");
  }
  Settings s;
  if (state.empty() || cache.empty()) s = default_settings();
  if (!state.empty()) s.state_dir = state;
  if (!cache.empty()) s.cache_dir = cache;
  s.api_base = api_base;
  s.ca_bundle = ca_bundle;
  return s;
}

CLI::Option* add_size(CLI::App& command, const std::string& name, std::uint64_t& bytes,
                      const std::string& help) {
  return command.add_option(name, bytes, help)
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(true))
      ->transform(CLI::Validator(  // comes first; CLI11 would make a huge number of a negative one
          [](const std::string& text) { return text.starts_with("-") ? "must not be negative" : ""; }, ""));
}

void add_cache_limit(CLI::App& command, std::uint64_t& limit) {
  add_size(command, "--cache-limit", limit, "bytes of segments to keep for later runs; 500MB and the like")
      ->envname("AVSTAGE_CACHE_LIMIT");
}

void JobOptions::add_to(CLI::App& command, bool with_film) {
  command.add_option("job", job, "the job file, or - for stdin")->type_name("JOB");
  add_variables(command);
  WorldOptions::add_to(command);
  clip.add_to(command, with_film);
}

Job JobOptions::load() const {
  if (clip.given()) {
    if (!job.empty() || !set.empty()) {
      throw Error(ErrorCode::usage, "a job file and a clip in words (--avatar …) exclude each other",
                  "command_line");
    }
    return parse_job(clip.job_text(), "command line");
  }
  if (job.empty()) {
    throw Error(ErrorCode::usage, "a job file is required, or --avatar, --voice and --say (avstage --help)",
                "command_line");
  }
  return load_file(job);
}

void JobOptions::add_variables(CLI::App& command) {
  command.add_option("--set", set, "give a variable of the job its value: name=value")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

Job JobOptions::load_file(const std::string& path) const {
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

std::unique_ptr<sandbox::Sandbox> start_sandbox(Settings& settings, const sandbox::Options& options) {
  sandbox::Options with_folder = options;
  with_folder.folder = settings.cache_dir + "/sandbox";
  auto server = sandbox::Sandbox::start(with_folder);
  settings.sandbox = server->base_url();
  return server;
}

}  // namespace avstage::cli
