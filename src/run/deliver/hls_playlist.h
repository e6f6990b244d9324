#pragma once

#include <string>
#include <vector>

#include "avstage/time.h"

/// The text of HLS playlists (RFC 8216). Pure.
namespace avstage::run {

struct MediaSegment {
  std::string file;  ///< beside the playlist
  Time start, end;   ///< in the programme
  std::uint64_t bytes = 0;
};

/// One picture or one sound, cut into media segments without a gap.
struct Rendition {
  std::string folder;         ///< of its playlist and media
  std::string codec;          ///< as in the CODECS attribute
  int width = 0, height = 0;  ///< 0: a sound
  std::vector<MediaSegment> segments;
};

inline constexpr const char* kInitFile = "init.mp4";
inline constexpr const char* kPlaylistFile = "index.m3u8";

/// The EXT-X-TARGETDURATION that all playlists of one stream share.
int target_duration(const std::vector<Rendition>& renditions);

/// The rates of a rendition in bits per second: the mean, and the peak as RFC 8216 defines it, of all
/// neighbouring segments that last from half to one and a half target durations together.
struct Rates {
  std::int64_t peak = 0, mean = 0;
};
Rates rates(const Rendition& rendition, int target);

/// EXTINF in microseconds, rounded so that the sum is the rounded length of the programme.
std::string media_playlist(const Rendition& rendition, int target);

/// The multivariant playlist; a rendition's playlist is at `base`/FOLDER/index.m3u8. Renditions without a
/// size are sounds, at most one.
std::string multivariant_playlist(const std::vector<Rendition>& renditions, Rational fps,
                                  const std::string& base);

/// What a media playlist says.
struct ListedSegment {
  std::string file;
  Time duration;
};
struct Listing {
  std::string init;
  std::vector<ListedSegment> segments;
  bool ended = false;
};
/// Error{proof} for a line that media_playlist() does not write.
Listing read_media_playlist(const std::string& text, const std::string& name);

}  // namespace avstage::run
