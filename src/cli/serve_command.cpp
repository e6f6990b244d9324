#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/job_options.h"
#include "gateway/gateway.h"

namespace avstage::cli {
namespace {

struct ServeOptions : JobOptions {
  std::vector<std::string> jobs;
  gateway::Options gateway;
  bool no_token = false, json = false;
};

void print_links(const gateway::Gateway& gateway, bool json) {
  const std::vector<gateway::Link> links = gateway.links();
  if (json) {
    nlohmann::ordered_json out{{"base_url", gateway.base_url()}, {"clips", nlohmann::json::array()}};
    for (const gateway::Link& l : links) {
      out["clips"].push_back(
          {{"url", l.url}, {"clip", l.clip}, {"video_id", l.video_id}, {"state", l.state}});
    }
    fmt::print("{}\n", out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print("{}/\n", gateway.base_url());
    for (const gateway::Link& l : links) fmt::print("{} {} {}\n", l.url, l.state, l.clip);
  }
  std::fflush(stdout);
}

int serve(const ServeOptions& options, const std::stop_token& stop) {
  std::vector<Job> jobs;
  for (const std::string& job : options.jobs) jobs.push_back(options.load_file(job));
  Settings settings = options.settings();
  std::unique_ptr<sandbox::Sandbox> sandbox;
  if (options.sandbox) sandbox = start_sandbox(settings, {.script = options.sandbox_script});
  gateway::Options with_token = options.gateway;
  with_token.token = !options.no_token;
  auto gateway = gateway::Gateway::start(settings, jobs, with_token);
  print_links(*gateway, options.json);
  return until_stopped(stop);
}

}  // namespace

void add_serve(CLI::App& app, Action& action) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command =
      app.add_subcommand("serve", "serve bought clips at URLs that do not expire, on loopback; buy nothing");
  command->add_option("job", options->jobs, "job files whose clips get a URL before they are bought");
  options->add_variables(*command);
  options->WorldOptions::add_to(*command);
  command->add_option("--port", options->gateway.port, "0: any free one; the URLs are printed")
      ->check(CLI::Range(0, 65535));
  command->add_flag("--no-token", options->no_token,
                    "URLs without the secret of this run: open to every local user");
  command->add_flag("--json", options->json, "print the URLs as JSON");
  command->callback([options, &action] {
    action = {[options](const std::stop_token& stop) { return serve(*options, stop); }, true};
  });
}

}  // namespace avstage::cli
