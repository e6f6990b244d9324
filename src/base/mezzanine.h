#pragma once

#include <string>
#include <string_view>

#include "avstage/time.h"

/// Codecs in which editing systems exchange films.
namespace avstage {

/// One of them with its profile, which settles quality, and of XDCAM size and rate too.
struct Mezzanine {
  std::string_view name;                  ///< in a job, "prores_hq"
  std::string_view codec;                 ///< FFmpeg's name of the codec, "prores"
  std::string_view encoder;               ///< libavcodec's; this and the next end in a null byte
  std::string_view profile;               ///< that encoder's name of it
  std::string_view pix_fmt;               ///< what is encoded, and the only one that is copied
  int least_width = 0, least_height = 0;  ///< that the encoder takes
};

/// By the name in a job; nullptr: it is none of them.
const Mezzanine* mezzanine(std::string_view name);
/// The pixels of any profile of a codec, by FFmpeg's name; "": it is none of them.
std::string_view mezzanine_pix_fmt(std::string_view codec);
/// FFmpeg's name of the codec that a job calls so.
std::string codec_of(std::string_view name);
/// Whether each frame of what a job calls so stands alone: of all of them but XDCAM.
bool is_intra(std::string_view name);
/// Which pictures a profile has, as the end of "allowed is it …"; "": these.
std::string why_not_shape(const Mezzanine& profile, int width, int height, Rational fps);

inline constexpr std::string_view kXdcam = "xdcam_hd422";
/// The four characters that a QuickTime track of such pictures bears; "": XDCAM HD422 has none of them.
std::string_view xdcam_tag(int width, int height, Rational fps);

}  // namespace avstage
