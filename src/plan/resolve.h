#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/copy.h"

/// The pure heart: from the plan and what is known so far to what can be rendered now.
namespace avstage::plan {

/// One or more neighbouring spans, rendered as one closed piece for each deliverable of its composition.
struct Segment {
  std::vector<Span> spans;  ///< hidden layers are left out
  std::int64_t frames = 0;
  std::optional<std::int64_t> at;  ///< first programme frame, once known
  std::vector<int> waits_for;      ///< purchases whose medium does not exist yet; empty: can be rendered
  std::vector<int> shows;          ///< purchases shown in it, sorted
  std::vector<std::string> keys;   ///< content key per output of the composition; empty while it waits
  std::optional<Copy> copy;        ///< all of it is a stretch of one untouched source
  std::vector<bool> copied;        ///< parallel to `keys`: this output takes the copy
  /// Of a copy in an HLS stream: the first frames of its groups of pictures, counted from its own first.
  std::vector<std::int64_t> groups;
};

struct CompositionPlan {
  CopyChoice copy;
  std::vector<Segment> segments;  ///< when complete: in programme order, without a gap
};

/// One clip's sound in the mix.
struct AudioPart {
  int clip = 0;
  std::int64_t start = 0, frames = 0;  ///< on the canvas' grid
  Time in;
};

struct RenderPlan {
  bool complete = false;                      ///< every position is known (media may still be arriving)
  std::int64_t frames = 0;                    ///< of the programme, when complete
  Timing timing;                              ///< where every clip stands
  std::vector<CompositionPlan> compositions;  ///< parallel to Plan::compositions
  std::vector<AudioPart> audio;               ///< when complete
  /// Per output of the job: names everything in the file; empty until all media are known.
  std::vector<std::string> output_keys;
};

/// What has once been resolved never changes: a segment that is listed with partial facts is listed with the
/// same keys under complete facts. `toolchain` names what makes pixels (versions). With `copy` false
/// everything is encoded. Throws as place_clips.
RenderPlan resolve(const Plan& plan, const Facts& facts, const std::string& toolchain, bool copy = true);

/// What resolve() would say if the avatar clips that do not exist yet lasted as long as guessed (by
/// purchase). A segment that shows none of them is needed unless a guess is far too short; the first one
/// behind a guessed end is not. nullopt where a guess does not suit the job.
std::optional<RenderPlan> foresee(const Plan& plan, Facts facts, const std::vector<Time>& lengths,
                                  const std::string& toolchain, bool copy = true);

/// True when `layer` shows nothing of what is below it throughout the span.
bool hides_all_below(const Plan& plan, const Facts& facts, const Timing& timing, const Span& span,
                     const Layer& layer, const Canvas& canvas);
/// Frames of a fade that overlap [first, first + frames) of the clip; 0: the fade is not seen there.
struct FadeFrames {
  std::int64_t in = 0, out = 0;
};
FadeFrames active_fades(const Plan& plan, const Position& position, int clip, std::int64_t first,
                        std::int64_t frames);

}  // namespace avstage::plan
