#pragma once

#include "run/production.h"

namespace avstage::run {

/// Brings every avatar clip of the plan into the archive, those that are there already included. The first
/// failure is thrown when the others are settled.
std::vector<StoredClip> obtain_all(Production& production);

}  // namespace avstage::run
