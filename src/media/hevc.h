#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "media/nal.h"

/// HEVC as bytes: the fields of parameter sets that copying a stream needs (ITU-T H.265, 7.3.2 and Annex B).
/// Pure; what is cut off or nonsense is Error{input}.
namespace avstage::media::hevc {

/// Bytes in front of a unit's payload.
inline constexpr std::size_t kHeader = 2;
inline constexpr int kIdrWithLeading = 19, kIdr = 20, kVps = 32, kSps = 33, kPps = 34, kSei = 39,
                     kSeiBehind = 40;

inline int type_of(std::string_view nal) {
  return static_cast<std::uint8_t>(nal.at(0)) >> 1 & 63;
}
/// 0: the picture everybody decodes.
int layer_of(std::string_view nal);

/// A sequence parameter set, as far as it matters here.
struct Sps {
  int profile = 0;
  bool eight_bit_420 = true;
  int width = 0, height = 0;
  int reorder = 0;  ///< frames that may precede one in decoding and follow it in output
  int sub_layers = 1;
  bool nested = false;
  std::string general;  ///< profile, tier and level as they stand in an `hvcC` box too
};
Sps parse_sps(std::string_view nal);

/// Parameter sets of one track.
struct ParameterSets {
  std::vector<std::string> vps, sps, pps;
};
/// From an `hvcC` body or from start codes. `length_size` (may be nullptr) gets how the packets are framed.
ParameterSets read_sets(std::string_view extradata, nal::LengthSize* length_size = nullptr);
/// The body of an `hvcC` box (ISO/IEC 14496-15, 8.3.3) that says there are no other sets, for packets with
/// 4-byte lengths. Of 8-bit 4:2:0.
std::string to_hvcc(const ParameterSets& sets);

}  // namespace avstage::media::hevc
