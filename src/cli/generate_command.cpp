#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/job_options.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace avstage::cli {
namespace {

using nlohmann::ordered_json;

struct GenerateOptions : JobOptions {
  bool accept_watermark = false, json = false;
  std::string progress = "auto";
};

void print_json(const std::vector<StoredClip>& clips) {
  ordered_json list = ordered_json::array();
  for (const StoredClip& c : clips) {
    ordered_json j{
        {"clip", c.clip}, {"origin", c.origin}, {"video_id", c.video_id}, {"clip_key", c.clip_key}};
    if (c.duration) j["duration"] = *c.duration;
    if (!c.file.empty()) j.update({{"file", c.file}, {"bytes", c.bytes}, {"sha256", c.sha256}});
    list.push_back(std::move(j));
  }
  fmt::print("{}\n",
             ordered_json{{"clips", list}}.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

void print_text(const std::vector<StoredClip>& clips) {
  std::vector<std::vector<std::string>> rows;
  for (const StoredClip& c : clips) {
    rows.push_back({c.clip, c.origin, c.video_id, c.file.empty() ? "(not bought, not kept)" : c.file});
  }
  print_table({"CLIP", "ORIGIN", "VIDEO", "FILE"}, rows);
}

int generate_job(const GenerateOptions& options, const std::stop_token& stop) {
  Progress progress(parse_progress(options.progress));
  Job job = options.load();
  if (options.print_if_asked()) return 0;
  Settings settings = options.settings();
  settings.accept_watermark = options.accept_watermark;
  std::unique_ptr<sandbox::Sandbox> sandbox;
  if (options.sandbox) sandbox = start_sandbox(settings, {.script = options.sandbox_script});
  std::vector<StoredClip> clips = generate(job, settings, std::ref(progress), stop);
  progress.clear();
  options.json ? print_json(clips) : print_text(clips);
  return 0;
}

}  // namespace

void add_generate(CLI::App& app, Action& action) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command =
      app.add_subcommand("generate", "buy the avatar clips of a job and keep them; render nothing");
  options->add_to(*command, false);
  command->add_flag("--accept-watermark", options->accept_watermark,
                    "take the watermarked version of a clip that could not be paid for");
  command->add_flag("--json", options->json, "one JSON document on stdout, errors as JSON on stderr");
  command->add_option("--progress", options->progress, "auto, plain, json or none; on stderr")
      ->type_name("STYLE");
  command->callback([options, &action] {
    action = {[options](const std::stop_token& stop) { return generate_job(*options, stop); }, true};
  });
}

}  // namespace avstage::cli
