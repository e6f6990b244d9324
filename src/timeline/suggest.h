#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace avstage {

/// Edits between two words: insert, delete, replace, swap of neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word nearest to `word`, case aside, when it is near enough to be a typo of it; else "".
std::string suggest(std::string_view word, std::span<const std::string_view> words);

}  // namespace avstage
