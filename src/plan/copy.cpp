#include "plan/copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/mezzanine.h"
#include "plan/layout.h"
#include "plan/media_cuts.h"
#include "plan/resolve.h"
#include "plan/segments.h"

namespace avstage::plan {
namespace {

/// Below this share of the programme copying would bind the encoder for the rest and gain little.
const Rational kLeastShare{1, 10};

/// What the clip's medium would have to be called as an output's codec. Its packets are known.
const std::string& kind_of(const ClipFacts& facts) {
  return facts.gops->codec;
}

/// The source's frame at the clip's first one; nullopt where that lies between two.
std::optional<std::int64_t> source_frame(const Position& position, Rational fps) {
  const Rational exact = position.in * fps;
  const Rational off = exact - Rational(exact.round());
  if (off > Rational(1, 4) || -off > Rational(1, 4)) return std::nullopt;
  return exact.round();
}

std::string why_not_kind(const Plan& plan, const Composition& composition, const ClipFacts& facts) {
  const std::string& kind = kind_of(facts);
  for (int output : composition.outputs) {
    if (plan.job.outputs[output].codec == kind) return "";
  }
  return fmt::format("it is {}, which no output of this shape is", kind);
}

std::string why_not_packets(const Plan& plan, const Composition& composition, const ClipFacts& facts) {
  if (!facts.gops) return "its packets are not known";
  return facts.gops->why_not.empty() ? why_not_kind(plan, composition, facts) : facts.gops->why_not;
}

std::int64_t rate_of(const Gop& gop, Rational fps) {
  return (Rational(8 * gop.bytes) * fps / Rational(gop.frames)).ceil();
}

using Gops = std::vector<Gop>;

/// The first group that begins at `frame` or behind it.
Gops::const_iterator group_from(const Gops& gops, std::int64_t frame) {
  return std::lower_bound(gops.begin(), gops.end(), frame,
                          [](const Gop& gop, std::int64_t at) { return gop.first < at; });
}

/// How many frames of a group can be copied where the source is shown up to frame `to`.
std::int64_t frames_until(const Gop& gop, std::int64_t to) {
  if (gop.first + gop.frames <= to) return gop.frames;
  auto behind = std::upper_bound(gop.cuts.begin(), gop.cuts.end(), to - gop.first);
  return behind == gop.cuts.begin() ? 0 : *std::prev(behind);
}

class RunCutter {
 public:
  RunCutter(const Plan& plan, const Facts& facts, const Timing& timing, const CopyChoice& choice)
      : plan_(plan),
        facts_(facts),
        timing_(timing),
        choice_(choice),
        fps_(plan.job.canvas.fps),
        shortest_(fps_.ceil()),
        grid_(segment_grid(fps_)) {}

  std::vector<Cut> cut(const Run& run) {
    std::vector<Span> spans;
    bool open = false;  // the last span is untouched: one that goes on with it may be so too
    for (const Span& span : run.spans) {
      const bool goes_on = std::exchange(open, untouched(span)) && open;
      if (goes_on) {
        append_span(plan_, spans, span);
      } else {
        spans.push_back(span);
      }
    }
    for (const Span& span : spans) take(span);
    close();
    return std::move(out_);
  }

 private:
  bool untouched(const Span& span) const {
    if (choice_.sets.empty() || span.layers.size() != 1 || !choice_.why_not_clip[span.layers[0].clip].empty())
      return false;
    const Layer& layer = span.layers[0];
    const FadeFrames fades =
        active_fades(plan_, timing_.clips[layer.clip], layer.clip, layer.first, span.frames);
    return fades.in == 0 && fades.out == 0;
  }

  void take(const Span& span) {
    std::int64_t done = 0;
    if (untouched(span)) {
      const int clip = span.layers[0].clip;
      const std::int64_t from = *source_frame(timing_.clips[clip], fps_) + span.layers[0].first;
      for (const Copy& copy : copies_within(clip, from, from + span.frames)) {
        const std::int64_t at = copy.first - from;
        if (at > done) encode(part_of_span(plan_, span, done, at - done));
        close();
        add(span, from, copy);
        done = at + copy.frames;
      }
    }
    if (done < span.frames) encode(part_of_span(plan_, span, done, span.frames - done));
  }

  /// Stretches of groups in [from, to) of the source that follow each other without a gap; the last may end
  /// early.
  std::vector<Copy> copies_within(int clip, std::int64_t from, std::int64_t to) const {
    std::vector<Copy> out;
    const Gops& gops = facts_[clip]->gops->gops;
    for (auto gop = group_from(gops, from); gop != gops.end() && gop->first < to; ++gop) {
      const std::int64_t frames = frames_until(*gop, to);
      if (frames == 0 || !admitted(*gop)) continue;
      if (out.empty() || out.back().first + out.back().frames != gop->first)
        out.push_back({clip, gop->first, 0});
      out.back().frames += frames;
    }
    const std::int64_t shortest = is_intra(kind_of(*facts_[clip])) ? 1 : shortest_;
    std::erase_if(out, [&](const Copy& copy) { return copy.frames < shortest; });
    return out;
  }

