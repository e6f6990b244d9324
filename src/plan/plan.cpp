#include "plan/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "avstage/error.h"
#include "base/shape.h"

namespace avstage::plan {
namespace {

std::string label_of(const Clip& clip) {
  return clip.id.empty() ? fmt::format("clip {}", clip.mark.pointer) : fmt::format("clip '{}'", clip.id);
}

int find_purchase(Plan& plan, const AvatarRef& avatar, const AvatarWords& words) {
  const std::string key = words.clip_key(avatar);
  std::optional<AvatarRef> fallback = fallback_of(avatar);
  const std::string fallback_key = fallback ? words.clip_key(*fallback) : "";
  for (std::size_t i = 0; i < plan.purchases.size(); ++i) {
    const Purchase& known = plan.purchases[i];
    if (known.clip_key != key) continue;
    if (known.fallback_key == fallback_key) return static_cast<int>(i);
    throw Error(ErrorCode::usage,
                fmt::format("{}: the clip of {} once more, with another fallback; allowed: the same "
                            "\"transparent\" and \"background\" for both",
                            avatar.mark.str(), known.avatar.mark.str()),
                "two_fallbacks");
  }
  plan.purchases.push_back({avatar, key, {}, std::move(fallback), fallback_key});
  return static_cast<int>(plan.purchases.size()) - 1;
}

/// The key that a clip needs for its fallback, where it has none of its own.
Clip with_key_for_fallback(Clip clip) {
  const auto* avatar = std::get_if<AvatarRef>(&clip.media);
  if (clip.key || avatar == nullptr || avatar->transparent != Transparent::prefer) return clip;
  clip.key = KeySpec{};
  clip.key->mark = clip.mark;
  return clip;
}

std::optional<Color> key_color(const Clip& clip, const AvatarWords& words) {
  if (!clip.key || clip.key->color) return clip.key ? clip.key->color : std::nullopt;
  const auto* avatar = std::get_if<AvatarRef>(&clip.media);
  std::optional<AvatarRef> fallback = avatar ? fallback_of(*avatar) : std::nullopt;
  std::optional<Color> color = avatar ? words.background(fallback ? *fallback : *avatar) : std::nullopt;
  if (!color) {
    throw Error(ErrorCode::usage,
                fmt::format("{}: key \"auto\" removes the background colour the job asks the vendor for, but "
                            "this clip names none; give the avatar a \"background\" or the key a colour",
                            clip.key->mark.str()),
                "no_key_color");
  }
  return color;
}

std::pair<int, int> size_of(const Job& job, int output) {
  return job.outputs[output].size.value_or(std::pair(job.canvas.width, job.canvas.height));
}

/// Renditions of one stream are cut alike only where they are composed together.
bool same_stream(const Job& job, const Composition& composition, int output) {
  return !job.outputs[output].rendition.empty() &&
         std::any_of(composition.outputs.begin(), composition.outputs.end(),
                     [&](int other) { return job.outputs[other].path == job.outputs[output].path; });
}

std::vector<Composition> compose_by_shape(const Job& job) {
  std::vector<int> order(job.outputs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return size_of(job, a).first > size_of(job, b).first; });
  std::vector<Composition> out;
  for (int output : order) {
    auto size = size_of(job, output);
    auto same = std::find_if(out.begin(), out.end(),
                             [&](const Composition& c) { return same_stream(job, c, output); });
    if (same == out.end()) {
      same = std::find_if(out.begin(), out.end(), [&](const Composition& c) {
        return same_shape({c.canvas.width, c.canvas.height}, size);
      });
    }
    if (same == out.end()) {
      Canvas canvas = job.canvas;
      canvas.width = size.first;
      canvas.height = size.second;
      canvas.unit = double(std::min(size.first, size.second)) / std::min(job.canvas.width, job.canvas.height);
      same = out.insert(out.end(), {canvas, {}});
    }
    same->outputs.push_back(output);
  }
  return out;
}

/// Captions hang on the purchase that they are of.
void note_extras(Plan& plan) {
  for (PlannedClip& planned : plan.clips) {
    const auto* captions = std::get_if<CaptionsRef>(&planned.clip.media);
    if (captions == nullptr) continue;
    planned.purchase = plan.clips[find_avatar(plan, captions->from, planned.clip.mark)].purchase;
    plan.purchases[planned.purchase].extras.insert(Extra::captions);
  }
  for (const OutputSpec& output : plan.job.outputs) {
    if (!output.poster || output.poster->kind == PosterSpec::Kind::frame) continue;
    const int from = find_avatar(plan, output.poster->from, output.poster->mark);
    const bool gif = output.poster->kind == PosterSpec::Kind::gif;
    plan.purchases[plan.clips[from].purchase].extras.insert(gif ? Extra::gif : Extra::thumbnail);
  }
}

}  // namespace

std::optional<AvatarRef> fallback_of(const AvatarRef& avatar) {
  if (avatar.transparent != Transparent::prefer) return std::nullopt;
  constexpr Color green{0, 255, 0, 255};
  AvatarRef fallback = avatar;
  fallback.transparent = Transparent::no;
  fallback.background = avatar.background.value_or(green);
  return fallback;
}

Clip as_delivered(const Clip& clip, bool alpha) {
  const auto* avatar = std::get_if<AvatarRef>(&clip.media);
  Clip out = clip;
  if (alpha && avatar != nullptr && avatar->transparent == Transparent::prefer) out.key.reset();
  return out;
}

bool is_avatar(const Clip& clip) {
  return std::holds_alternative<AvatarRef>(clip.media);
}

bool is_captions(const Clip& clip) {
  return std::holds_alternative<CaptionsRef>(clip.media);
}

int find_avatar(const Plan& plan, const std::string& id, const Mark& mark) {
  for (std::size_t i = 0; i < plan.clips.size(); ++i) {
    if (plan.clips[i].clip.id == id && is_avatar(plan.clips[i].clip)) return static_cast<int>(i);
  }
  throw Error(ErrorCode::usage, fmt::format("{}: there is no avatar clip '{}'", mark.str(), id), "reference");
}

bool is_still(const Clip& clip) {
  return std::holds_alternative<ColorRef>(clip.media) || std::holds_alternative<TextRef>(clip.media) ||
         std::holds_alternative<ImageRef>(clip.media);
}

Plan make_plan(const Job& job, const AvatarWords& words) {
  Plan plan;
  plan.job = job;
  for (std::size_t t = 0; t < job.tracks.size(); ++t) {
    int previous = -1;
    for (const Clip& written : job.tracks[t].clips) {
      const Clip clip = with_key_for_fallback(written);
      int index = static_cast<int>(plan.clips.size());
      PlannedClip planned{clip, static_cast<int>(t), previous, -1, key_color(clip, words), label_of(clip)};
      if (const auto* avatar = std::get_if<AvatarRef>(&clip.media)) {
        planned.purchase = find_purchase(plan, *avatar, words);
        plan.purchases[planned.purchase].clips.push_back(index);
      }
      plan.clips.push_back(std::move(planned));
      previous = index;
    }
  }
  plan.compositions = compose_by_shape(job);
  note_extras(plan);
  return plan;
}

}  // namespace avstage::plan
