#include "plan/resolve.h"

#include <algorithm>
#include <set>

#include "avstage/error.h"
#include "base/mezzanine.h"
#include "base/sha256.h"
#include "plan/content_key.h"
#include "plan/layout.h"
#include "plan/segments.h"

namespace avstage::plan {
namespace {

Run without_hidden(const Plan& plan, const Facts& facts, const Timing& timing, Run run,
                   const Canvas& canvas) {
  auto has_no_picture = [&](const Layer& layer) {
    const auto& known = facts[layer.clip];
    return known && !known->media.video && !known->media.image;
  };
  for (Span& span : run.spans) {
    std::erase_if(span.layers, has_no_picture);
    for (std::size_t i = span.layers.size(); i-- > 1;) {
      if (!hides_all_below(plan, facts, timing, span, span.layers[i], canvas)) continue;
      span.layers.erase(span.layers.begin(), span.layers.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  }
  return run;
}

bool has_rendition(const Plan& plan, const Composition& composition) {
  return std::any_of(composition.outputs.begin(), composition.outputs.end(),
                     [&](int output) { return !plan.job.outputs[output].rendition.empty(); });
}

/// What an avatar clip could be.
ClipFacts guessed(const Plan& plan, Time length) {
  ClipFacts guess;
  guess.media.video.emplace();
  guess.media.video->width = guess.media.video->display_width = plan.job.canvas.width;
  guess.media.video->height = guess.media.video->display_height = plan.job.canvas.height;
  guess.media.audio.emplace();
  guess.media.available = length;
  return guess;
}

/// With guesses for all avatar clips: for estimates that must not hang on what is known already.
Facts all_guessed(const Plan& plan, Facts facts, Time length) {
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (plan.clips[i].purchase >= 0) facts[i] = guessed(plan, length);
  }
  return facts;
}

/// Nothing is copied where no guess suits the job.
CopyChoice guess_copies(const Plan& plan, const Facts& facts, const Composition& composition) {
  for (Time length : {Time(20), Time(600)}) {
    try {
      const Facts guess = all_guessed(plan, facts, length);
      const Timing timing = place_clips(plan, guess);
      std::vector<Run> runs = certain_runs(plan, guess, timing);
      for (Run& run : runs) run = without_hidden(plan, guess, timing, std::move(run), composition.canvas);
      return choose_copies(plan, guess, composition, timing, runs);
    } catch (const Error&) {  // its length does not suit the job
      continue;
    }
  }
  return {};
}

class Resolver {
 public:
  Resolver(const Plan& plan, const Facts& facts, const std::string& toolchain, bool copy)
      : plan_(plan), facts_(facts), toolchain_(toolchain), copy_(copy), timing_(place_clips(plan, facts)) {}

  RenderPlan run() {
    RenderPlan out;
    out.complete = timing_.complete();
    if (out.complete) out.frames = timing_.end.known;
    std::vector<Run> runs = certain_runs(plan_, facts_, timing_);
    for (const Composition& composition : plan_.compositions) {
      out.compositions.push_back(compose(composition, runs));
    }
    if (out.complete) {
      out.audio = audio();
      out.output_keys = output_keys(out);
    }
    out.timing = timing_;
    return out;
  }

 private:
  CompositionPlan compose(const Composition& composition, const std::vector<Run>& runs) const {
    CompositionPlan out;
    if (copy_) out.copy = guess_copies(plan_, facts_, composition);
    for (const Run& run : runs) {
      const std::vector<int> waits_for = missing(run);
      Run seen = without_hidden(plan_, facts_, timing_, run, composition.canvas);
      for (Cut& cut : cut_run(plan_, facts_, timing_, seen, out.copy)) {
        out.segments.push_back(segment(composition, out.copy, std::move(cut), waits_for));
      }
    }
    return out;
  }

  std::vector<std::int64_t> groups_in(const Copy& copy) const {
    std::vector<std::int64_t> groups;
    for (const Gop& gop : facts_[copy.clip]->gops->gops) {
      if (gop.first >= copy.first && gop.first < copy.first + copy.frames)
        groups.push_back(gop.first - copy.first);
    }
    return groups;
  }

  /// A run waits as a whole: an avatar clip may turn out to hide what is below it, and that moves the cuts.
  std::vector<int> missing(const Run& run) const {
    std::set<int> purchases;
    for (const Span& span : run.spans) {
      for (const Layer& layer : span.layers) {
        if (!facts_[layer.clip]) purchases.insert(plan_.clips[layer.clip].purchase);
      }
    }
    return {purchases.begin(), purchases.end()};
  }

  Segment segment(const Composition& composition, const CopyChoice& choice, Cut cut,
                  const std::vector<int>& waits_for) const {
    Segment s;
    s.spans = std::move(cut.spans);
    s.copy = cut.copy;
    s.waits_for = waits_for;
    if (s.spans.front().start.is_known()) s.at = s.spans.front().start.known;
    std::set<int> shows;
    for (const Span& span : s.spans) {
      s.frames += span.frames;
      for (const Layer& layer : span.layers) {
        int purchase = plan_.clips[layer.clip].purchase;
        if (purchase >= 0) shows.insert(purchase);
      }
    }
    s.shows.assign(shows.begin(), shows.end());
    if (cut.copy && has_rendition(plan_, composition)) s.groups = groups_in(*cut.copy);
    if (!s.waits_for.empty()) return s;
    for (std::size_t k = 0; k < composition.outputs.size(); ++k) {
      const OutputSpec& output = plan_.job.outputs[composition.outputs[k]];
      const bool copied = cut.copy && choice.takes(k) && admits(output, cut.peak);
      const bool bound = choice.takes(k) && !is_intra(output.codec);
      const std::string beside = bound ? sha256_hex(choice.sets) : "";
      s.copied.push_back(copied);
      s.keys.push_back(copied ? copy_key(plan_, facts_, *cut.copy, toolchain_)
                              : segment_key(plan_, facts_, timing_, s.spans, s.groups, composition.canvas,
                                            output, beside, toolchain_));
    }
    return s;
  }

  bool may_sound(int clip) const {
    const Clip& c = plan_.clips[clip].clip;
    if (is_still(c) || is_captions(c) || c.volume == 0) return false;
    return !facts_[clip] || facts_[clip]->media.audio.has_value();
  }

  std::vector<AudioPart> audio() const {
    std::vector<AudioPart> parts;
    for (std::size_t i = 0; i < plan_.clips.size(); ++i) {
      const Position& p = timing_.clips[i];
      if (may_sound(static_cast<int>(i))) {
        parts.push_back({static_cast<int>(i), p.start.known, p.count.known, p.in});
      }
    }
    return parts;
  }

  std::vector<std::string> output_keys(const RenderPlan& render) const {
    std::vector<std::string> keys(plan_.job.outputs.size());
    for (std::size_t c = 0; c < plan_.compositions.size(); ++c) {
      const std::vector<int>& outputs = plan_.compositions[c].outputs;
      for (std::size_t k = 0; k < outputs.size(); ++k) {
        keys[outputs[k]] = output_key(render, render.compositions[c], k, plan_.job.outputs[outputs[k]]);
      }
    }
    return keys;
  }

  std::string output_key(const RenderPlan& render, const CompositionPlan& composition, std::size_t k,
                         const OutputSpec& output) const {
    KeyBuilder key("avstage deliverable 1");
    if (!output.rendition.empty()) key.add("stream", "hls 1").add("media_segment", output.media_segment);
    key.add("toolchain", toolchain_).add("frames", render.frames);
    for (const Segment& segment : composition.segments) {
      if (segment.keys.empty()) return "";
      key.add("segment", segment.keys[k]);
    }
    if (!add_side_files(key, output)) return "";
    key.add("audio_codec", output.audio.codec);
    if (output.audio.codec == "none") return key.hex();
    key.add("audio_bitrate", output.audio.bitrate);
    add_loudness(key, output);
    for (const AudioPart& part : render.audio) {
      if (!facts_[part.clip]) return "";
      add_audio(key, plan_, facts_, timing_, part.clip);
    }
    return key.hex();
  }

  /// What is written beside the film; false while that is not known.
  bool add_side_files(KeyBuilder& key, const OutputSpec& output) const {
    for (std::size_t i = 0; i < plan_.clips.size(); ++i) {
      const auto* captions = std::get_if<CaptionsRef>(&plan_.clips[i].clip.media);
      if (captions == nullptr || captions->sidecar.empty()) continue;
      if (!facts_[i]) return false;
      const Position& p = timing_.clips[i];
      key.add("sidecar", facts_[i]->identity)
          .add("start", p.start.known)
          .add("frames", p.count.known)
          .add("in", p.in);
      for (const std::string& ending : captions->sidecar) key.add("ending", ending);
    }
    if (!output.poster) return true;
    const PosterSpec& poster = *output.poster;
    key.add("poster", static_cast<int>(poster.kind)).add("at", poster.at.seconds).add("from", poster.from);
    if (poster.from.empty()) return true;
    const auto& from = facts_[find_avatar(plan_, poster.from, poster.mark)];
    if (from) key.add("of", from->identity);
    return from.has_value();
  }

  const Plan& plan_;
  const Facts& facts_;
  const std::string& toolchain_;
  const bool copy_;
  Timing timing_;
};

}  // namespace

FadeFrames active_fades(const Plan& plan, const Position& position, int clip, std::int64_t first,
                        std::int64_t frames) {
  const Clip& c = plan.clips[clip].clip;
  FadeFrames fades{frames_of(c.fade_in, plan.job.canvas.fps), frames_of(c.fade_out, plan.job.canvas.fps)};
  if (first >= fades.in) fades.in = 0;
  // While the clip's length is unknown its end is not certain; no certain span reaches into it.
  if (!position.count.is_known() || first + frames <= position.count.known - fades.out) fades.out = 0;
  return fades;
}

bool hides_all_below(const Plan& plan, const Facts& facts, const Timing& timing, const Span& span,
                     const Layer& layer, const Canvas& canvas) {
  const Clip& c = plan.clips[layer.clip].clip;
  if (c.opacity < 1 || c.key || !c.filters.empty()) return false;
  FadeFrames fades = active_fades(plan, timing.clips[layer.clip], layer.clip, layer.first, span.frames);
  if (fades.in > 0 || fades.out > 0) return false;
  if (const auto* color = std::get_if<ColorRef>(&c.media)) {
    return color->color.a == 255 && place_picture(c, canvas.width, canvas.height, canvas).covers(canvas);
  }
  const auto& known = facts[layer.clip];
  if (std::holds_alternative<TextRef>(c.media) || !known || !known->media.video) return false;
  const VideoFacts& video = *known->media.video;
  return !video.alpha && place_picture(c, video.display_width, video.display_height, canvas).covers(canvas);
}

RenderPlan resolve(const Plan& plan, const Facts& facts, const std::string& toolchain, bool copy) {
  return Resolver(plan, facts, toolchain, copy).run();
}

std::optional<RenderPlan> foresee(const Plan& plan, Facts facts, const std::vector<Time>& lengths,
                                  const std::string& toolchain, bool copy) {
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const int purchase = plan.clips[i].purchase;
    if (!facts[i] && purchase >= 0) facts[i] = guessed(plan, lengths.at(static_cast<std::size_t>(purchase)));
  }
  try {
    return resolve(plan, facts, toolchain, copy);
  } catch (const Error&) {  // a length does not suit the job
    return std::nullopt;
  }
}

}  // namespace avstage::plan
