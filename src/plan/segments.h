#pragma once

#include <vector>

#include "plan/spans.h"

namespace avstage::plan {

/// Cuts one run into segments (architecture: "Where segments are cut"): at a change of the bottom layer's
/// clip and on a grid of 10 s of its source time; a piece shorter than 5 s joins its neighbour.
std::vector<std::vector<Span>> cut_segments(const Plan& plan, const Timing& timing, const Run& run);

}  // namespace avstage::plan
