#include "plan/timing.h"

#include <fmt/format.h>

#include <algorithm>

#include "avstage/error.h"

namespace avstage::plan {
namespace {

[[noreturn]] void refuse(const Mark& mark, const std::string& message) {
  throw Error(ErrorCode::usage, fmt::format("{}: {}", mark.str(), message), "impossible_time");
}

std::string seconds(Time t) {
  return fmt::format("{:.3f} s", t.to_double());
}

/// Resolves starts and counts by need, remembering what is being resolved to find circles.
class Placer {
 public:
  Placer(const Plan& plan, const Facts& facts) : plan_(plan), facts_(facts), fps_(plan.job.canvas.fps) {
    starts_.resize(plan.clips.size());
    ends_.resize(plan.clips.size());
    counts_.resize(plan.clips.size());
  }

  Timing run() {
    // The programme's end is the latest end of the clips that do not themselves hang on it.
    for (int i = 0; i < size(); ++i) {
      if (!end_hangs_on_end(i)) timing_.ends.push_back(end(i));
    }
    settle_end();
    for (int i = 0; i < size(); ++i) {
      timing_.clips.push_back({start(i), count(i), in_of(shown_with(i))});
      check_place(i);
      check_medium(i);
    }
    return std::move(timing_);
  }

 private:
  enum class State { fresh, working, done };
  struct Edge {
    State state = State::fresh;
    Frames at;
  };
  /// The clip whose edge another edge is measured from; −1: none.
  struct Anchor {
    int clip = -1;
    TimeExpr::Edge edge = TimeExpr::Edge::end;
  };

  int size() const { return static_cast<int>(plan_.clips.size()); }
  const Clip& clip(int i) const { return plan_.clips[i].clip; }
  Time to_time(const TimeValue& v) const { return v.seconds + Rational(v.frames) / fps_; }

  int find(const std::string& id, const Mark& mark) const {
    for (int i = 0; i < size(); ++i) {
      if (clip(i).id == id) return i;
    }
    refuse(mark, fmt::format("there is no clip '{}'", id));
  }

  static bool is_end(const std::optional<TimeExpr>& e) { return e && e->kind == TimeExpr::Kind::end; }

  static bool is_anchor(const std::optional<TimeExpr>& e) { return e && e->kind == TimeExpr::Kind::anchor; }

  Anchor anchor_of(int i) const {
    const std::optional<TimeExpr>& e = clip(i).start;
    if (!e || e->kind == TimeExpr::Kind::automatic) return {plan_.clips[i].previous};
    if (is_anchor(e)) return {find(e->clip, e->mark), e->edge};
    return {};
  }

  /// A start hangs on the edge it is measured from, an end on the edge it lasts until, or on its own start.
  bool hangs_on_end(int i, TimeExpr::Edge edge) const {
    for (int steps = 0; steps <= 2 * size(); ++steps) {
      const bool start = edge == TimeExpr::Edge::start;
      const std::optional<TimeExpr>& e = start ? clip(i).start : clip(i).duration;
      if (is_end(e)) return true;
      Anchor next{i, TimeExpr::Edge::start};
      if (start) next = anchor_of(i);
      if (!start && is_anchor(e)) next = {find(e->clip, e->mark), e->edge};
      if (next.clip < 0) return false;
      i = next.clip;
      edge = next.edge;
    }
    return false;  // a circle: place() names it
  }

  bool start_hangs_on_end(int i) const { return hangs_on_end(i, TimeExpr::Edge::start); }
  bool end_hangs_on_end(int i) const { return hangs_on_end(i, TimeExpr::Edge::end); }

  void settle_end() {
    if (timing_.ends.empty()) {
      if (plan_.clips.empty())
        throw Error(ErrorCode::usage, plan_.job.file + ": the job has no clip", "no_clip");
      refuse(clip(0).mark, "every clip hangs on the programme's end; at least one needs a length of its own");
    }
    Frames latest = timing_.ends.front();
    for (const Frames& e : timing_.ends) {
      if (timing_.surely_le(latest, e)) latest = e;
    }
    bool sure = std::all_of(timing_.ends.begin(), timing_.ends.end(),
                            [&](const Frames& e) { return timing_.surely_le(e, latest); });
    timing_.end = sure ? latest : Frames::length_of(kProgrammeEnd);
  }

