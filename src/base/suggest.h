#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// Pieces of messages about words that came from outside.
namespace avstage {

/// Edits between two words: insert, delete, replace, swap of neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word nearest to `word`, case aside, when it is near enough to be a typo of it; else "".
std::string suggest(std::string_view word, std::span<const std::string_view> words);

/// `; did you mean "x"?` with suggest()'s answer, or "" when none is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> allowed);

/// `text` in double quotes, fit for one line: control characters as \xNN, long texts cut.
std::string in_quotes(std::string_view text);

}  // namespace avstage
