#include "run/deliver/sound_copies.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "run/compose/audio_mix.h"

namespace avstage::run {
namespace {

using media::kAacFrame;

/// Frames below which a copy is not worth it: on either side some hundred are encoded for the seam.
constexpr std::int64_t kLeast = 240;
/// What an encoder may be above the rate that it was asked for.
constexpr double kTolerance = 1.05;

/// Samples [begin, end) of the programme that are those of one file.
struct Untouched {
  std::int64_t begin = 0, end = 0;
  CopiedSound sound;  ///< without packets
};

bool may_be_copied(const Clip& clip) {
  return std::holds_alternative<FileRef>(clip.media) && clip.volume == 1;
}

std::vector<Untouched> untouched(const plan::Plan& plan, const plan::RenderPlan& render) {
  struct Heard {
    const Clip* clip;
    std::size_t part;
    SoundPlace place;
  };
  std::vector<Heard> heard;
  for (std::size_t i = 0; i < render.audio.size(); ++i) {
    const plan::AudioPart& part = render.audio[i];
    heard.push_back({&plan.clips[part.clip].clip, i, sound_place(plan, render, part)});
    if (heard.back().clip->duck) return {};
  }
  std::sort(heard.begin(), heard.end(),
            [](const Heard& a, const Heard& b) { return a.place.start < b.place.start; });
  std::vector<Untouched> out;
  for (const Heard& one : heard) {
    if (!may_be_copied(*one.clip)) continue;
    CopiedSound sound{one.part};
    find_source(sound, plan, render);
    std::int64_t begin = one.place.start + one.place.fade_in;
    const std::int64_t last = one.place.end() - one.place.fade_out;
    auto add_until = [&](std::int64_t end) {
      if (begin >= end) return;
      if (!out.empty() && out.back().end == begin && out.back().sound.path == sound.path &&
          out.back().sound.offset == sound.offset) {
        out.back().end = end;
      } else {
        out.push_back({begin, end, sound});
      }
    };
    for (const Heard& other : heard) {
      if (&other == &one || other.place.end() <= begin || other.place.start >= last) continue;
      add_until(other.place.start);
      begin = std::max(begin, other.place.end());
    }
    add_until(last);
  }
  std::sort(out.begin(), out.end(), [](const Untouched& a, const Untouched& b) { return a.begin < b.begin; });
  return out;
}

/// The frames of `index` whose windows lie within what is untouched. The file's first one begins without what
/// its encoder heard before, and at its last ones the container may end the sound within a frame.
SoundCopies::Stretch frames_within(const Untouched& range, std::shared_ptr<const media::AacIndex> index) {
  auto at = [&](std::int64_t frame) { return index->sample(frame) + range.sound.offset; };
  auto up = [](std::int64_t samples) { return samples > 0 ? (samples + kAacFrame - 1) / kAacFrame : 0; };
  const std::int64_t first = std::max({std::int64_t(1), index->first, up(range.begin - at(0))});
  const std::int64_t last = std::min(index->first + index->shown - 2, (range.end - at(0)) / kAacFrame - 1);
  SoundCopies::Stretch stretch{range.sound, std::move(index)};
  stretch.sound.source = first;
  stretch.sound.frames = std::max<std::int64_t>(last - first, 0);
  return stretch;
}

bool is_within(std::int64_t bitrate, const SoundCopies::Stretch& stretch) {
  std::int64_t bytes = 0;
  for (std::int64_t i = 0; i < stretch.sound.frames; ++i)
    bytes += stretch.index->bytes[static_cast<std::size_t>(stretch.sound.source + i)];
  const double seconds = static_cast<double>(stretch.sound.frames * kAacFrame) / kSampleRate;
  return 8.0 * static_cast<double>(bytes) <= kTolerance * static_cast<double>(bitrate) * seconds;
}

std::int64_t frames_of(const SoundCopies& copies) {
  std::int64_t frames = 0;
  for (const SoundCopies::Stretch& stretch : copies.stretches) frames += stretch.sound.frames;
  return frames;
}

}  // namespace

void find_source(CopiedSound& sound, const plan::Plan& plan, const plan::RenderPlan& render) {
  const plan::AudioPart& part = render.audio.at(sound.part);
  const SoundPlace place = sound_place(plan, render, part);
  sound.path = std::get<FileRef>(plan.clips[part.clip].clip.media).path;
  sound.offset = place.start - place.source;
}

SoundCopies choose_sound_copies(const plan::Plan& plan, const plan::RenderPlan& render,
                                const OutputSpec& output) {
  if (output.audio.codec != "aac" || output.copy == "never" || output.loudness) return {};
  if (!plan.purchases.empty()) return {};
  std::map<std::string, std::shared_ptr<const media::AacIndex>> indices;
  std::map<std::int64_t, SoundCopies> by_shift;
  for (const Untouched& range : untouched(plan, render)) {
    if (range.end - range.begin < kLeast * kAacFrame) continue;
    auto [known, is_new] = indices.try_emplace(range.sound.path);
    if (is_new) {
      if (auto index = media::index_aac(range.sound.path))
        known->second = std::make_shared<const media::AacIndex>(*std::move(index));
    }
    if (!known->second) continue;
    SoundCopies::Stretch stretch = frames_within(range, known->second);
    if (stretch.sound.frames < kLeast || !is_within(output.audio.bitrate, stretch)) continue;
    const std::int64_t begin = stretch.index->sample(stretch.sound.source) + range.sound.offset;
    const std::int64_t shift = (kAacFrame - begin % kAacFrame) % kAacFrame;
    stretch.sound.packet =
        (begin + shift) / kAacFrame + 1;  // the first packet of a track stands before its first sample
    by_shift[shift].shift = shift;
    by_shift[shift].stretches.push_back(std::move(stretch));
  }
  SoundCopies best;
  for (auto& [shift, copies] : by_shift) {
    if (frames_of(copies) > frames_of(best)) best = std::move(copies);
  }
  return best;
}

}  // namespace avstage::run
