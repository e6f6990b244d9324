#include <fmt/format.h>
#include <gtest/gtest.h>

#include "plan/content_key.h"
#include "plan/job_builder.h"

/// Every field of everything that segment_key() is given, taken apart by structured bindings: a field that is
/// added to one of these types does not compile here until somebody has said whether a pixel depends on it.
namespace avstage::plan {
namespace {

using namespace test;

/// The arguments of segment_key().
struct Description {
  Plan plan;
  Facts facts;
  Timing timing;
  std::vector<Span> spans;
  std::vector<std::int64_t> groups;
  Canvas canvas;
  OutputSpec output;
  std::string beside;
  std::string toolchain = "tools 1";

  std::string key() const {
    return segment_key(plan, facts, timing, spans, groups, canvas, output, beside, toolchain);
  }
};

/// A film that fades out, with filters and a key; an avatar, a text, a picture, a colour.
Description describe() {
  Item pip = film("2", "pip.mp4").in("0.5").width(400).key(Color{0, 255, 0, 255});
  pip.fade_in(3).fade_out(30).filter("blur", {{"radius", 2.0}});
  pip.clip.filters.push_back({"lavfi", "eq", {{"contrast", 1.1}}, {}});
  Item words = text("Hello").duration("2"), host = avatar("hi", "2").width(300);
  host.clip.key = KeySpec{};
  std::get<AvatarRef>(host.clip.media).background = Color{0, 177, 64, 255};
  Item box = color(Color{9, 9, 9, 255}).duration("2").width(50);
  Stage stage({{pip}, {words}, {logo().duration("2")}, {box}, {host}});
  const RenderPlan render = stage.resolve();
  EXPECT_EQ(segments(render).size(), 1U);
  return {stage.plan,
          stage.all,
          render.timing,
          segments(render).front().spans,
          {},
          stage.plan.compositions[0].canvas,
          stage.plan.job.outputs[0]};
}

enum class Effect { other_key, same_key };
constexpr Effect yes = Effect::other_key, no = Effect::same_key;

/// Visits the fields in a fixed order; the n-th one is changed.
class Walk {
 public:
  explicit Walk(int n) : n_(n) {}

  void operator()(const char* name, Effect effect, const std::function<void()>& change) {
    if (count_++ != n_) return;
    found = name;
    expected = effect;
    change();
  }
  /// The same for a field that a structured binding names: clang 14 lets no lambda capture one.
  template <class Field, class Change>
  void operator()(const char* name, Effect effect, Field& value, Change change) {
    (*this)(name, effect, [&] { change(value); });
  }

  std::string found;  ///< "": there is no n-th
  Effect expected = yes;

