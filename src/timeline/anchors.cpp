#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/suggest.h"
#include "timeline/checks.h"
#include "timeline/message.h"
#include "timeline/time_expr.h"

namespace avstage {
namespace {

using TimeKind = TimeExpr::Kind;
using Edge = TimeExpr::Edge;

constexpr int none = -1;

std::string name_of(const Clip& clip) {
  return clip.id.empty() ? clip.mark.pointer : clip.id;
}

bool is_kind(const std::optional<TimeExpr>& time, TimeKind kind) {
  return time && time->kind == kind;
}

/// The two edges of every clip. Each of them hangs on at most one other: a start on the edge it is measured
/// from, an end on the edge it lasts until, or else on its clip's start.
class Anchors {
 public:
  explicit Anchors(const Job& job) : fps_(job.canvas.fps) {
    for (const Track& track : job.tracks) {
      for (const Clip& clip : track.clips) {
        const int index = static_cast<int>(clips_.size());
        if (!clip.id.empty()) by_id_[clip.id] = index;
        bool follows = !clip.start && &clip != &track.clips.front();
        clips_.push_back(&clip);
        hangs_on_.push_back(follows ? node(index - 1, Edge::end) : none);
        hangs_on_.push_back(is_kind(clip.duration, TimeKind::end) ? none : node(index, Edge::start));
      }
    }
  }

  void check() {
    for (int clip = 0; clip < static_cast<int>(clips_.size()); ++clip) {
      resolve(clip, Edge::start, clips_[at(clip)]->start);
      resolve(clip, Edge::end, clips_[at(clip)]->duration);
    }
    check_circles();
    for (int n = 0; n < static_cast<int>(hangs_on_.size()); ++n) check_after_end(n);
    check_end_exists();
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  static int node(int clip, Edge edge) { return 2 * clip + (edge == Edge::end ? 1 : 0); }
  static Edge edge_of(int node) { return node % 2 == 1 ? Edge::end : Edge::start; }
  const Clip& clip_of(int node) const { return *clips_[at(node / 2)]; }
  std::string name_of_edge(int node) const {
    return name_of(clip_of(node)) + (edge_of(node) == Edge::start ? ".start" : ".end");
  }
  /// What the edge is written as; nullopt for a start that follows and an end that a length gives.
  const std::optional<TimeExpr>& time_of(int node) const {
    return edge_of(node) == Edge::start ? clip_of(node).start : clip_of(node).duration;
  }
  const Mark& mark_of(int node) const {
    const auto& time = time_of(node);
    return time ? time->mark : clip_of(node).mark;
  }

  void resolve(int clip, Edge edge, const std::optional<TimeExpr>& time) {
    if (!is_kind(time, TimeKind::anchor)) return;
    auto found = by_id_.find(time->clip);
    if (found == by_id_.end()) refuse_unknown(*time);
    if (found->second == clip) {
      fail(time->mark, "circle", fmt::format("an anchor of {} on itself", in_quotes(time->clip)),
           "the id of another clip");
    }
    hangs_on_[at(node(clip, edge))] = node(found->second, time->edge);
  }

  [[noreturn]] void refuse_unknown(const TimeExpr& time) const {
    std::vector<std::string_view> ids;
    for (const auto& [id, index] : by_id_) ids.push_back(id);
    std::vector<std::string_view> few(ids.begin(),
                                      ids.begin() + static_cast<long>(std::min<std::size_t>(ids.size(), 20)));
    std::string allowed = ids.empty() ? "the id of a clip, and no clip has one"
                                      : joined(few) + (few.size() < ids.size() ? ", …" : "");
    fail(time.mark, "anchor", fmt::format("an anchor on {}, which no clip is called", in_quotes(time.clip)),
         allowed, suggest(time.clip, ids));
  }

  /// Walk, and look for an edge met earlier on the same walk.
  void check_circles() const {
    std::vector<int> walk_of(hangs_on_.size(), none);
    for (int first = 0; first < static_cast<int>(hangs_on_.size()); ++first) {
      int i = first;
      while (i != none && walk_of[at(i)] == none) {
        walk_of[at(i)] = first;
        i = hangs_on_[at(i)];
      }
      if (i != none && walk_of[at(i)] == first) refuse_circle(i);
    }
  }

  [[noreturn]] void refuse_circle(int first) const {
    // An anchor is what closes a circle.
    while (!is_kind(time_of(first), TimeKind::anchor)) first = hangs_on_[at(first)];
    constexpr int max_hops = 12;
    std::string circle = name_of_edge(first);
    int i = first, hops = 0;
    do {
      const bool by_its_own_start = edge_of(i) == Edge::end && hangs_on_[at(i)] == i - 1;
      i = hangs_on_[at(i)];
      if (by_its_own_start) continue;
      if (hops < max_hops) circle += " → " + name_of_edge(i);
      if (hops++ == max_hops) circle += " → …";
    } while (i != first);
    fail(mark_of(first), "circle", "a circle: " + circle, "anchors that do not lead back to the clip");
  }

  /// Where the programme's end decides the end of a clip, nothing can stand there: it would move that end.
  void check_after_end(int n) const {
    const int before = hangs_on_[at(n)];
    if (before == none || edge_of(before) != Edge::end || !is_kind(clip_of(before).duration, TimeKind::end))
      return;
    const auto& time = time_of(n);
    Rational offset = to_seconds(clip_of(before).duration->offset, fps_);
    if (time) offset = offset + to_seconds(time->offset, fps_);
    const bool starts = edge_of(n) == Edge::start;
    if (starts ? offset < Rational(0) : offset <= Rational(0)) return;
    fail(mark_of(n), "circle",
         fmt::format("a clip that {} after {}, which lasts until the end of the programme",
                     starts ? "starts" : "ends", in_quotes(name_of(clip_of(before)))),
         starts ? "a \"start\" before the end of the programme" : "an end not after the programme's");
  }

  bool hangs_on_end(int n) const {
    for (; n != none; n = hangs_on_[at(n)]) {
      if (is_kind(time_of(n), TimeKind::end)) return true;
    }
    return false;
  }

  void check_end_exists() const {
    const TimeExpr* user = nullptr;
    for (int n = 1; n < static_cast<int>(hangs_on_.size()); n += 2) {
      if (!hangs_on_end(n)) return;
      const Clip& clip = clip_of(n);
      if (user == nullptr && is_kind(clip.duration, TimeKind::end)) user = &*clip.duration;
      if (user == nullptr && is_kind(clip.start, TimeKind::end)) user = &*clip.start;
    }
    fail(user->mark, "circle", "\"end\" in a programme whose end no clip decides",
         "at least one clip with a start and a length of its own");
  }

  Rational fps_;
  std::vector<const Clip*> clips_;
  std::vector<int> hangs_on_;  ///< by edge: the edge it hangs on
  std::map<std::string, int, std::less<>> by_id_;
};

}  // namespace

void check_anchors(const Job& job) {
  Anchors(job).check();
}

}  // namespace avstage
