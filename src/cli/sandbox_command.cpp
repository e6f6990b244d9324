#include <fmt/format.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/job_options.h"

namespace avstage::cli {
namespace {

struct SandboxWords {
  int port = 0;
  double make_time = 1.5, url_ttl = 604800;
  std::string folder, index = "first", key, script;
  bool knobs = false;
};

sandbox::Options parse(const SandboxWords& words) {
  sandbox::Options options;
  options.port = words.port;
  options.folder = words.folder.empty() ? default_settings().cache_dir + "/sandbox" : words.folder;
  options.make_time = std::chrono::milliseconds(static_cast<std::int64_t>(words.make_time * 1000));
  options.url_ttl = std::chrono::seconds(static_cast<std::int64_t>(words.url_ttl));
  options.index = words.index == "last"         ? sandbox::Index::last
                  : words.index == "fragmented" ? sandbox::Index::fragmented
                                                : sandbox::Index::first;
  options.key = words.key;
  options.script = words.script;
  return options;
}

int serve(const SandboxWords& words, const std::stop_token& stop) {
  if (words.knobs) {
    fmt::print("{}", sandbox::knob_tables());
    return 0;
  }
  auto server = sandbox::Sandbox::start(parse(words));
  fmt::print("{}\n", server->base_url());
  std::fflush(stdout);
  return until_stopped(stop);
}

}  // namespace

void add_sandbox(CLI::App& app, Action& action) {
  auto words = std::make_shared<SandboxWords>();
  CLI::App* command = app.add_subcommand("sandbox", "serve a stand-in for the vendor's API on loopback");
  command->add_option("--port", words->port, "0: any free one; the URL is printed")
      ->check(CLI::Range(0, 65535));
  command->add_option("--folder", words->folder, "where its videos live (default: in the cache folder)");
  command->add_option("--make-time", words->make_time, "seconds from create to completed")
      ->check(CLI::Range(0.0, 86400.0));
  command->add_option("--url-ttl", words->url_ttl, "seconds a signed URL is good for")
      ->check(CLI::Range(0.0, 1e7));
  command->add_option("--index", words->index, "the mp4's index: first, last or fragmented")
      ->check(CLI::IsMember({"first", "last", "fragmented"}));
  command->add_option("--key", words->key, "the only API key it accepts (a made-up one; default: any)");
  command->add_option("--script", words->script, "a JSON file that says what goes wrong");
  command->add_flag("--knobs", words->knobs, "print what a script may say, and serve nothing");
  command->callback([words, &action] {
    action = {[words](const std::stop_token& stop) { return serve(*words, stop); }, true};
  });
}

}  // namespace avstage::cli