  template <typename Work>
  const Frames& place(Edge& edge, int i, Work work) {
    if (edge.state == State::working) refuse(clip(i).mark, "its time hangs on itself, in a circle");
    if (edge.state == State::fresh) {
      edge.state = State::working;
      edge.at = work();
      edge.state = State::done;
    }
    return edge.at;
  }

  const Frames& start(int i) {
    return place(starts_[i], i, [&] { return start_of(i); });
  }
  const Frames& end(int i) {
    return place(ends_[i], i, [&] { return end_of(i); });
  }

  const Frames& count(int i) {
    if (!counts_[i]) counts_[i] = count_of(i);
    return *counts_[i];
  }

  Frames edge(const Anchor& anchor) {
    return anchor.edge == TimeExpr::Edge::start ? start(anchor.clip) : end(anchor.clip);
  }

  Frames end_of(int i) {
    const std::optional<TimeExpr>& e = clip(i).duration;
    if (!is_anchor(e)) return start(i) + count(i);
    return edge({find(e->clip, e->mark), e->edge}) + frames_of(e->offset, fps_);
  }

  Frames start_of(int i) {
    const std::optional<TimeExpr>& e = clip(i).start;
    Frames offset = e ? frames_of(e->offset, fps_) : 0;
    if (is_end(e)) return timing_.end + offset;
    Anchor anchor = anchor_of(i);
    if (anchor.clip < 0) return offset;
    return edge(anchor) + offset;
  }

  static bool has_value(const std::optional<TimeExpr>& e) { return e && e->kind == TimeExpr::Kind::value; }

  Time in_of(int i) const {
    const Clip& c = clip(i);
    if (has_value(c.in)) return to_time(c.in->offset);
    if (has_value(c.out) && has_value(c.duration)) {
      Time in = to_time(c.out->offset) - to_time(c.duration->offset);
      if (in < Time(0)) refuse(c.duration->mark, "duration is longer than out");
      return in;
    }
    return Time(0);
  }

  /// Captions stand where their clip stands.
  int shown_with(int i) const {
    const auto* captions = std::get_if<CaptionsRef>(&clip(i).media);
    return captions == nullptr ? i : find_avatar(plan_, captions->from, clip(i).mark);
  }

  Frames count_of(int i) {
    if (is_captions(clip(i))) return count(shown_with(i));
    const Clip& c = clip(i);
    if (has_value(c.duration)) {
      return at_least_one(frames_of(c.duration->offset, fps_), to_time(c.duration->offset), c.duration->mark);
    }
    if (c.out && (is_end(c.duration) || is_anchor(c.duration)))
      refuse(c.out->mark, "\"out\" and a duration up to the programme's end or a clip's exclude each other");
    if (is_anchor(c.duration)) return end(i) - start(i);
    if (is_end(c.duration)) {
      return timing_.end + frames_of(c.duration->offset, fps_) - start(i);
    }
    if (has_value(c.out)) {
      Time length = to_time(c.out->offset) - in_of(i);
      return at_least_one(to_frames(length, fps_), length, c.out->mark);
    }
    return natural_count(i);
  }

  Frames at_least_one(std::int64_t n, Time length, const Mark& mark) const {
    if (n < 1) {
      refuse(mark, fmt::format("a length of {} is shorter than one frame of the canvas ({})", seconds(length),
                               seconds(Rational(1) / fps_)));
    }
    return n;
  }

  Frames natural_count(int i) const {
    if (is_still(clip(i))) refuse(clip(i).mark, "a picture without end needs a duration");
    if (!facts_[i]) {
      if (is_avatar(clip(i))) return Frames::length_of(i);
      throw Error(ErrorCode::bug, plan_.clips[i].label + " was not probed before placing");
    }
    const std::optional<Time>& available = facts_[i]->media.available;
    if (!available) {
      refuse(clip(i).mark,
             "the medium does not say how long it is, as a picture does not; it needs a \"duration\"");
    }
    check_in(i, *available);
    return std::max<std::int64_t>(1, to_frames(*available - in_of(i), fps_));
  }

  void check_in(int i, Time available) const {
    const Clip& c = clip(i);
    if (in_of(i) < available) return;
    refuse(c.in    ? c.in->mark
           : c.out ? c.out->mark
                   : c.mark,
           fmt::format("in is {}, but the medium ends at {}", seconds(in_of(i)), seconds(available)));
  }