  bool admitted(const Gop& gop) const { return !choice_.limit || rate_of(gop, fps_) <= *choice_.limit; }

  /// One stretch, cut at the first group behind each line of the grid.
  void add(const Span& span, std::int64_t from, const Copy& copy) {
    Cut cut;
    auto flush = [&] {
      if (!cut.copy) return;
      cut.spans = {part_of_span(plan_, span, cut.copy->first - from, cut.copy->frames)};
      out_.push_back(std::move(cut));
      cut = {};
    };
    const Gops& gops = facts_[copy.clip]->gops->gops;
    const std::int64_t end = copy.first + copy.frames;
    for (auto gop = group_from(gops, copy.first); gop != gops.end() && gop->first < end; ++gop) {
      if (cut.copy && cut.copy->first / grid_ != gop->first / grid_) flush();
      if (!cut.copy) cut.copy = Copy{copy.clip, gop->first, 0};
      cut.copy->frames += std::min(gop->frames, end - gop->first);
      cut.peak = std::max(cut.peak, rate_of(*gop, fps_));
    }
    flush();
  }

  void encode(const Span& span) { left_.spans.push_back(span); }

  /// What has gathered since the last copy becomes segments of its own.
  void close() {
    if (left_.spans.empty()) return;
    for (std::vector<Span>& spans : cut_segments(plan_, timing_, left_)) {
      out_.push_back({std::move(spans), std::nullopt, 0});
    }
    left_.spans.clear();
  }

  const Plan& plan_;
  const Facts& facts_;
  const Timing& timing_;
  const CopyChoice& choice_;
  Rational fps_;
  std::int64_t shortest_, grid_;
  Run left_;
  std::vector<Cut> out_;
};

std::string why_not_output(const Plan& plan, const OutputSpec& output, const Canvas& canvas) {
  if (output.copy == "never") return "\"copy\" is \"never\"";
  if (output.codec == "h264" && output.crf && *output.crf == 0)
    return "crf 0 is lossless, which the profile of a source does not allow";
  const auto size = output.size.value_or(std::pair(plan.job.canvas.width, plan.job.canvas.height));
  if (size != std::pair(canvas.width, canvas.height)) {
    return fmt::format("it is scaled down from {}x{}", canvas.width, canvas.height);
  }
  return "";
}

/// The choice in the making.
class Chooser {
 public:
  Chooser(const Plan& plan, const Facts& facts, const Composition& composition, const Timing& timing,
          const std::vector<Run>& shown)
      : plan_(plan), facts_(facts), composition_(composition), timing_(timing), shown_(shown) {
    for (const Run& run : shown) total_ += run.frames();
  }

  CopyChoice run() {
    CopyChoice choice;
    for (int output : composition_.outputs) {
      choice.why_not_output.push_back(why_not_output(plan_, plan_.job.outputs[output], composition_.canvas));
    }
    for (std::size_t i = 0; i < plan_.clips.size(); ++i) {
      choice.why_not_clip.push_back(why_not_clip(static_cast<int>(i)));
    }
    if (std::all_of(choice.why_not_output.begin(), choice.why_not_output.end(),
                    [](const std::string& why) { return !why.empty(); })) {
      return choice;
    }
    return best_of(choice);
  }

 private:
  std::string why_not_clip(int clip) const {
    std::string why = why_not_copied(plan_, facts_, clip, composition_);
    if (why.empty() && !source_frame(timing_.clips[clip], plan_.job.canvas.fps)) {
      why = "its \"in\" lies between two of its frames";
    }
    return why.empty() ? why_not_packets(plan_, composition_, *facts_[clip]) : why;
  }

  /// With the parameter sets of the clip with whose most is copied; the first of equals.
  CopyChoice best_of(const CopyChoice& open) const {
    CopyChoice best = open;
    std::int64_t most = -1;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < plan_.clips.size(); ++i) {
      if (!open.why_not_clip[i].empty() || !seen.insert(facts_[i]->gops->sets).second) continue;
      CopyChoice settled = settle(open, static_cast<int>(i));
      const std::int64_t frames = settled.sets.empty() ? 0 : count(settled, settled.limit);
      if (frames > most) {
        most = frames;
        best = std::move(settled);
      }
    }
    return best;
  }

  CopyChoice with_sets(CopyChoice choice, int clip) const {
    choice.sets = facts_[clip]->gops->sets;
    for (std::size_t i = 0; i < plan_.clips.size(); ++i) {
      if (!choice.why_not_clip[i].empty() || facts_[i]->gops->sets == choice.sets) continue;
      choice.why_not_clip[i] = why_not_beside(static_cast<int>(i), clip);
    }
    return choice;
  }

