#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "avstage/error.h"
#include "base/log.h"

/// What the fuzz targets share: a target is given bytes from anywhere and must answer with a value or with an
/// Error of a fitting code, in one line. Everything else ends the process, which libFuzzer reports.
namespace avstage::fuzz {

inline void require(bool holds, std::string_view what) {
  if (holds) return;
  std::cerr << "broken: " << what << "\n";
  std::abort();
}

/// False when `act` ended with an Error, whose code must be one of `allowed`.
template <typename Act>
bool survives(const Act& act, std::initializer_list<ErrorCode> allowed) {
  try {
    act();
    return true;
  } catch (const Error& e) {
    bool fits = false;
    for (ErrorCode code : allowed) fits |= e.code() == code;
    require(fits, "an error of another kind: " + e.message());
    return false;
  }
}

/// Writes the seeds into the corpus folder, the first argument that is no option, and silences the log.
inline int begin(int argc, char** argv, const std::vector<std::string>& seeds) {
  log::set_sink([](log::Level, std::string_view) {});
  std::string folder;
  for (int i = 1; i < argc && folder.empty(); ++i) {
    if (argv[i][0] != '-') folder = argv[i];
  }
  if (!std::filesystem::is_directory(folder)) return 0;
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream(folder + "/seed" + std::to_string(i), std::ios::binary) << seeds[i];
  }
  return 0;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace avstage::fuzz
