#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace avstage {

/// A group of pictures that needs nothing outside itself: from an IDR picture, of MPEG-2 from the first one
/// of a closed group, up to the next such; of an intra codec each frame.
struct Gop {
  std::int64_t first = 0;   ///< its first frame on the grid of the scan
  std::int64_t frames = 0;  ///< of it, shown one after the other from there on
  std::int64_t bytes = 0;
  /// Numbers of frames n < frames, rising, after which it may end: the first n shown are the first n decoded.
  std::vector<int> cuts;
  friend bool operator==(const Gop&, const Gop&) = default;
};

/// What of a picture stream can be copied without decoding it. A plain value.
struct GopIndex {
  std::string codec;      ///< what an output's codec is called that takes them, such as "h264", "prores_hq"
  std::vector<Gop> gops;  ///< those that can be copied whole, rising, none overlaps another
  /// Its parameter sets as the body of an `avcC` or `hvcC` box; of MPEG-2 mpeg2::Sequence::headers; of an
  /// intra codec, which has none, `codec`. Streams with equal sets share a track as they are.
  std::string sets;
  std::string why_not;  ///< why nothing of it can be copied, as the end of "it is encoded: …"; "": it can
};

}  // namespace avstage
