#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace avstage {

/// Whether two sizes, width and height, have one shape but for the rounding of a side, by a pixel at most:
/// 854x480 and 852x480 are 16:9.
inline bool same_shape(std::pair<int, int> a, std::pair<int, int> b) {
  const std::int64_t difference = std::int64_t(a.first) * b.second - std::int64_t(b.first) * a.second;
  return std::abs(difference) <= std::max({a.first, a.second, b.first, b.second});
}

}  // namespace avstage
