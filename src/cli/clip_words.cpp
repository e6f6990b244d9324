#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "cli/job_options.h"

namespace avstage::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kLongestScript = std::size_t(1) << 20;

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::usage, message, "command_line");
}

/// What a person typed is meant as it is: no variables of the job language in it.
std::string literal(std::string text) {
  for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 3))
    text.insert(at, "$");
  return text;
}

std::string script_of(const std::string& say) {
  if (!say.starts_with('@')) return say;
  std::string text;
  try {
    text = read_file(say.substr(1), kLongestScript);
  } catch (const Error& e) {
    refuse("--say " + e.message());
  }
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

/// The film decides size and rate of what is made from it, where a canvas can have them.
ordered_json canvas_of(const std::string& film) {
  ordered_json canvas = ordered_json::object();
  MediaFacts facts = probe_media(film);
  if (!facts.video) throw Error(ErrorCode::input, film + ": holds no picture", "no_video");
  int width = facts.video->display_width / 2 * 2, height = facts.video->display_height / 2 * 2;
  if (width >= 16 && height >= 16 && width <= 8192 && height <= 8192) {
    canvas["size"] = fmt::format("{}x{}", width, height);
  }
  const Rational fps = facts.video->fps;
  if (fps >= Rational(1) && fps <= Rational(120))
    canvas["fps"] = fps.den == 1 ? ordered_json(fps.num) : ordered_json(fps.str());
  return canvas;
}

/// A number is pixels, as in a job.
ordered_json length_of(const std::string& text) {
  bool pixels = text.find_first_not_of("0123456789") == std::string::npos && text.size() < 6;
  return pixels ? ordered_json(std::stoi(text)) : ordered_json(literal(text));
}

ordered_json track_of(const ordered_json& clip) {
  return {{"clips", ordered_json::array({clip})}};
}

}  // namespace

void ClipWords::add_to(CLI::App& command, bool with_film) {
  const char* const group = "Instead of a job file";
  command.add_option("--avatar", avatar, "avatar id (avstage avatars)")->type_name("ID")->group(group);
  command.add_option("--voice", voice, "voice id (avstage voices)")->type_name("ID")->group(group);
  command.add_option("--say", say, "the words, or @FILE")->group(group);
  command.add_option("--background", background, "colour behind the avatar: #rrggbb")
      ->type_name("COLOR")
      ->group(group);
  command.add_flag("--print-job", print_job, "print the job that these words mean, and do nothing")
      ->group(group);
  if (!with_film) return;
  command.add_option("-o,--output", output, "the film to make: .mp4, .mov or .mkv")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--over", over, "a film that the avatar stands in front of")
      ->type_name("FILM")
      ->group(group);
  command.add_option("--at", at, "where in it: top-left … bottom-right (default)")
      ->type_name("PLACE")
      ->group(group);
  command.add_option("--width", width, "how wide: pixels or per cent of the film (default 28%)")
      ->type_name("LENGTH")
      ->group(group);
  command.add_flag("--key", key, "take the background out (of #00b140, if none is named)")->group(group);
}

bool JobOptions::print_if_asked() const {
  if (clip.print_job) fmt::print("{}\n", clip.job_text());
  return clip.print_job;
}

bool ClipWords::given() const {
  for (const std::string* word : {&avatar, &voice, &say, &background, &output, &over, &at, &width}) {
    if (!word->empty()) return true;
  }
  return key || print_job;
}

std::string ClipWords::job_text() const {
  if (avatar.empty() || voice.empty() || say.empty())
    refuse("--avatar, --voice and --say are needed together");
  if (over.empty() && !(at.empty() && width.empty() && !key))
    refuse("--at, --width and --key need --over FILM");
  ordered_json spoken{{"id", literal(avatar)}, {"voice", literal(voice)}, {"say", literal(script_of(say))}};
  if (!background.empty() || key) spoken["background"] = background.empty() ? "#00b140" : literal(background);
  ordered_json clip{{"id", "avatar"}, {"avatar", std::move(spoken)}};
  ordered_json job{{"version", 1}};
  if (over.empty()) {
    job["clips"] = ordered_json::array({clip});
  } else {
    job["canvas"] = canvas_of(over);
    if (key) clip["key"] = "auto";
    clip["at"] = at.empty() ? "bottom-right" : literal(at);
    clip["width"] = length_of(width.empty() ? "28%" : width);
    if (!key) clip["margin"] = "3%";
    job["tracks"] = ordered_json::array({track_of({{"file", literal(over)}}), track_of(clip)});
  }
  job["output"] = output.empty() ? "avatar.mp4" : literal(output);
  return job.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace avstage::cli
