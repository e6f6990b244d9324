#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "avstage/clip_source.h"
#include "cli/commands.h"
#include "cli/job_options.h"
#include "cli/progress.h"

namespace avstage::cli {
namespace {

struct SourceOptions : JobOptions {
  std::string clip, format, output = "-", progress = "auto";
  bool accept_watermark = false;
};

bool names_a_job(const std::string& word) {
  return word == "-" || word.ends_with(".json") || std::filesystem::exists(word);
}

std::unique_ptr<ClipSource> open_clip(const SourceOptions& options, const Settings& settings,
                                      const Observer& observer, const std::stop_token& stop) {
  if (names_a_job(options.job)) {
    return ClipSource::open(options.load_file(options.job), options.clip, settings, observer, stop);
  }
  AvatarRef video;
  video.video_id = options.job;
  return ClipSource::open(video, {}, settings, observer, stop);
}

int write_source(const SourceOptions& options, const std::stop_token& stop) {
  if (::isatty(STDOUT_FILENO) != 0) {
    throw Error(ErrorCode::usage, "stdout is a terminal: pipe the clip into a program, such as ffmpeg -i -",
                "terminal");
  }
  Settings settings = options.settings();
  settings.accept_watermark = options.accept_watermark;
  std::unique_ptr<sandbox::Sandbox> sandbox;
  if (options.sandbox) sandbox = start_sandbox(settings, {.script = options.sandbox_script});
  Progress progress(parse_progress(options.progress));
  open_clip(options, settings, std::ref(progress), stop)->copy_to(STDOUT_FILENO, options.format);
  progress.clear();
  return 0;
}

}  // namespace

void add_source(CLI::App& app, Action& action) {
  auto options = std::make_shared<SourceOptions>();
  CLI::App* command = app.add_subcommand("source", "write one avatar clip to stdout while it arrives");
  command->add_option("clip_or_job", options->job, "a job file (- for stdin), or the id of a video")
      ->required();
  options->WorldOptions::add_to(*command);
  options->add_variables(*command);
  command->add_option("--clip", options->clip, "which avatar clip of the job, where it has several");
  command->add_option("-o", options->output, "- for stdout, the only place there is")
      ->check(CLI::IsMember({"-"}));
  command->add_option("-f", options->format, "nut, matroska, webm or mp4 (fragmented)")
      ->required()
      ->check(CLI::IsMember({"nut", "matroska", "webm", "mp4"}));
  command->add_flag("--accept-watermark", options->accept_watermark,
                    "take the watermarked version of a clip that could not be paid for");
  command->add_option("--progress", options->progress, "auto, plain, json or none; on stderr");
  command->callback([options, &action] {
    action = {[options](const std::stop_token& stop) { return write_source(*options, stop); }, true};
  });
}

}  // namespace avstage::cli
