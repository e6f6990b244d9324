#include "plan/spans.h"

#include <fmt/format.h>

#include <algorithm>

#include "filters/filter.h"

namespace avstage::plan {
namespace {

std::string anchor_of(const Frames& f) {
  Frames anchor = f;
  anchor.known = 0;
  return anchor.str();
}

class Cutter {
 public:
  Cutter(const Plan& plan, const Facts& facts, const Timing& timing) : plan_(plan), timing_(timing) {
    for (std::size_t i = 0; i < plan.clips.size(); ++i) {
      const PlannedClip& planned = plan.clips[i];
      // An avatar clip is one before and after it is known, so that it cuts the same spans.
      bool picture = planned.purchase >= 0 || is_still(planned.clip) ||
                     (facts[i] && (facts[i]->media.video || facts[i]->media.image));
      if (picture && planned.clip.opacity > 0) visible_.push_back(static_cast<int>(i));
    }
  }

  std::vector<Span> cut() {
    std::map<std::string, std::vector<Frames>> islands;
    auto add = [&](const Frames& f) { islands[anchor_of(f)].push_back(f); };
    add(Frames(0));
    add(timing_.end);
    for (int clip : visible_) {
      for (const Frames& edge : edges_of(clip)) add(edge);
    }
    std::vector<Span> out;
    for (auto& [anchor, edges] : islands) cut_island(edges, out);
    return out;
  }

 private:
  std::int64_t fade_frames(const std::optional<TimeValue>& fade) const {
    return frames_of(fade, plan_.job.canvas.fps);
  }

  /// Start and end, and where a fade is over or begins: between those the clip may hide what is below.
  std::vector<Frames> edges_of(int i) const {
    const Position& p = timing_.clips[i];
    const Clip& c = plan_.clips[i].clip;
    std::vector<Frames> edges{p.start, p.end()};
    std::int64_t in = fade_frames(c.fade_in), out = fade_frames(c.fade_out);
    if (in > 0 && timing_.surely_le(in, p.count)) edges.push_back(p.start + in);
    if (out > 0 && timing_.surely_le(out, p.count)) edges.push_back(p.end() - out);
    return edges;
  }

  void cut_island(std::vector<Frames>& edges, std::vector<Span>& out) const {
    std::sort(edges.begin(), edges.end(), [](auto& a, auto& b) { return a.known < b.known; });
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      if (auto span = certain_span(edges[i], edges[i + 1])) out.push_back(std::move(*span));
    }
  }

  std::optional<Span> certain_span(const Frames& from, const Frames& to) const {
    if (!timing_.surely_le(Frames(0), from) || !timing_.surely_le(to, timing_.end)) return std::nullopt;
    Span span{from, to.known - from.known, {}, ""};
    for (int i : visible_) {
      const Position& p = timing_.clips[i];
      if (timing_.surely_le(p.end(), from) || timing_.surely_le(to, p.start)) continue;
      if (!timing_.surely_le(p.start, from) || !timing_.surely_le(to, p.end())) return std::nullopt;
      if (depends_on_end(i, to)) return std::nullopt;
      Frames local = from - p.start;
      bool constant = looks_constant(plan_.clips[i].clip);
      if (!local.is_known() && !constant) return std::nullopt;
      span.layers.push_back({i, constant ? 0 : local.known});
    }
    return span;
  }

  /// The clip's picture before `to` may look different when its end, which is not known yet, stands
  /// elsewhere.
  bool depends_on_end(int i, const Frames& to) const {
    const Position& p = timing_.clips[i];
    const Clip& c = plan_.clips[i].clip;
    if (p.count.is_known()) return false;
    std::int64_t fade_out = fade_frames(c.fade_out);
    return has_timed_filter(c) || (fade_out > 0 && !timing_.surely_le(to, p.end() - fade_out));
  }

  const Plan& plan_;
  const Timing& timing_;
  std::vector<int> visible_;
};

/// The group of spans that show no avatar clip, but could not be rendered before one was there.
constexpr const char* kLate = "avatars";

std::string avatars_shown(const Plan& plan, const Span& span) {
  std::string out = kLate;
  for (const Layer& layer : span.layers) {
    if (plan.clips[layer.clip].purchase >= 0) out += fmt::format(" {}", layer.clip);
  }
  return out;
}

/// The facts as they are before any avatar clip exists.
Facts without_avatars(const Plan& plan, Facts facts) {
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (plan.clips[i].purchase >= 0) facts[i].reset();
  }
  return facts;
}

