#include "timeline/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/suggest.h"
#include "timeline/message.h"
#include "timeline/time_expr.h"

namespace avstage {
namespace {

std::string place(const Mark& mark) {
  return fmt::format("line {}, column {}", mark.line, mark.column);
}

void check_ids(const Job& job) {
  std::map<std::string, Mark> seen;
  auto check = [&](const std::string& id, const Mark& mark) {
    if (id.empty()) return;
    auto [first, is_new] = seen.emplace(id, mark);
    if (is_new) return;
    fail(mark, "duplicate_id", fmt::format("the id {} a second time", in_quotes(id)),
         fmt::format("each id once (the first is in {})", place(first->second)));
  };
  for (const Track& track : job.tracks) {
    check(track.id, track.mark);
    for (const Clip& clip : track.clips) check(clip.id, clip.mark);
  }
}

Rational seconds(const std::optional<TimeExpr>& expr, Rational fps) {
  return expr ? to_seconds(expr->offset, fps) : Rational(0);
}

void check_range(const Clip& clip, Rational fps) {
  bool has_length = clip.duration && clip.duration->kind == TimeExpr::Kind::value;
  Rational in = seconds(clip.in, fps), out = seconds(clip.out, fps), duration = seconds(clip.duration, fps);
  if (clip.out && out <= in) {
    fail(clip.out->mark, "value",
         fmt::format("an \"out\" of {} s with an \"in\" of {} s", out.str(), in.str()),
         "an \"out\" after \"in\"");
  }
  if (clip.out && has_length && duration > out) {
    fail(clip.duration->mark, "value",
         fmt::format("a duration of {} s before an \"out\" of {} s", duration.str(), out.str()),
         "a duration of at most \"out\"");
  }
}

bool is_still(const MediaRef& media) {
  return !std::holds_alternative<FileRef>(media) && !std::holds_alternative<AvatarRef>(media) &&
         !std::holds_alternative<CaptionsRef>(media);
}

void check_still(const Clip& clip) {
  if (!is_still(clip.media)) return;
  if (!clip.duration) {
    fail(clip.mark, "missing", "no \"duration\" of a still (image, color or text)",
         "\"duration\" in seconds, or \"end\" for as long as the programme");
  }
  if (clip.duration->kind == TimeExpr::Kind::automatic) {
    fail(clip.duration->mark, "value", "\"auto\" as the duration of a still (image, color or text)",
         "a length, or \"end\" for as long as the programme");
  }
}

/// Ducking hangs on what is heard of the other clip, not on its times: two clips may even duck each other.
void check_ducks(const Job& job) {
  std::map<std::string_view, const Clip*> clips;
  for (const Track& track : job.tracks) {
    for (const Clip& clip : track.clips) {
      if (!clip.id.empty()) clips[clip.id] = &clip;
    }
  }
  for (const Track& track : job.tracks) {
    for (const Clip& clip : track.clips) {
      if (!clip.duck) continue;
      std::vector<std::string_view> others;
      for (const auto& [id, other] : clips) {
        if (other != &clip && !is_still(other->media)) others.push_back(id);
      }
      const std::string& under = clip.duck->under;
      if (std::find(others.begin(), others.end(), under) != others.end()) continue;
      fail(clip.duck->mark, "duck", fmt::format("a duck under {}", in_quotes(under)),
           "the id of another clip that can be heard: " +
               (others.empty() ? std::string("no clip has one") : joined(others)),
           suggest(under, others));
    }
  }
}

std::string normal(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().string();
}

/// True for a rendition of the stream that stands at `mark`.
bool same_stream(const OutputSpec& output, const Mark& mark) {
  return !output.rendition.empty() && output.mark.pointer == mark.pointer;
}

void check_outputs(const Job& job) {
  std::map<std::string, Mark> outputs;
  for (const OutputSpec& output : job.outputs) {
    auto [first, is_new] = outputs.emplace(normal(output.path), output.mark);
    if (is_new || same_stream(output, first->second)) continue;
    fail(output.mark, "output", fmt::format("the output {} a second time", in_quotes(output.path)),
         fmt::format("each path once (the first is in {})", place(first->second)));
  }
  auto check = [&](const std::string& path, const Mark& mark) {
    if (path.empty() || !outputs.contains(normal(path))) return;
    fail(mark, "output", fmt::format("{}, which is also an output", in_quotes(path)),
         "an input that the job does not overwrite");
  };
  for (const Track& track : job.tracks) {
    for (const Clip& clip : track.clips) {
      if (const auto* file = std::get_if<FileRef>(&clip.media)) check(file->path, clip.mark);
      if (const auto* image = std::get_if<ImageRef>(&clip.media)) check(image->path, clip.mark);
      if (const auto* text = std::get_if<TextRef>(&clip.media)) check(text->font, clip.mark);
      if (const auto* captions = std::get_if<CaptionsRef>(&clip.media)) check(captions->look.font, clip.mark);
    }
  }
}

const AvatarRef& avatar_clip(const Job& job, const std::string& id, const Mark& mark) {
  std::vector<std::string_view> ids;
  for (const Track& track : job.tracks) {
    for (const Clip& clip : track.clips) {
      const auto* avatar = std::get_if<AvatarRef>(&clip.media);
      if (avatar == nullptr || clip.id.empty()) continue;
      if (clip.id == id) return *avatar;
      ids.push_back(clip.id);
    }
  }
  fail(mark, "reference", fmt::format("{}, which no avatar clip is called", in_quotes(id)),
       ids.empty() ? "the \"id\" of an avatar clip, and none has one" : joined(ids), suggest(id, ids));
}

/// The vendor makes captions only where they were ordered with the clip.
void check_captions(const Job& job, const Clip& clip) {
  const auto* captions = std::get_if<CaptionsRef>(&clip.media);
  if (captions == nullptr) return;
  const AvatarRef& avatar = avatar_clip(job, captions->from, clip.mark);
  if (avatar.caption || !avatar.request.empty() || !avatar.video_id.empty()) return;
  fail(clip.mark, "captions",
       fmt::format("captions from {}, whose avatar orders none", in_quotes(captions->from)),
       "an avatar with \"caption\": true (another order than without)");
}

std::string stem(const std::string& path) {
  return path.substr(0, path.rfind('.'));
}

void check_posters(const Job& job) {
  std::map<std::string, Mark> posters;
  for (const OutputSpec& output : job.outputs) {
    if (!output.poster) continue;
    if (!output.poster->from.empty()) avatar_clip(job, output.poster->from, output.poster->mark);
    auto [first, is_new] = posters.emplace(normal(stem(output.path)), output.mark);
    if (is_new || same_stream(output, first->second)) continue;
    fail(output.poster->mark, "output", fmt::format("a second poster of {}", in_quotes(stem(output.path))),
         fmt::format("one (the first is in {})", place(first->second)));
  }
}

}  // namespace

void check_job(const Job& job) {
  check_ids(job);
  for (const Track& track : job.tracks) {
    for (const Clip& clip : track.clips) {
      check_range(clip, job.canvas.fps);
      check_still(clip);
      check_captions(job, clip);
    }
  }
  check_anchors(job);
  check_ducks(job);
  check_outputs(job);
  check_posters(job);
}

}  // namespace avstage
