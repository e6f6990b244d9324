#pragma once

#include <string>
#include <vector>

#include "plan/timing.h"

namespace avstage::plan {

/// A line for each clip that another one on its own track hides altogether while both are shown, as far as
/// times are known: on two tracks that is what painting means, on one it is mostly a mistake in a time. What
/// is seen through or does not cover the other, such as a logo, hides nothing. At most 20 lines. Pure.
std::vector<std::string> overlaps(const Plan& plan, const Facts& facts, const Timing& timing);

}  // namespace avstage::plan
