#pragma once

#include <string>

#include "media/nal.h"

namespace avstage::test {

/// A unit behind a start code, as decoders that know no container want it.
inline std::string with_start_code(std::string_view unit) {
  return std::string("\0\0\0\1", 4).append(unit);
}

inline std::string with_start_codes(std::string_view packet, media::nal::LengthSize length_size) {
  std::string out;
  media::nal::for_each(packet, length_size, [&](std::string_view unit) { out += with_start_code(unit); });
  return out;
}

}  // namespace avstage::test
