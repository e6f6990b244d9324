#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>
#include <utility>

/// What a run of the tests is asked for beside passing.
namespace avstage::test {

/// AVSTAGE_LONG=1: the long variant of a test that has one.
inline bool long_lane() {
  const char* value = std::getenv("AVSTAGE_LONG");
  return value != nullptr && std::string_view(value) == "1";
}

/// AVSTAGE_FIGURES=1 prints what was measured.
template <typename... Args>
void figure(fmt::format_string<Args...> format, Args&&... args) {
  if (std::getenv("AVSTAGE_FIGURES") != nullptr) fmt::print(format, std::forward<Args>(args)...);
}

}  // namespace avstage::test
