#include "run/compose/audio_mix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "run/compose/ducking.h"

namespace avstage::run {

struct AudioMix::Voice : SoundPlace {
  int clip = 0;
  std::string medium;  ///< equal for clips of one medium
  std::string label;
  float volume = 1;
  std::unique_ptr<media::AudioReader> reader;
  Voice* under = nullptr;  ///< gives way to this one
  std::optional<Ducker> ducker;
  bool listened = false;     ///< another one gives way to it
  std::vector<float> heard;  ///< then: its share of the present block

  float gain(std::int64_t local) const {
    float g = volume;
    if (local < fade_in) g *= static_cast<float>(local) / static_cast<float>(fade_in);
    if (samples - local < fade_out) g *= static_cast<float>(samples - local) / static_cast<float>(fade_out);
    return g;
  }
};

namespace {

std::string medium_of(const plan::PlannedClip& planned) {
  if (const auto* file = std::get_if<FileRef>(&planned.clip.media)) return "file " + file->path;
  return fmt::format("purchase {}", planned.purchase);
}

/// A float file may hold what is no number; it would silence or stop the whole programme.
void require_numbers(std::span<const float> part, const std::string& label) {
  if (std::all_of(part.begin(), part.end(), [](float s) { return std::isfinite(s); })) return;
  throw Error(ErrorCode::input, label + ": its sound holds samples that are not finite numbers",
              "not_finite");
}

}  // namespace

SoundPlace sound_place(const plan::Plan& plan, const plan::RenderPlan& render, const plan::AudioPart& part) {
  const Rational fps = plan.job.canvas.fps;
  auto sample = [&](std::int64_t frame) { return frame_to_sample(frame, fps, kSampleRate); };
  SoundPlace place;
  place.start = sample(part.start);
  place.samples = sample(part.start + part.frames) - place.start;
  // Rounded as a distance, so that a cut between contiguous pieces of a source loses and doubles no sample.
  place.source = place.start + ((part.in - Rational(part.start) / fps) * Rational(kSampleRate)).round();
  auto fades = plan::active_fades(plan, render.timing.clips[part.clip], part.clip, 0, part.frames);
  place.fade_in = sample(part.start + fades.in) - place.start;
  place.fade_out = place.end() - sample(part.start + part.frames - fades.out);
  return place;
}

AudioMix::AudioMix(const plan::Plan& plan, const plan::RenderPlan& render, const MediaAccess& media)
    : media_(media) {
  total_ = frame_to_sample(render.frames, plan.job.canvas.fps, kSampleRate);
  for (const plan::AudioPart& part : render.audio) {
    Voice voice{sound_place(plan, render, part)};
    voice.clip = part.clip;
    voice.medium = medium_of(plan.clips[part.clip]);
    voice.label = plan.clips[part.clip].label;
    voice.volume = static_cast<float>(plan.clips[part.clip].clip.volume);
    voices_.push_back(std::move(voice));
  }
  for (Voice& voice : voices_) {
    const std::optional<DuckSpec>& duck = plan.clips[voice.clip].clip.duck;
    if (!duck) continue;
    auto other = std::find_if(voices_.begin(), voices_.end(),
                              [&](const Voice& v) { return plan.clips[v.clip].clip.id == duck->under; });
    if (other == voices_.end()) continue;  // it has no sound, or none is wanted of it
    voice.under = &*other;
    voice.ducker.emplace(duck->by, kSampleRate);
    other->listened = true;
  }
}

AudioMix::~AudioMix() = default;

/// A clip that goes on with the medium of one that has just ended takes over its reader: no second opening,
/// and a decoder that has not been sought goes on without a trace.
void AudioMix::open(Voice& voice) {
  auto before = std::find_if(voices_.begin(), voices_.end(), [&](const Voice& other) {
    return other.reader && other.end() <= voice.start && other.medium == voice.medium;
  });
  if (before != voices_.end()) {
    voice.reader = std::move(before->reader);
  } else {
    voice.reader = std::make_unique<media::AudioReader>(media_.open(voice.clip, media::Demuxer::Want::audio),
                                                        kSampleRate);
  }
}

/// Its share of the block, in silence elsewhere.
void AudioMix::hear(Voice& voice, std::span<float> block) {
  std::fill(block.begin(), block.end(), 0.0F);
  const std::int64_t frames = static_cast<std::int64_t>(block.size() / 2);
  std::int64_t from = std::max(position_, voice.start);
  std::int64_t to = std::min(position_ + frames, voice.end());
  if (from >= to) return;
  if (!voice.reader) open(voice);
  std::span<float> part =
      block.subspan(static_cast<std::size_t>(from - position_) * 2, static_cast<std::size_t>(to - from) * 2);
  voice.reader->read(voice.source + from - voice.start, part);
  require_numbers(part, voice.label);
  const bool plain = voice.fade_in == 0 && voice.fade_out == 0;
  for (std::int64_t i = 0; i < to - from; ++i) {
    float gain = plain ? voice.volume : voice.gain(from + i - voice.start);
    part[2 * i] *= gain;
    part[2 * i + 1] *= gain;
  }
}

void AudioMix::read(std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0F);
  scratch_.resize(out.size());
  auto sounds = [&](const Voice& v) {
    return v.start < position_ + static_cast<std::int64_t>(out.size() / 2) && v.end() > position_;
  };
  for (Voice& voice : voices_) {
    if (!voice.listened) continue;
    voice.heard.resize(out.size());
    hear(voice, voice.heard);
  }
  for (Voice& voice : voices_) {
    if (!sounds(voice) && !voice.ducker) continue;
    if (!voice.listened) hear(voice, scratch_);
    if (voice.listened) std::copy(voice.heard.begin(), voice.heard.end(), scratch_.begin());
    if (voice.ducker) voice.ducker->apply(voice.under->heard, scratch_);
    std::transform(out.begin(), out.end(), scratch_.begin(), out.begin(), std::plus<>());
  }
  position_ += static_cast<std::int64_t>(out.size() / 2);
  for (Voice& voice : voices_) {
    if (voice.end() < position_) voice.reader.reset();
  }
  clipped_ += std::count_if(out.begin(), out.end(), [](float s) { return std::fabs(s) > 1.0F; });
}

}  // namespace avstage::run