  void check_place(int i) const {
    const Position& p = timing_.clips[i];
    const Clip& c = clip(i);
    if (p.start.is_known() && p.start.known < 0) {
      refuse(c.start ? c.start->mark : c.mark,
             fmt::format("starts {} frames before the programme does", -p.start.known));
    }
    if (p.count.is_known() && p.count.known < 1) {
      refuse(c.duration ? c.duration->mark : c.mark, "ends before it starts");
    }
    if (end_hangs_on_end(i) && !timing_.surely_le(p.end(), timing_.end)) {
      refuse(
          start_hangs_on_end(i) && c.start ? c.start->mark : c.mark,
          "hangs on the programme's end and could last beyond it; its duration must be shorter, or \"end\"");
    }
  }

  void check_medium(int i) const {
    const Position& p = timing_.clips[i];
    const Clip& c = clip(i);
    if (is_still(c) || !facts_[i] || facts_[i]->media.image || !facts_[i]->media.available) return;
    Time available = *facts_[i]->media.available;
    check_in(i, available);
    // Up to the programme's end, or another clip's, the picture holds and the sound ends: a bed under a
    // longer film.
    if (is_end(c.duration) || is_anchor(c.duration) || !p.count.is_known()) return;
    Time last = p.in + Rational(p.count.known) / fps_;
    if (last > available + Rational(1) / fps_) {
      refuse(c.out        ? c.out->mark
             : c.duration ? c.duration->mark
                          : c.mark,
             fmt::format("shows the medium up to {}, but it ends at {}", seconds(last), seconds(available)));
    }
  }

  const Plan& plan_;
  const Facts& facts_;
  Rational fps_;
  std::vector<Edge> starts_, ends_;
  std::vector<std::optional<Frames>> counts_;
  Timing timing_;
};

}  // namespace

Frames Frames::length_of(int clip) {
  Frames f;
  f.unknown[clip] = 1;
  return f;
}

Frames operator+(Frames a, const Frames& b) {
  a.known += b.known;
  for (auto [clip, times] : b.unknown) {
    if ((a.unknown[clip] += times) == 0) a.unknown.erase(clip);
  }
  return a;
}

Frames operator-(Frames a, const Frames& b) {
  a.known -= b.known;
  for (auto [clip, times] : b.unknown) {
    if ((a.unknown[clip] -= times) == 0) a.unknown.erase(clip);
  }
  return a;
}

std::string Frames::str() const {
  std::string out = fmt::format("{}", known);
  for (auto [clip, times] : unknown) {
    std::string what = clip == kProgrammeEnd ? "end" : fmt::format("length({})", clip);
    out += fmt::format(" {} {}{}", times < 0 ? "-" : "+", std::abs(times) == 1 ? "" : std::to_string(times),
                       what);
  }
  return out;
}

bool Timing::complete() const {
  return end.is_known() && std::all_of(clips.begin(), clips.end(), [](const Position& p) {
           return p.start.is_known() && p.count.is_known();
         });
}

bool Timing::surely_le(const Frames& a, const Frames& b) const {
  Frames gap = b - a;
  auto programme_end = gap.unknown.find(kProgrammeEnd);
  if (programme_end != gap.unknown.end()) {
    int times = programme_end->second;
    if (std::abs(times) != 1) return false;
    gap.unknown.erase(programme_end);
    Frames other = times == 1 ? gap : Frames(0) - gap;  // b − a = end + other, or −(end + other)
    // The end is the latest of `ends`: behind any one of them, before a point only if all are.
    auto holds = [&](const Frames& e) {
      return times == 1 ? surely_le(Frames(0) - other, e) : surely_le(e, Frames(0) - other);
    };
    return times == 1 ? std::any_of(ends.begin(), ends.end(), holds)
                      : std::all_of(ends.begin(), ends.end(), holds);
  }
  std::int64_t least = gap.known;
  for (auto [clip, times] : gap.unknown) {
    if (times < 0) return false;
    least += times;  // at least one frame each
  }
  return least >= 0;
}

Timing place_clips(const Plan& plan, const Facts& facts) {
  return Placer(plan, facts).run();
}

std::int64_t frames_of(const std::optional<TimeValue>& length, Rational fps) {
  return length ? (length->seconds * fps).round() + length->frames : 0;
}

Time source_time(const Position& position, std::int64_t local, Rational fps) {
  return position.in + Rational(local) / fps;
}

}  // namespace avstage::plan
