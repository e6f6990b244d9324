#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/spans.h"

/// Smart copy: which stretches of a composition need no encoding, because they show one untouched source that
/// is what the output wants. Pure.
namespace avstage::plan {

/// A stretch of a source's own frames: groups of pictures, the last one whole or up to one of its cuts.
struct Copy {
  int clip = 0;
  std::int64_t first = 0, frames = 0;
  friend bool operator==(const Copy&, const Copy&) = default;
};

/// What one composition copies. It depends on the job and its local media, never on avatar clips: what has
/// been encoded before a clip came must fit what is copied after it.
struct CopyChoice {
  /// GopIndex::sets of everything that is copied; what is encoded goes beside them (H.264), has the same
  /// (HEVC), or is of the same profile (an intra codec). Empty: nothing is copied.
  std::string sets;
  /// By clip: why nothing of it is copied, as the end of "it is encoded: …"; "": it is, where it is
  /// untouched.
  std::vector<std::string> why_not_clip;
  /// Parallel to Composition::outputs, likewise.
  std::vector<std::string> why_not_output;
  /// Bits per second above which no group is copied; nullopt: no output has a limit.
  std::optional<std::int64_t> limit;
  bool takes(std::size_t output) const { return !sets.empty() && why_not_output[output].empty(); }
};

/// Why no frame of a clip can be copied, by what the job and the container say; "": its packets decide.
std::string why_not_copied(const Plan& plan, const Facts& facts, int clip, const Composition& composition);
/// True when the packets of a clip's medium should be looked at: ClipFacts::gops would be used.
bool wants_gops(const Plan& plan, const Facts& facts, int clip);

/// `shown`: the whole programme without hidden layers, with lengths of avatar clips that are a guess.
CopyChoice choose_copies(const Plan& plan, const Facts& facts, const Composition& composition,
                         const Timing& timing, const std::vector<Run>& shown);

/// A piece of a run: copied, or (without `copy`) composed and encoded.
struct Cut {
  std::vector<Span> spans;
  std::optional<Copy> copy;
  std::int64_t peak = 0;  ///< bits per second of the richest group in `copy`
};
/// Takes out of a run what can be copied, on a grid of 10 s of the source. What is left is cut by
/// cut_segments().
std::vector<Cut> cut_run(const Plan& plan, const Facts& facts, const Timing& timing, const Run& run,
                         const CopyChoice& choice);

/// True when an output may hold a stretch of that rate: none of its groups is above the "bitrate".
bool admits(const OutputSpec& output, std::int64_t peak);

}  // namespace avstage::plan