 private:
  int n_, count_ = 0;
};

void visit(Walk& field, Color& color, Effect effect) {
  auto& [r, g, b, a] = color;
  field("Color::r", effect, r, [](auto& it) { it ^= 1; });
  field("Color::g", effect, g, [](auto& it) { it ^= 1; });
  field("Color::b", effect, b, [](auto& it) { it ^= 1; });
  field("Color::a", effect, a, [](auto& it) { it ^= 1; });
}

void visit(Walk& field, Length& length) {
  auto& [value, percent] = length;
  field("Length::value", yes, value, [](auto& it) { it += 1; });
  field("Length::percent", yes, percent, [](auto& it) { it = !it; });
}

void visit(Walk& field, FilterSpec& spec) {
  auto& [name, lavfi, params, mark] = spec;
  field("FilterSpec::name", yes,
        [&] { spec.name = spec.name == "lavfi" ? "grayscale" : "sharpen", spec.params.clear(); });
  field("FilterSpec::lavfi", yes, lavfi, [](auto& it) { it += "x"; });
  field("FilterSpec::params", yes, params, [](auto& it) { std::get<double>(it.begin()->second) += 1; });
  field("FilterSpec::mark", no, mark, [](auto& it) { it.line = 7; });
}

void visit(Walk& field, KeySpec& key) {
  auto& [color, similarity, blend, mark] = key;
  field("KeySpec::color, which the planner settles", no, color, [](auto& it) { it = Color{1, 2, 3, 255}; });
  field("KeySpec::similarity", yes, similarity, [](auto& it) { it = 0.3; });
  field("KeySpec::blend", yes, blend, [](auto& it) { it = 0.3; });
  field("KeySpec::mark", no, mark, [](auto& it) { it.line = 7; });
}

void visit(Walk& field, Placement& place) {
  auto& [at_given, at_x, at_y, margin, width, height, fit] = place;
  field("Placement::at_given", yes, at_given, [](auto& it) { it = !it; });
  field("Placement::at_x", yes, at_x, [](auto& it) { it = 0.25; });
  field("Placement::at_y", yes, at_y, [](auto& it) { it = 0.25; });
  visit(field, margin);
  field("Placement::width", yes, width, [](auto& it) { it = Length{123, false}; });
  field("Placement::height", yes, height, [](auto& it) { it = Length{123, false}; });
  field("Placement::fit", yes, fit, [](auto& it) { it = Fit::cover; });
}

void visit(Walk& field, TextRef& ref) {
  auto& [text, font, size, color, box, padding, align] = ref;
  field("TextRef::text", yes, text, [](auto& it) { it += "!"; });
  field("TextRef::font, whose bytes are the facts' identity", no, font, [](auto& it) { it = "copy.ttf"; });
  visit(field, size);
  visit(field, color, yes);
  field("TextRef::box", yes, box, [](auto& it) { it = Color{}; });
  visit(field, padding);
  field("TextRef::align", yes, align, [](auto& it) { it = "right"; });
}

void visit(Walk& field, MediaRef& media) {
  if (auto* text = std::get_if<TextRef>(&media)) visit(field, *text);
  if (auto* color = std::get_if<ColorRef>(&media)) {
    auto& [value] = *color;
    visit(field, value, yes);
  }
  if (auto* file = std::get_if<FileRef>(&media)) {
    auto& [path] = *file;
    field("FileRef::path", no, path, [](auto& it) { it = "/elsewhere/copy.mov"; });
    field("a film taken for a picture", yes, [&] { media = ImageRef{"pip.mp4"}; });
  }
  if (auto* image = std::get_if<ImageRef>(&media)) {
    auto& [path] = *image;
    field("ImageRef::path", no, path, [](auto& it) { it = "/elsewhere/copy.png"; });
  }
  if (auto* avatar = std::get_if<AvatarRef>(&media)) {  // what was bought is named by the facts' identity
    field("AvatarRef::say", no, [&] { avatar->say = "others"; });
    field("AvatarRef::background, which the planner looks up", no, [&] { avatar->background.reset(); });
    field("AvatarRef::title", no, [&] { avatar->title = "another"; });
    field("AvatarRef::take", no, [&] { avatar->take = 2; });
  }
}

void visit(Walk& field, Clip& clip) {
  auto& [id, media, start, in, out, duration, place, opacity, fade_in, fade_out, volume, duck, key, filters,
         mark] = clip;
  const bool fades = fade_out.has_value();
  field("Clip::id", no, id, [](auto& it) { it = "other"; });
  visit(field, media);
  field("Clip::start, which the position holds", no, start, [](auto& it) { it = time_expr("3"); });
  field("Clip::in, likewise", no, in, [](auto& it) { it = time_expr("3"); });
  field("Clip::out, likewise", no, out, [](auto& it) { it = time_expr("3"); });
  field("Clip::duration, likewise", no, duration, [](auto& it) { it = time_expr("3"); });
  visit(field, place);
  field("Clip::opacity", yes, opacity, [](auto& it) { it = 0.99; });
  field("Clip::fade_in", yes, fade_in, [](auto& it) { it = TimeValue{0, 4}; });
  field("Clip::fade_out", yes, fade_out, [](auto& it) { it = TimeValue{0, 31}; });
  field("Clip::volume", no, volume, [](auto& it) { it = 0.5; });
  field("Clip::duck", no, duck, [](auto& it) { it = DuckSpec{"other", -6, {}}; });
  field("Clip::key", yes, key, [](auto& it) { it = it ? std::nullopt : std::optional(KeySpec{}); });
  if (key) visit(field, *key);
  field("Clip::filters", yes, filters, [](auto& it) { it.push_back({"grayscale", "", {}, {}}); });
  for (FilterSpec& spec : filters) visit(field, spec);
  if (fades) field("the order of filters", yes, filters, [](auto& it) { std::swap(it.front(), it.back()); });
  field("Clip::mark", no, mark, [](auto& it) { it.line = 7; });
}

void visit(Walk& field, PlannedClip& planned) {
  auto& [clip, track, previous, purchase, key_color, label] = planned;
  visit(field, clip);
  field("PlannedClip::track, which the order of layers holds", no, track, [](auto& it) { it += 1; });
  field("PlannedClip::previous", no, previous, [](auto& it) { it = 0; });
  field("PlannedClip::purchase", no, purchase, [](auto& it) { it += 1; });
  if (key_color) visit(field, *key_color, yes);
  field("PlannedClip::label", no, label, [](auto& it) { it = "other"; });
}

void visit(Walk& field, Job& job) {
  auto& [canvas, heygen, tracks, outputs, file] = job;
  [[maybe_unused]] auto& [api, account, max_concurrent, deadline, max_credits, tags] = heygen;
  field("Job::heygen", no, [&] {
    job.heygen = {"v2", "other", 1, Rational(60), 1.0, {{"project", "spring"}}};
  });
  field("Job::tracks, which the planned clips hold", no, [&] { job.tracks.clear(); });
  field("Job::outputs, of which one is given", no, [&] { job.outputs.clear(); });
  field("Job::file", no, [&] { job.file = "other.json"; });
  // Its size is the composition's and the output's default, its rate the composition's too.
  field("Job::canvas' rate", yes, [&] { job.canvas.fps = Rational(30); });
  field("Job::canvas' size", yes, [&] { job.canvas.width = 1280; });
}

void visit(Walk& field, Plan& plan) {
  auto& [job, clips, purchases, compositions] = plan;
  visit(field, job);
  for (PlannedClip& planned : clips) visit(field, planned);
  field("Plan::purchases", no, purchases, [](auto& it) { it.clear(); });
  field("Plan::compositions, of which one is given", no, compositions, [](auto& it) { it.clear(); });
}

void visit(Walk& field, Facts& facts) {
  for (std::size_t i = 0; i < facts.size(); ++i) {
    auto& [media, identity, gops, alike] = *facts[i];
    field("ClipFacts::identity", yes, identity, [](auto& it) { it += " of other bytes"; });
    field("ClipFacts::media, which follow from the bytes", no, media, [](auto& it) { it = {}; });
    field("ClipFacts::gops, likewise", no, gops, [](auto& it) { it = std::make_shared<GopIndex>(); });
    field("ClipFacts::encoded_alike, likewise", no, alike, [](auto& it) { it = {0}; });
  }
}

void visit(Walk& field, Timing& timing) {
  auto& [clips, end, ends] = timing;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    auto& [start, count, in] = clips[i];
    const bool film = i == 0, avatar = i == 4;
    field("Position::start", no, start, [](auto& it) { it = Frames(1000); });
    field("Position::count, where a fade or a timed filter looks at it", film ? yes : no, count,
          [](auto& it) { it = Frames(51); });
    field("Position::in, of what moves", film || avatar ? yes : no, in, [](auto& it) { it = Rational(1); });
  }
  field("Timing::end", no, end, [](auto& it) { it = Frames(1000); });
  field("Timing::ends", no, ends, [](auto& it) { it.clear(); });
}

void visit(Walk& field, std::vector<Span>& spans) {
  auto& [start, frames, layers, group] = spans.front();
  field("Span::start, its place in the film", no, start, [](auto& it) { it = Frames(1000); });
  field("Span::frames", yes, frames, [](auto& it) { it -= 1; });
  field("Span::group", no, group, [](auto& it) { it = "other"; });
  field("Span::layers, one less", yes, layers, [](auto& it) { it.pop_back(); });
  field("Span::layers, in another order", yes, layers, [](auto& it) { std::swap(it[1], it[2]); });
  {
    auto& [clip, first] = layers.front();
    field("Layer::first", yes, first, [](auto& it) { it += 1; });
    field("Layer::clip", yes, clip, [](auto& it) { it = 4; });
  }
  field("a span more", yes, [&] { spans.push_back(spans.front()); });
}

void visit_composition(Walk& field, Canvas& canvas) {
  auto& [width, height, fps, background, unit] = canvas;
  field("Canvas::width", yes, width, [](auto& it) { it += 2; });
  field("Canvas::height", yes, height, [](auto& it) { it += 2; });
  field("Canvas::fps", yes, fps, [](auto& it) { it = Rational(30000, 1001); });
  visit(field, background, yes);
  field("Canvas::unit", yes, unit, [](auto& it) { it = 2; });
}

void visit(Walk& field, OutputSpec& output) {
  auto& [path, root, size, codec, crf, bitrate, preset, copy, audio, loudness, poster, rendition,
         media_segment, mark] = output;
  field("OutputSpec::path", no, path, [](auto& it) { it = "other.mkv"; });
  field("OutputSpec::root", no, root, [](auto& it) { it = "folder"; });
  field("OutputSpec::size", yes, size, [](auto& it) { it = {1280, 720}; });
  field("OutputSpec::size, as it is without", no, size, [](auto& it) { it = {1920, 1080}; });
  field("OutputSpec::codec", yes, codec, [](auto& it) { it = "hevc"; });
  field("OutputSpec::crf", yes, crf, [](auto& it) { it = 20.5; });
  field("OutputSpec::bitrate", yes, bitrate, [](auto& it) { it = 1'000'000; });
  field("OutputSpec::preset", yes, preset, [](auto& it) { it = "slow"; });
  field("OutputSpec::copy, which the planner decides", no, copy, [](auto& it) { it = "never"; });
  field("OutputSpec::loudness", no, loudness, [](auto& it) { it = LoudnessSpec{}; });
  field("OutputSpec::poster", no, poster, [](auto& it) { it = PosterSpec{}; });
  field("OutputSpec::audio", no, audio, [](auto& it) { it.codec = "none", it.bitrate = 1; });
  field("OutputSpec::rendition: its key frames are forced", yes, rendition,
        [](auto& it) { it = "1920x1080"; });
  field("OutputSpec::media_segment of a file", no, media_segment, [](auto& it) { it = Rational(4); });
  field("OutputSpec::media_segment of a stream", yes,
        [&] { output.rendition = "1920x1080", output.media_segment = Rational(4); });
  field("OutputSpec::mark", no, mark, [](auto& it) { it.line = 7; });
}

TEST(KeyFields, EachThatCanChangeAPixelChangesTheKeyAndNoOtherDoes) {
  const std::string before = describe().key();
  std::set<std::string> seen{before};
  int visited = 0;
  for (int n = 0;; ++n) {
    Description d = describe();
    Walk field(n);
    auto& [plan, facts, timing, spans, groups, canvas, output, beside, toolchain] = d;
    visit(field, plan);
    visit(field, facts);
    visit(field, timing);
    visit(field, spans);
    visit_composition(field, canvas);
    visit(field, output);
    field("a copy's groups", no, [&set = groups] { set = {0, 25}; });
    field("a copy's groups in an HLS stream", yes, [&set = groups, &to = output] {
      set = {0, 25};
      to.rendition = "1920x1080";
    });
    field("the parameter sets it stands beside", yes, [&set = beside] { set = "sets"; });
    field("the versions of the tools", yes, [&tools = toolchain] { tools = "tools 2"; });
    if (field.found.empty()) break;
    ++visited;
    const std::string after = d.key();
    if (field.expected == no) {
      EXPECT_EQ(after, before) << field.found;
    } else {
      EXPECT_TRUE(seen.insert(after).second) << field.found << " makes no difference, or that of another";
    }
  }
  EXPECT_GT(visited, 150);
}

}  // namespace
}  // namespace avstage::plan
