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

using Kind = TimeExpr::Kind;
using Edge = TimeExpr::Edge;

constexpr int none = -1;

/// A clip and the one clip its start hangs on.
struct Link {
  const Clip* clip;
  int to = none;
  Edge edge = Edge::end;
};

std::string name_of(const Clip& clip) {
  return clip.id.empty() ? clip.mark.pointer : clip.id;
}

std::string edge_of(const Clip& clip, Edge edge) {
  return name_of(clip) + (edge == Edge::start ? ".start" : ".end");
}

class Anchors {
 public:
  explicit Anchors(const Job& job) : fps_(job.canvas.fps) {
    for (const Track& track : job.tracks) {
      for (const Clip& clip : track.clips) {
        if (!clip.id.empty()) by_id_[clip.id] = static_cast<int>(links_.size());
        bool follows = !clip.start && &clip != &track.clips.front();
        links_.push_back({&clip, follows ? static_cast<int>(links_.size()) - 1 : none});
      }
    }
  }

  void check() {
    for (std::size_t i = 0; i < links_.size(); ++i) resolve(static_cast<int>(i));
    check_circles();
    for (const Link& link : links_) check_after_end(link);
    check_end_exists();
  }

 private:
  void resolve(int index) {
    Link& link = links_[static_cast<std::size_t>(index)];
    const auto& start = link.clip->start;
    if (!start || start->kind != Kind::anchor) return;
    auto found = by_id_.find(start->clip);
    if (found == by_id_.end()) refuse_unknown(*start);
    if (found->second == index) {
      fail(start->mark, "circle", fmt::format("an anchor of {} on itself", in_quotes(start->clip)),
           "the id of another clip");
    }
    link.to = found->second;
    link.edge = start->edge;
  }

  [[noreturn]] void refuse_unknown(const TimeExpr& start) const {
    std::vector<std::string_view> ids;
    for (const auto& [id, index] : by_id_) ids.push_back(id);
    std::vector<std::string_view> few(ids.begin(),
                                      ids.begin() + static_cast<long>(std::min<std::size_t>(ids.size(), 20)));
    std::string allowed = ids.empty() ? "the id of a clip, and no clip has one"
                                      : joined(few) + (few.size() < ids.size() ? ", …" : "");
    fail(start.mark, "anchor", fmt::format("an anchor on {}, which no clip is called", in_quotes(start.clip)),
         allowed, suggest(start.clip, ids));
  }

  const Link& at(int index) const { return links_[static_cast<std::size_t>(index)]; }

  /// Each clip hangs on at most one other: walk, and look for a clip met earlier on the same walk.
  void check_circles() const {
    std::vector<int> walk_of(links_.size(), none);
    for (int first = 0; first < static_cast<int>(links_.size()); ++first) {
      int i = first;
      while (i != none && walk_of[static_cast<std::size_t>(i)] == none) {
        walk_of[static_cast<std::size_t>(i)] = first;
        i = at(i).to;
      }
      if (i != none && walk_of[static_cast<std::size_t>(i)] == first) refuse_circle(i);
    }
  }

  [[noreturn]] void refuse_circle(int first) const {
    while (!at(first).clip->start) first = at(first).to;  // an anchor is what closes a circle
    constexpr int max_hops = 12;
    std::string circle = edge_of(*at(first).clip, Edge::start);
    int i = first;
    for (int hops = 0; hops == 0 || i != first; ++hops) {
      const Link& link = at(i);
      if (hops < max_hops) circle += " → " + edge_of(*at(link.to).clip, link.edge);
      if (hops == max_hops) circle += " → …";
      i = link.to;
    }
    fail(at(first).clip->start->mark, "circle", "a circle: " + circle,
         "anchors that do not lead back to the clip");
  }

  /// Where the programme's end decides the end of a clip, nothing can start there: it would move that end.
  void check_after_end(const Link& link) const {
    if (link.to == none || link.edge != Edge::end) return;
    const Clip& before = *at(link.to).clip;
    if (!before.duration || before.duration->kind != Kind::end) return;
    Rational offset = to_seconds(before.duration->offset, fps_);
    if (link.clip->start) offset = offset + to_seconds(link.clip->start->offset, fps_);
    if (offset < Rational(0)) return;
    fail(link.clip->start ? link.clip->start->mark : link.clip->mark, "circle",
         fmt::format("a clip that starts after {}, which lasts until the end of the programme",
                     in_quotes(name_of(before))),
         "a \"start\" before the end of the programme");
  }

  bool hangs_on_end(int index) const {
    for (; index != none; index = at(index).to) {
      const Clip& clip = *at(index).clip;
      if (clip.start && clip.start->kind == Kind::end) return true;
      bool by_its_end = at(index).to != none && at(index).edge == Edge::end;
      const auto& before = by_its_end ? at(at(index).to).clip->duration : std::nullopt;
      if (before && before->kind == Kind::end) return true;
    }
    return false;
  }

  void check_end_exists() const {
    const TimeExpr* user = nullptr;
    for (int i = 0; i < static_cast<int>(links_.size()); ++i) {
      const Clip& clip = *at(i).clip;
      bool until_end = clip.duration && clip.duration->kind == Kind::end;
      if (!until_end && !hangs_on_end(i)) return;
      if (user == nullptr && until_end) user = &*clip.duration;
      if (user == nullptr && clip.start && clip.start->kind == Kind::end) user = &*clip.start;
    }
    fail(user->mark, "circle", "\"end\" in a programme whose end no clip decides",
         "at least one clip with a start and a length of its own");
  }

  Rational fps_;
  std::vector<Link> links_;
  std::map<std::string, int, std::less<>> by_id_;
};

}  // namespace

void check_anchors(const Job& job) {
  Anchors(job).check();
}

}  // namespace avstage
