#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// MPEG-2 video (ITU-T H.262) as bytes: the headers before a picture's slices. Pure; what is cut off is
/// Error{input} named nal::kDamaged.
namespace avstage::media::mpeg2 {

/// What stands in front of a group of pictures.
struct Sequence {
  /// The header without its quantiser matrices, its extension and, where there is one, its display extension,
  /// each behind its start code: what all that shares a track has in common.
  std::string headers;
  int width = 0, height = 0;
  int profile_and_level = 0;  ///< 0x82: 4:2:2 at High
  int chroma_format = 0;      ///< 2: 4:2:2
  std::int64_t bit_rate = 0;  ///< bits per second
  std::int64_t buffer = 0;    ///< bits a decoder has to hold
  bool progressive = false;
  bool low_delay = false;   ///< without B pictures
  int other_extension = 0;  ///< a kind of extension that is not known here; 0: none
  /// As numbered by H.262 6.3.6; what is not stated is 2.
  int primaries = 2, transfer = 2, matrix = 2;
};
/// nullopt: the bytes do not begin with one.
std::optional<Sequence> read_sequence(std::string_view bytes);
/// `packet` with these headers instead of those it begins with.
std::string with_headers(std::string_view packet, std::string_view headers);

/// A packet of one picture.
struct Picture {
  bool found = false;
  bool sequence = false, closed_group = false;  ///< what stands in front of it
  bool intra = false;                           ///< an I picture
  bool progressive = false;                     ///< a whole frame, not two fields, shown once
  bool user_data = false;                       ///< captions, active format and the like
  int other_extension = 0;                      ///< as above
};
Picture read_picture(std::string_view packet);

}  // namespace avstage::media::mpeg2
