#pragma once

#include <string>

namespace avstage {

/// True for the name of a "….PID.part" file or folder whose process is no more.
bool is_leftover(const std::string& name);

/// Removes "PREFIX….PID.part" files and folders in `dir` whose process is no more. Never throws for what it
/// cannot remove.
void remove_leftovers(const std::string& dir, const std::string& prefix = "");

}  // namespace avstage
