#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <system_error>

#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/job_options.h"
#include "cli/progress.h"

namespace avstage::cli {
namespace {

struct RenderOptions : JobOptions {
  bool overwrite = false, accept_watermark = false, json = false;
  std::string progress = "auto";
  bool no_wait = false;
  std::string max_wait, deadline;
  std::optional<double> max_credits;
  std::uint64_t max_clip_bytes = Settings().max_clip_bytes;
  std::uint64_t cache_limit = Settings().cache_limit;
  int workers = Settings().workers;
};

Rational length_of(const char* option, const std::string& text) {
  if (auto length = parse_duration(text); length && *length > Rational(0)) return *length;
  throw Error(ErrorCode::usage,
              fmt::format("{} {}: allowed: seconds, or a length such as 90s, 40m or 1h", option, text),
              "command_line");
}

/// "" for a number that is not negative, else what is wrong.
std::string not_negative(const std::string& text) {
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= 0) return "";
  return fmt::format("found {}; allowed: a number, 0 or more", in_quotes(text));
}

void print_summary(const Report& report) {
  for (const OutputReport& o : report.outputs) {
    if (o.state == "up_to_date") {
      fmt::print("{}: up to date ({:.3f} s, {} frames)\n", o.path, o.duration, o.frames);
    } else {
      const std::string files = o.files > 1 ? fmt::format(" in {} files", o.files) : "";
      fmt::print("{}: {:.3f} s, {} frames, {:.1f} MB{}, {} of {} segments rendered{}{}\n", o.path, o.duration,
                 o.frames, static_cast<double>(o.bytes) / 1e6, files, o.segments_rendered, o.segments,
                 o.frames_copied > 0 ? fmt::format(", {} frames copied", o.frames_copied) : "",
                 o.sound_copied > 0 ? fmt::format(", {:.1f} s of sound copied", o.sound_copied) : "");
    }
  }
  for (const OutputReport& o : report.outputs) {
    if (o.loudness && o.loudness->measured) {
      fmt::print("{}: {:.1f} LUFS, peaks {:.1f} dBTP ({:+.1f} dB{})\n", o.path, o.loudness->integrated,
                 o.loudness->true_peak, o.loudness->gain, o.loudness->limited ? ", limited" : "");
    }
  }
  for (const PurchaseReport& p : report.purchases) {
    fmt::print("{}: {} (video {}{})\n", p.clip, p.origin, p.video_id,
               p.duration ? fmt::format(", {:.2f} s", *p.duration) : "");
  }
  std::string steps;
  for (const auto& [name, seconds] : report.steps) {
    steps += fmt::format("{}{} {:.1f} s", steps.empty() ? "" : ", ", name, seconds);
  }
  fmt::print("{}\n", steps);
}

int render_job(const RenderOptions& options, const std::stop_token& stop) {
  ProgressStyle style = parse_progress(options.progress);
  if (options.clip.output.empty() && options.clip.given()) {
    throw Error(ErrorCode::usage, "-o FILE is needed: the film to make", "command_line");
  }
  Job job = options.load();
  if (options.print_if_asked()) return 0;
  Settings settings = options.settings();
  settings.overwrite = options.overwrite;
  settings.accept_watermark = options.accept_watermark;
  settings.no_wait = options.no_wait;
  settings.max_credits = options.max_credits;
  if (!options.max_wait.empty()) settings.max_wait = length_of("--max-wait", options.max_wait);
  if (!options.deadline.empty()) settings.deadline = length_of("--deadline", options.deadline);
  settings.max_clip_bytes = options.max_clip_bytes;
  settings.cache_limit = options.cache_limit;
  settings.workers = options.workers;
  std::unique_ptr<sandbox::Sandbox> sandbox;
  if (options.sandbox) sandbox = start_sandbox(settings, {.script = options.sandbox_script});
  Progress progress(style);
  Report report = render(job, settings, std::ref(progress), stop);
  progress.clear();
  if (options.json) {
    fmt::print("{}\n", to_json(report));
  } else {
    print_summary(report);
  }
  return 0;
}

}  // namespace

void add_render(CLI::App& app, Action& action) {
  auto options = std::make_shared<RenderOptions>();
  CLI::App* command = app.add_subcommand("render", "make every deliverable of a job");
  options->add_to(*command);
  command->add_flag("-y,--overwrite", options->overwrite, "replace existing files that are not up to date");
  command->add_flag("--accept-watermark", options->accept_watermark,
                    "take the watermarked version of a clip that could not be paid for");
  command->add_flag("--no-wait", options->no_wait,
                    "end at once where another run makes the same output or clip");
  command->add_option("--max-credits", options->max_credits, "buy nothing where the estimate is above it")
      ->type_name("NUMBER")
      ->check(CLI::Validator(not_negative, ""));
  command->add_option("--max-wait", options->max_wait,
                      "the longest a clip waits where the vendor asks to; 10m");
  command->add_option("--deadline", options->deadline, "the longest this run may take");
  add_size(*command, "--max-clip-bytes", options->max_clip_bytes,
           "refuse an avatar clip that is larger; 500MB and the like are understood");
  add_cache_limit(*command, options->cache_limit);
  command
      ->add_option("--workers", options->workers,
                   "segments that are rendered at once; each takes memory for the encoders of all outputs "
                   "and two processors or more; default: one for every two processors")
      ->type_name("N")
      ->envname("AVSTAGE_WORKERS")
      ->check(CLI::Range(1, 64));
  command->add_flag("--json", options->json, "print one JSON report on stdout, errors as JSON on stderr");
  command->add_option("--progress", options->progress, "auto, plain, json or none; on stderr")
      ->type_name("STYLE");
  command->callback([options, &action] {
    action = {[options](const std::stop_token& stop) { return render_job(*options, stop); }, true};
  });
}

void add_plan(CLI::App& app, Action& action) {
  auto options = std::make_shared<JobOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("plan", "show what would be bought, rendered and written; do nothing");
  options->add_to(*command);
  command->add_flag("--json", *json, "as JSON");
  command->callback([options, json, &action] {
    action.run = [options, json](const std::stop_token&) {
      Job job = options->load();
      if (options->print_if_asked()) return 0;
      Settings settings = options->settings();
      if (options->sandbox) settings.sandbox = "http://127.0.0.1";  // its realm; nothing is asked of it
      std::fputs((*json ? plan_json(job, settings) + "\n" : plan_text(job, settings)).c_str(), stdout);
      return 0;
    };
  });
}

void add_look_up(CLI::App& app, Action& action) {
  auto name = std::make_shared<std::string>();
  CLI::App* filters = app.add_subcommand("filters", "list the filters, or the parameters of one");
  filters->add_option("name", *name, "a filter of avstage, lavfi, or a filter lavfi may use")
      ->type_name("NAME");
  filters->callback([name, &action] {
    action.run = [name](const std::stop_token&) {
      std::fputs(describe_filters(*name).c_str(), stdout);
      return 0;
    };
  });
  auto file = std::make_shared<std::string>();
  CLI::App* probe = app.add_subcommand("probe", "show what a media file holds, as JSON");
  probe->add_option("file", *file, "the media file")->type_name("FILE")->required();
  probe->callback([file, &action] {
    action.run = [file](const std::stop_token&) {
      fmt::print("{}\n", to_json(probe_media(*file)));
      return 0;
    };
  });
}

}  // namespace avstage::cli
