#pragma once

#include <string>

namespace avstage::run {

/// Removes "PREFIX….PID.part" files in `dir` whose process is no more. Never throws for what it cannot
/// remove.
void remove_leftovers(const std::string& dir, const std::string& prefix = "");

}  // namespace avstage::run
