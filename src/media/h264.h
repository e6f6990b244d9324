#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "media/nal.h"

/// H.264 as bytes: the fields of parameter sets that joining streams needs. Pure; what is cut
/// off or nonsense is Error{input}.
namespace avstage::media::h264 {

/// Bytes in front of a unit's payload.
inline constexpr std::size_t kHeader = 1;
inline constexpr int kSliceIdr = 5, kSei = 6, kSps = 7, kPps = 8;

inline int type_of(std::string_view nal) {
  return static_cast<std::uint8_t>(nal.at(0)) & 31;
}

/// A sequence parameter set, as far as it matters here.
struct Sps {
  int profile = 0, constraints = 0, level = 0, id = 0;
  bool eight_bit_420 = true;
  bool frames_only = true;  ///< no interlaced coding
  int width = 0, height = 0;
  bool full_range = false;
  int primaries = 2, transfer = 2, matrix = 2;  ///< 2: not stated
  bool has_color = false, has_video_signal = false;
  int chroma_location = 0;            ///< of the first field; 0: left
  int sar_width = 0, sar_height = 0;  ///< 0: not stated
  /// Frames that may precede one in decoding and follow it in output, and frames the decoder has to keep: as
  /// stated, else what the standard infers.
  int reorder = 0, dpb = 0;
  int references = 0;           ///< reference frames the decoder has to keep
  bool stated = false;          ///< reorder and dpb stand in it
  std::size_t reorder_bit = 0;  ///< where `reorder` stands in the unescaped bits, if stated
};
Sps parse_sps(std::string_view nal);
/// The same set with another reorder depth and buffer; they must be stated in it.
std::string with_reordering(std::string_view nal, int reorder, int dpb);
int pps_id(std::string_view nal);

/// Parameter sets of one track.
struct ParameterSets {
  std::vector<std::string> sps, pps;
};
/// From an `avcC` body or from start codes. `length_size` (may be nullptr) gets how the packets are framed.
ParameterSets read_sets(std::string_view extradata, nal::LengthSize* length_size = nullptr);
/// The body of an `avcC` box, for packets with 4-byte lengths.
std::string to_avcc(const ParameterSets& sets);
/// The sets of all, each once. Error{proof} when two of one id differ.
ParameterSets merge(const std::vector<ParameterSets>& all);

}  // namespace avstage::media::h264
