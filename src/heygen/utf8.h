#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace avstage::heygen {

/// Takes the first character off `text`, which must not be empty. nullopt (one byte taken): not UTF-8.
std::optional<char32_t> take_character(std::string_view& text);
/// nullopt: not UTF-8.
std::optional<std::size_t> count_characters(std::string_view text);
/// One line for a human: control characters become spaces and what is not UTF-8 becomes "?"; cut to `limit`
/// bytes at a character's border.
std::string printable(std::string_view text, std::size_t limit);

}  // namespace avstage::heygen
