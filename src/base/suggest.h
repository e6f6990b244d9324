#pragma once

#include <span>
#include <string>
#include <string_view>

/// Pieces of messages about words that came from outside.
namespace avstage {

/// `; did you mean "x"?` with the nearest of `allowed`, or "" when none is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> allowed);

/// `text` in double quotes, safe for one line: control characters escaped, long texts cut.
std::string quoted(std::string_view text);

}  // namespace avstage
