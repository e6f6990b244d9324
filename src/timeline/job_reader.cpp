#include "timeline/job_reader.h"

#include <fmt/format.h>

#include <tuple>

#include "base/suggest.h"
#include "timeline/checks.h"
#include "timeline/fields.h"
#include "timeline/hls_reader.h"
#include "timeline/message.h"
#include "timeline/readers.h"
#include "timeline/time_expr.h"
#include "timeline/variables.h"
#include "timeline/words.h"

namespace avstage {
namespace {

constexpr std::size_t max_tracks = 100, max_outputs = 64;
constexpr std::string_view api_words[] = {"auto", "v2", "v3"};

constexpr Field<Canvas> canvas_fields[] = {
    {"size", [](const Value& v, Canvas& c) { std::tie(c.width, c.height) = read_size(v, 16, 8192); }},
    {"fps", [](const Value& v, Canvas& c) { c.fps = read_frame_rate(v); }},
    {"background", [](const Value& v, Canvas& c) { c.background = read_color(v); }},
};

std::map<std::string, std::string> read_tags(const Value& value) {
  constexpr std::size_t most = 50;
  const std::string allowed = fmt::format("an object of at most {} texts", most);
  value.expect_object(allowed);
  if (value.node().members.size() > most) value.refuse(allowed);
  std::map<std::string, std::string> tags;
  for (const json_text::Member& member : value.node().members) {
    if (!is_name(member.key)) {
      fail(value.mark(), "value", "the tag " + in_quotes(member.key),
           "a letter or \"_\", then letters, digits, \"_\" and \"-\", at most 64 characters");
    }
    tags[member.key] = value.child(member).line("a tag's text", 200);
  }
  return tags;
}

constexpr Field<HeygenSettings> heygen_fields[] = {
    {"api", [](const Value& v, HeygenSettings& h) { h.api = v.choice(api_words); }},
    {"account", [](const Value& v, HeygenSettings& h) { h.account = v.name("an account name of your own"); }},
    {"max_concurrent",
     [](const Value& v, HeygenSettings& h) { h.max_concurrent = static_cast<int>(v.integer(1, 20)); }},
    {"deadline", [](const Value& v, HeygenSettings& h) { h.deadline = read_deadline(v); }},
    {"max_credits", [](const Value& v, HeygenSettings& h) { h.max_credits = v.number(0, 1e6); }},
    {"tags", [](const Value& v, HeygenSettings& h) { h.tags = read_tags(v); }},
};

/// The parts of the job as they stand in the text: they are read in the order of their dependence, not of the
/// text.
struct Parts {
  std::optional<Value> version, vars, canvas, heygen, sources, tracks, clips, outputs, output;
};

constexpr Field<Parts> job_fields[] = {
    {"version", [](const Value& v, Parts& p) { p.version = v; }},
    {"vars", [](const Value& v, Parts& p) { p.vars = v; }},
    {"canvas", [](const Value& v, Parts& p) { p.canvas = v; }},
    {"heygen", [](const Value& v, Parts& p) { p.heygen = v; }},
    {"sources", [](const Value& v, Parts& p) { p.sources = v; }},
    {"tracks", [](const Value& v, Parts& p) { p.tracks = v; }},
    {"clips", [](const Value& v, Parts& p) { p.clips = v; }},
    {"outputs", [](const Value& v, Parts& p) { p.outputs = v; }},
    {"output", [](const Value& v, Parts& p) { p.output = v; }},
};

struct TrackDraft {
  const Context& context;
  Track track;
};

constexpr Field<TrackDraft> track_fields[] = {
    {"id", [](const Value& v, TrackDraft& d) { d.track.id = v.name("an id"); }},
    {"clips", [](const Value& v, TrackDraft& d) { d.track.clips = read_clips(v, d.context); }},
    {"captions", [](const Value& v, TrackDraft& d) { d.track.clips = {read_captions(v, d.context)}; }},
};

/// Another version's unknown keys are no typos: the version is looked at before anything else.
void check_version(const Value& root) {
  root.expect_object("a job { \"version\": 1, … }");
  auto version = root.find("version");
  if (!version) root.refuse_missing("\"version\"", "\"version\": 1");
  version->integer(1, 1);
}

/// Exactly one of the long form and the short one.
void expect_one(const Value& root, const std::optional<Value>& many, std::string_view many_key,
                const std::optional<Value>& one, std::string_view one_key) {
  std::string allowed = fmt::format("either \"{}\" or \"{}\"", one_key, many_key);
  if (many && one)
    fail(one->mark(), "value", fmt::format("\"{}\" beside \"{}\"", one_key, many_key), allowed);
  if (!many && !one) {
    fail(root.mark(), "missing", fmt::format("neither \"{}\" nor \"{}\"", one_key, many_key), allowed);
  }
}

Track read_track(const Value& value, const Context& context) {
  TrackDraft draft{context, {}};
  read_fields<TrackDraft>(value, "a track", {track_fields}, draft);
  draft.track.mark = value.mark();
  if (auto captions = value.find("captions"); captions && value.find("clips")) {
    fail(captions->mark(), "value", "\"captions\" beside \"clips\"", "a track of their own for captions");
  }
  if (draft.track.clips.empty()) {
    value.refuse_missing("\"clips\"", "a list of clips under \"clips\", or \"captions\"");
  }
  return draft.track;
}

std::vector<Track> read_tracks(const Parts& parts, const Context& context) {
  std::vector<Track> tracks;
  if (parts.clips) {
    tracks.push_back({"", read_clips(*parts.clips, context), parts.clips->mark()});
    return tracks;
  }
  std::size_t clips = 0;
  for (const Value& item : parts.tracks->items("tracks", max_tracks)) {
    tracks.push_back(read_track(item, context));
    clips += tracks.back().clips.size();
    if (clips > max_clips) {
      fail(item.mark(), "too_many", fmt::format("{} clips up to here", clips),
           fmt::format("at most {} clips in a job", max_clips));
    }
  }
  return tracks;
}

std::vector<OutputSpec> read_outputs(const Parts& parts, const std::string& base_dir, const Canvas& canvas) {
  std::vector<OutputSpec> outputs;
  if (parts.output) {
    OutputSpec output;
    read_output_path(*parts.output, base_dir, output);
    output.mark = parts.output->mark();
    if (is_hls(output.path)) output.rendition = rendition_name(output, canvas);
    outputs.push_back(output);
    return outputs;
  }
  for (const Value& item : parts.outputs->items("outputs", max_outputs)) {
    for (OutputSpec& output : read_output(item, base_dir, canvas)) outputs.push_back(std::move(output));
  }
  return outputs;
}

}  // namespace

Job read_job(std::string_view text, const std::string& file_name, const std::string& base_dir,
             const ReadOptions& options) {
  json_text::Document document = json_text::parse(text, file_name);
  Value root(document, document.root());
  check_version(root);
  Parts parts;
  read_fields<Parts>(root, "the job", {job_fields}, parts);
  expect_one(root, parts.tracks, "tracks", parts.clips, "clips");
  expect_one(root, parts.outputs, "outputs", parts.output, "output");
  substitute_variables(document, options.set);

  Job job;
  job.file = file_name;
  if (parts.canvas) read_fields<Canvas>(*parts.canvas, "the canvas", {canvas_fields}, job.canvas);
  if (parts.heygen)
    read_fields<HeygenSettings>(*parts.heygen, "the heygen settings", {heygen_fields}, job.heygen);
  Context context{base_dir, job.canvas.fps, {}};
  if (parts.sources) context.sources = read_sources(*parts.sources, context);
  job.tracks = read_tracks(parts, context);
  job.outputs = read_outputs(parts, base_dir, job.canvas);
  check_job(job);
  return job;
}

}  // namespace avstage
