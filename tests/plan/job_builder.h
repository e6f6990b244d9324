#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plan/resolve.h"
#include "timeline/time_expr.h"

/// Jobs in few words: `Stage stage({{{film("10"), avatar("hello", "4").fade_in(12)}}})`.
namespace avstage::plan::test {

inline TimeExpr time_expr(const std::string& text) {
  auto expr = parse_time_expr(text, Rational(25));
  if (!expr) throw std::invalid_argument("no time: " + text);
  return *expr;
}

/// A clip with what probing would tell about its medium.
struct Item {
  Clip clip;
  ClipFacts facts;

  Item& id(const std::string& name) { return clip.id = name, *this; }
  Item& start(const std::string& text) { return clip.start = time_expr(text), *this; }
  Item& in(const std::string& text) { return clip.in = time_expr(text), *this; }
  Item& out(const std::string& text) { return clip.out = time_expr(text), *this; }
  Item& duration(const std::string& text) { return clip.duration = time_expr(text), *this; }
  Item& fade_in(std::int64_t frames) { return clip.fade_in = TimeValue{0, frames}, *this; }
  Item& fade_out(std::int64_t frames) { return clip.fade_out = TimeValue{0, frames}, *this; }
  Item& opacity(double value) { return clip.opacity = value, *this; }
  Item& volume(double value) { return clip.volume = value, *this; }
  Item& key(std::optional<Color> color) { return clip.key = KeySpec{color, {}, {}, {}}, *this; }
  Item& width(double px) { return clip.place.width = Length{px, false}, *this; }
  Item& filter(const std::string& name, std::map<std::string, ParamValue> params = {}) {
    clip.filters.push_back({name, "", std::move(params), {}});
    return *this;
  }
};

inline Rational decimal(const std::string& text) {
  return parse_decimal(text).value();
}

/// An opaque full-HD picture with sound.
inline ClipFacts video_facts(const std::string& identity, Rational seconds) {
  ClipFacts facts;
  facts.identity = identity;
  facts.media.video.emplace();
  facts.media.video->width = facts.media.video->display_width = 1920;
  facts.media.video->height = facts.media.video->display_height = 1080;
  facts.media.audio.emplace();
  facts.media.available = seconds;
  return facts;
}

inline ClipFacts still_facts(const std::string& identity) {
  ClipFacts facts;
  facts.identity = identity;
  facts.media.image = true;
  return facts;
}

inline Item film(const std::string& seconds, const std::string& name = "film.mp4") {
  return {{.media = FileRef{name}}, video_facts("file " + name, decimal(seconds))};
}

/// An avatar clip that will turn out to be `seconds` long. Equal words are one purchase.
inline Item avatar(const std::string& words, const std::string& seconds) {
  AvatarRef ref;
  ref.say = words;
  return {{.media = ref}, video_facts("avatar " + words, decimal(seconds))};
}

inline Item color(Color c) {
  return {{.media = ColorRef{c}}, still_facts("color")};
}
inline Item text(const std::string& words) {
  TextRef ref;
  ref.text = words;
  return {{.media = ref}, still_facts("text font")};
}
inline Item logo() {
  Item item{{.media = ImageRef{"logo.png"}}, still_facts("file logo.png")};
  item.facts.media.video.emplace();
  item.facts.media.video->display_width = 200;
  item.facts.media.video->display_height = 100;
  item.facts.media.video->alpha = true;
  item.clip.place.at_given = true;
  item.clip.place.at_x = item.clip.place.at_y = 1;
  return item;
}

using Tracks = std::vector<std::vector<Item>>;

/// A job and its world.
struct Script {
  Tracks tracks;
  Canvas canvas;
  std::vector<OutputSpec> outputs{OutputSpec{.path = "film.mp4"}};
  std::string toolchain = "tools 1";
};

inline Mark mark_at(std::size_t track, std::size_t clip, const std::string& key = "") {
  std::string pointer = "/tracks/" + std::to_string(track) + "/clips/" + std::to_string(clip);
  return {"job.json", static_cast<int>(10 * (track + 1) + clip), 1,
          key.empty() ? pointer : pointer + "/" + key};
}

inline Job job_of(const Script& script) {
  Job job;
  job.file = "job.json";
  job.canvas = script.canvas;
  job.outputs = script.outputs;
  for (std::size_t t = 0; t < script.tracks.size(); ++t) {
    job.tracks.emplace_back();
    for (std::size_t c = 0; c < script.tracks[t].size(); ++c) {
      Clip clip = script.tracks[t][c].clip;
      clip.mark = mark_at(t, c);
      if (clip.start) clip.start->mark = mark_at(t, c, "start");
      if (clip.in) clip.in->mark = mark_at(t, c, "in");
      if (clip.out) clip.out->mark = mark_at(t, c, "out");
      if (clip.duration) clip.duration->mark = mark_at(t, c, "duration");
      if (clip.key) clip.key->mark = mark_at(t, c, "key");
      job.tracks.back().clips.push_back(std::move(clip));
    }
  }
  return job;
}

inline AvatarWords avatar_words() {
  return {[](const AvatarRef& a) { return a.say + " #" + std::to_string(a.take); },
          [](const AvatarRef& a) { return a.background; }};
}

/// The plan of a script, and its facts as they become known.
class Stage {
 public:
  explicit Stage(const Script& script)
      : plan(make_plan(job_of(script), avatar_words())), toolchain_(script.toolchain) {
    for (const auto& track : script.tracks) {
      for (const Item& item : track) all.push_back(item.facts);
    }
  }
  explicit Stage(Tracks tracks) : Stage(Script{std::move(tracks), {}}) {}

  /// Files are probed; of the avatar clips these purchases have arrived.
  Facts knowing(const std::set<int>& purchases) const {
    Facts facts = all;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      int purchase = plan.clips[i].purchase;
      if (purchase >= 0 && !purchases.contains(purchase)) facts[i].reset();
    }
    return facts;
  }

  Timing timing() const { return place_clips(plan, all); }
  Timing timing(const std::set<int>& known) const { return place_clips(plan, knowing(known)); }
  std::vector<Run> runs() const { return certain_runs(plan, all, timing()); }
  std::vector<Run> runs(const std::set<int>& known) const {
    return certain_runs(plan, knowing(known), timing(known));
  }
  RenderPlan resolve() const { return plan::resolve(plan, all, toolchain_); }
  RenderPlan resolve(const std::set<int>& known) const {
    return plan::resolve(plan, knowing(known), toolchain_);
  }

  Plan plan;
  Facts all;

 private:
  std::string toolchain_;
};

/// Segments of the first composition.
inline const std::vector<Segment>& segments(const RenderPlan& render) {
  return render.compositions.at(0).segments;
}

std::vector<Segment>& segments(RenderPlan&&) = delete;

inline std::vector<std::string> keys(const RenderPlan& render) {
  std::vector<std::string> out;
  for (const Segment& s : segments(render)) out.insert(out.end(), s.keys.begin(), s.keys.end());
  return out;
}

inline std::vector<std::int64_t> lengths(const RenderPlan& render) {
  std::vector<std::int64_t> out;
  for (const Segment& s : segments(render)) out.push_back(s.frames);
  return out;
}

/// "clip@first clip@first" of a span, bottom first.
inline std::string layers(const Span& span) {
  std::string out;
  for (const Layer& l : span.layers) {
    out += (out.empty() ? "" : " ") + std::to_string(l.clip) + "@" + std::to_string(l.first);
  }
  return out;
}

}  // namespace avstage::plan::test
