#pragma once

#include <string>
#include <string_view>

/// Codecs whose every frame stands alone, as editing systems exchange them.
namespace avstage {

/// One of them with its profile, which settles size and quality.
struct IntraCodec {
  std::string_view name;                  ///< in a job, "prores_hq"
  std::string_view codec;                 ///< FFmpeg's name of the codec, "prores"
  std::string_view encoder;               ///< libavcodec's; this and the next end in a null byte
  std::string_view profile;               ///< that encoder's name of it
  std::string_view pix_fmt;               ///< what is encoded, and the only one that is copied
  int least_width = 0, least_height = 0;  ///< that the encoder takes
};

/// By the name in a job; nullptr: it is none of them.
const IntraCodec* intra_codec(std::string_view name);
/// The pixels of any profile of a codec, by FFmpeg's name; "": it is none of them.
std::string_view intra_pix_fmt(std::string_view codec);
/// FFmpeg's name of the codec that a job calls so.
std::string codec_of(std::string_view name);

}  // namespace avstage
