#pragma once

#include <string>
#include <vector>

namespace avstage::test {

/// Words that mean something to somebody: to filter strings, to drawtext, to subtitles, to shells, to
/// terminals, to paths, to JSON. More than 200.
std::vector<std::string> hostile_strings();

}  // namespace avstage::test
