#include "plan/overlaps.h"

#include <fmt/format.h>

#include <algorithm>

#include "plan/layout.h"

namespace avstage::plan {
namespace {

constexpr std::size_t kMost = 20;

/// A clip with a known place on its track.
struct Shown {
  int clip = 0;
  std::int64_t start = 0, end = 0;
};

bool has_picture(const PlannedClip& planned, const std::optional<ClipFacts>& facts) {
  return planned.clip.opacity > 0 && (!facts || facts->media.video || facts->media.image);
}

/// Where the clip's picture lands; nullopt for a text, whose size nobody knows here.
std::optional<Box> box_of(const Clip& clip, const std::optional<ClipFacts>& facts, const Canvas& canvas) {
  if (std::holds_alternative<TextRef>(clip.media)) return std::nullopt;
  int width = canvas.width, height = canvas.height;  // a colour's shape, and a guess at what is not made yet
  if (facts && facts->media.video) {
    width = facts->media.video->display_width;
    height = facts->media.video->display_height;
  }
  return place_picture(clip, width, height, canvas);
}

bool is_opaque(const Clip& clip, const std::optional<ClipFacts>& facts) {
  const auto* color = std::get_if<ColorRef>(&clip.media);
  if (clip.opacity < 1 || clip.key || !clip.filters.empty()) return false;
  return color ? color->color.a == 255 : !(facts && facts->media.video && facts->media.video->alpha);
}

/// True when `above` leaves nothing to be seen of `below`.
bool hides(const Plan& plan, const Facts& facts, int above, int below) {
  const Canvas& canvas = plan.job.canvas;
  const Clip &top = plan.clips[above].clip, &bottom = plan.clips[below].clip;
  const std::optional<Box> a = box_of(top, facts[above], canvas), b = box_of(bottom, facts[below], canvas);
  if (!a || !is_opaque(top, facts[above])) return false;
  if (!b) return a->covers(canvas);
  return a->x <= std::max(b->x, 0) && a->y <= std::max(b->y, 0) &&
         a->x + a->width >= std::min(b->x + b->width, canvas.width) &&
         a->y + a->height >= std::min(b->y + b->height, canvas.height);
}

std::string line_of(const Plan& plan, const Shown& a, const Shown& b) {
  const Rational fps = plan.job.canvas.fps;
  const int below = std::min(a.clip, b.clip), above = std::max(a.clip, b.clip);
  const std::int64_t frames = std::min(a.end, b.end) - std::max(a.start, b.start);
  auto seconds = [&](std::int64_t n) { return (Rational(n) / fps).to_double(); };
  return fmt::format(
      "{}: {} hides {} on the same track for {:.3f} s from {:.3f} s; if that is meant, put it on a track of "
      "its "
      "own",
      plan.clips[above].clip.mark.str(), plan.clips[above].label, plan.clips[below].label, seconds(frames),
      seconds(std::max(a.start, b.start)));
}

}  // namespace

std::vector<std::string> overlaps(const Plan& plan, const Facts& facts, const Timing& timing) {
  std::vector<std::vector<Shown>> tracks(plan.job.tracks.size());
  for (std::size_t i = 0; i < plan.clips.size(); ++i) {
    const Position& p = timing.clips[i];
    if (!p.start.is_known() || !p.count.is_known() || !has_picture(plan.clips[i], facts[i])) continue;
    tracks[static_cast<std::size_t>(plan.clips[i].track)].push_back(
        {static_cast<int>(i), p.start.known, p.end().known});
  }
  std::vector<std::string> lines;
  for (std::vector<Shown>& shown : tracks) {
    std::stable_sort(shown.begin(), shown.end(),
                     [](const Shown& a, const Shown& b) { return a.start < b.start; });
    // Only neighbours and the clip that lasts longest: a track is mostly one clip after the other.
    for (std::size_t i = 1, longest = 0; i < shown.size() && lines.size() < kMost; ++i) {
      const int below = std::min(shown[longest].clip, shown[i].clip),
                above = std::max(shown[longest].clip, shown[i].clip);
      if (shown[i].start < shown[longest].end && hides(plan, facts, above, below))
        lines.push_back(line_of(plan, shown[longest], shown[i]));
      if (shown[i].end > shown[longest].end) longest = i;
    }
  }
  return lines;
}

}  // namespace avstage::plan