struct EarlySpan {
  Frames start;  ///< in today's terms
  std::int64_t frames;
  std::string group;
};

/// What could be rendered first of all, moved to where it stands under today's facts.
std::vector<EarlySpan> early_spans(const Plan& plan, const Facts& facts, const Timing& now) {
  Facts before_facts = without_avatars(plan, facts);
  Timing before = place_clips(plan, before_facts);
  std::vector<EarlySpan> out;
  for (const Span& span : Cutter(plan, before_facts, before).cut()) {
    bool shows_avatar = std::any_of(span.layers.begin(), span.layers.end(),
                                    [&](const Layer& l) { return plan.clips[l.clip].purchase >= 0; });
    if (shows_avatar) continue;
    Frames start = span.start.known;
    for (auto [clip, times] : span.start.unknown) {
      const Frames& length = clip == kProgrammeEnd ? now.end : now.clips[clip].count;
      for (int n = 0; n < std::abs(times); ++n) start = times > 0 ? start + length : start - length;
    }
    out.push_back({start, span.frames, "early@" + anchor_of(span.start)});
  }
  return out;
}

void name_groups(const Plan& plan, const std::vector<EarlySpan>& early, std::vector<Span>& spans) {
  for (Span& span : spans) {
    span.group = avatars_shown(plan, span);
    for (const EarlySpan& e : early) {
      Frames offset = span.start - e.start;
      if (offset.is_known() && offset.known >= 0 && offset.known + span.frames <= e.frames)
        span.group = e.group;
    }
  }
}

std::vector<Run> gather(std::vector<Span> spans) {
  std::vector<Run> runs;
  for (Span& span : spans) {
    bool joins = !runs.empty() && runs.back().spans.back().group == span.group &&
                 runs.back().spans.back().start + runs.back().spans.back().frames == span.start;
    if (!joins) runs.emplace_back();
    runs.back().spans.push_back(std::move(span));
  }
  return runs;
}

/// Where the set of shown avatars changes for certain, whatever will stand there.
bool is_avatar_edge(const Plan& plan, const Timing& timing, const Frames& at) {
  for (std::size_t i = 0; i < plan.clips.size(); ++i) {
    if (plan.clips[i].purchase < 0 || plan.clips[i].clip.opacity <= 0) continue;
    if (timing.clips[i].start == at || timing.clips[i].end() == at) return true;
  }
  return at == Frames(0) || at == timing.end;
}

/// A late run is only whole when nothing can still join it at either end.
bool is_whole(const Plan& plan, const Timing& timing, const std::vector<Run>& runs, const Run& run) {
  if (run.spans.front().group.starts_with("early")) return true;
  Frames from = run.spans.front().start, to = run.spans.back().start + run.spans.back().frames;
  bool left = is_avatar_edge(plan, timing, from), right = is_avatar_edge(plan, timing, to);
  for (const Run& other : runs) {
    left |= other.spans.back().start + other.spans.back().frames == from;
    right |= other.spans.front().start == to;
  }
  return left && right;
}

}  // namespace

bool has_timed_filter(const Clip& clip) {
  return std::any_of(clip.filters.begin(), clip.filters.end(), [](const FilterSpec& spec) {
    const filters::Filter* filter = filters::find(spec.name);
    return !filter || filter->timed;
  });
}

bool looks_constant(const Clip& clip) {
  return is_still(clip) && !clip.fade_in && !clip.fade_out && !has_timed_filter(clip);
}

std::int64_t Run::frames() const {
  std::int64_t sum = 0;
  for (const Span& span : spans) sum += span.frames;
  return sum;
}

bool is_behind_avatars(const Run& run) {
  return !run.spans.empty() && run.spans.front().group == kLate;
}

std::vector<Run> certain_runs(const Plan& plan, const Facts& facts, const Timing& timing) {
  std::vector<Span> spans = Cutter(plan, facts, timing).cut();
  name_groups(plan, early_spans(plan, facts, timing), spans);
  std::vector<Run> runs = gather(std::move(spans));
  if (timing.complete()) return runs;
  std::vector<Run> whole;
  for (const Run& run : runs) {
    if (is_whole(plan, timing, runs, run)) whole.push_back(run);
  }
  return whole;
}

}  // namespace avstage::plan