  std::string why_not_beside(int clip, int chosen) const {
    const std::string& own = kind_of(*facts_[clip]);
    const std::string& other = kind_of(*facts_[chosen]);
    if (own != other) return fmt::format("it is {}, most is copied of {}", own, other);
    return fmt::format("its parameter sets are not those of {}, of which more is copied",
                       plan_.clips[chosen].label);
  }

  std::int64_t count(CopyChoice choice, std::optional<std::int64_t> limit) const {
    choice.limit = limit;
    std::int64_t frames = 0;
    for (const Run& run : shown_) {
      for (const Cut& cut : cut_run(plan_, facts_, timing_, run, choice))
        frames += cut.copy ? cut.copy->frames : 0;
    }
    return frames;
  }

  /// Of all that could be copied.
  std::int64_t longest_group(const CopyChoice& choice) const {
    std::int64_t longest = 0;
    for (std::size_t i = 0; i < plan_.clips.size(); ++i) {
      if (!choice.why_not_clip[i].empty()) continue;
      for (const Gop& gop : facts_[i]->gops->gops) longest = std::max(longest, gop.frames);
    }
    return longest;
  }

  /// Which outputs take copies with the sets of that clip, and up to which rate.
  CopyChoice settle(const CopyChoice& open, int clip) const {
    CopyChoice chosen = with_sets(open, clip), none = open;
    std::optional<std::int64_t> limit = 0;
    bool any = false;
    for (std::size_t k = 0; k < composition_.outputs.size(); ++k) {
      if (!chosen.why_not_output[k].empty()) continue;
      const int index = composition_.outputs[k];
      const OutputSpec& output = plan_.job.outputs[index];
      const std::optional<std::int64_t> own = output.crf ? std::nullopt : output.bitrate;
      chosen.why_not_output[k] = why_not_taken(chosen, index, clip, own);
      if (!chosen.why_not_output[k].empty()) continue;
      any = true;
      limit = limit && own ? std::optional(std::max(*limit, *own)) : std::nullopt;
    }
    none.why_not_output = chosen.why_not_output;
    if (!any) return none;
    chosen.limit = limit;
    return chosen;
  }

  std::string why_not_taken(const CopyChoice& chosen, int output, int clip,
                            std::optional<std::int64_t> own) const {
    const std::string& codec = kind_of(*facts_[clip]);
    if (plan_.job.outputs[output].codec != codec) {
      return fmt::format("its codec is {}, most is copied of {}", plan_.job.outputs[output].codec, codec);
    }
    if (is_intra(codec)) return "";  // what is encoded beside it is bound by nothing
    if (const Rational& most = plan_.job.outputs[output].media_segment;
        !plan_.job.outputs[output].rendition.empty() &&
        longest_group(chosen) > longest_media_segment(most, plan_.job.canvas.fps)) {
      return "the key frames of what could be copied lie further apart than a media segment is long";
    }
    const std::int64_t frames = count(chosen, own);
    if (Rational(frames) < kLeastShare * Rational(total_)) {
      return own ? "less than a tenth of it could be copied within its bitrate"
                 : "less than a tenth of it could be copied";
    }
    // A second parameter set beside the first is H.264's alone; in HEVC both have to be the same.
    if (codec == "hevc" && frames < total_ && !facts_[clip]->encoded_alike.contains(output)) {
      return fmt::format("what would be encoded beside {} has other parameter sets, which {} does not allow",
                         plan_.clips[clip].label, codec);
    }
    return "";
  }

  const Plan& plan_;
  const Facts& facts_;
  const Composition& composition_;
  const Timing& timing_;
  const std::vector<Run>& shown_;
  std::int64_t total_ = 0;
};

}  // namespace

bool admits(const OutputSpec& output, std::int64_t peak) {
  return !output.bitrate || output.crf || peak <= *output.bitrate;
}

bool wants_gops(const Plan& plan, const Facts& facts, int clip) {
  return std::any_of(plan.compositions.begin(), plan.compositions.end(), [&](const Composition& c) {
    const bool asked = std::any_of(c.outputs.begin(), c.outputs.end(), [&](int output) {
      return why_not_output(plan, plan.job.outputs[output], c.canvas).empty();
    });
    return asked && why_not_copied(plan, facts, clip, c).empty();
  });
}

std::vector<Cut> cut_run(const Plan& plan, const Facts& facts, const Timing& timing, const Run& run,
                         const CopyChoice& choice) {
  return RunCutter(plan, facts, timing, choice).cut(run);
}

CopyChoice choose_copies(const Plan& plan, const Facts& facts, const Composition& composition,
                         const Timing& timing, const std::vector<Run>& shown) {
  return Chooser(plan, facts, composition, timing, shown).run();
}

}  // namespace avstage::plan
