#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/timing.h"

/// Spans: parts of the timeline with a constant set of visible layers. Pure.
namespace avstage::plan {

/// One clip in a span.
struct Layer {
  int clip = 0;
  std::int64_t first = 0;  ///< clip-local frame at the span's first frame; 0 where all frames look the same
  friend bool operator==(const Layer&, const Layer&) = default;
};

struct Span {
  Frames start;  ///< in the programme, perhaps relative to an unknown anchor
  std::int64_t frames = 0;
  std::vector<Layer> layers;  ///< bottom first
  /// Spans of one class, and only those, may share a segment: "early@<anchor>" for what can be rendered
  /// before any avatar clip exists, else the avatar clips that are shown. It depends on the job alone, never
  /// on what happens to be known, so a second run cuts the same segments.
  std::string group;
};

/// A run of neighbouring spans of one group.
struct Run {
  std::vector<Span> spans;
  std::int64_t frames() const;
};
/// True for a run that shows no avatar clip and whose beginning hangs on the length of one.
bool is_behind_avatars(const Run& run);

/// A clip whose frames all look the same: it may be shown although its own start is not known.
bool looks_constant(const Clip& clip);
/// A clip with a filter that looks at clip time or at the clip's length.
bool has_timed_filter(const Clip& clip);

/// Every run whose picture is certain under `facts`, in programme order within each island (the clips that
/// hang on the same unknown anchor). With complete facts: the whole programme, without a gap.
std::vector<Run> certain_runs(const Plan& plan, const Facts& facts, const Timing& timing);

}  // namespace avstage::plan
