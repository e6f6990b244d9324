#pragma once

#include <map>
#include <string>
#include <vector>

#include "run/deliver/assemble.h"
#include "run/production.h"

namespace avstage::run {

/// The output and all that may be written beside it: its captions and its poster, in every form.
std::vector<std::string> with_side_files(const Job& job, const OutputSpec& output);

/// What is written beside a film, by name: captions where their clips stand, and the poster. `picture` is the
/// finished film, wherever it lies, or the segments of a stream's picture.
std::map<std::string, std::string> make_side_files(Production& production, const OutputSpec& output,
                                                   const std::vector<Piece>& picture);

}  // namespace avstage::run
