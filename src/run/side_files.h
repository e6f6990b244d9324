#pragma once

#include <map>
#include <string>
#include <vector>

#include "run/production.h"

namespace avstage::run {

/// The output and all that may be written beside it: its captions and its poster, in every form.
std::vector<std::string> with_side_files(const Job& job, const OutputSpec& output);

/// What is written beside a film, by name: captions where their clips stand, and the poster. `film` is the
/// finished film, wherever it lies.
std::map<std::string, std::string> make_side_files(Production& production, const OutputSpec& output,
                                                   const std::string& film);

}  // namespace avstage::run
