#include "avstage/job.h"

#include <fmt/format.h>

namespace avstage {

std::string Mark::str() const {
  std::string place = line > 0 ? fmt::format("{}:{}:{}", file, line, column) : file;
  return pointer.empty() ? place : fmt::format("{} ({})", place, pointer);
}

std::string Color::hex() const {
  return fmt::format("#{:02x}{:02x}{:02x}", r, g, b);
}

}  // namespace avstage
