#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace avstage {

/// Where the first ill-formed UTF-8 sequence starts; npos when the text is well-formed.
std::size_t find_invalid_utf8(std::string_view text);

/// Code points of well-formed text.
std::size_t count_characters(std::string_view text);

/// The text made fit for one line of a message: control characters, and those
/// that turn the direction of writing, as \xNN, at most `limit` bytes and then
/// "…".
std::string shown(std::string_view text, std::size_t limit = 60);

}  // namespace avstage
