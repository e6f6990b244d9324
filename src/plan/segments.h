#pragma once

#include <vector>

#include "plan/spans.h"

namespace avstage::plan {

/// Cuts one run into segments (architecture: "Where segments are cut"): at a change of the bottom layer's
/// clip and on a grid of 10 s of its source time; a piece shorter than 5 s joins its neighbour.
std::vector<std::vector<Span>> cut_segments(const Plan& plan, const Timing& timing, const Run& run);

/// Ten seconds in frames.
std::int64_t segment_grid(Rational fps);
/// `frames` of a span, from its frame `offset` on.
Span part_of_span(const Plan& plan, const Span& span, std::int64_t offset, std::int64_t frames);
/// Adds a span; one that only goes on becomes part of the one before it.
void append_span(const Plan& plan, std::vector<Span>& spans, const Span& span);

}  // namespace avstage::plan
