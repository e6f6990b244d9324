#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "media/av.h"
#include "media/intra_frame.h"
#include "media/nal.h"

/// What copying needs to know of a codec's stream: H.264, HEVC, MPEG-2, ProRes and DNxHR behind one table.
namespace avstage::media {

/// What a stream says before its first packet.
struct StreamHead {
  std::string why_not;  ///< why nothing can be copied, as the end of "it is encoded: …"; "": it can
  std::string codec;    ///< GopIndex::codec
  std::string sets;     ///< GopIndex::sets
  int reorder = 0;      ///< frames that may precede one in decoding and follow it in output
  // Of H.264 and HEVC:
  std::string track;               ///< the parameter sets as the body of an `avcC` or `hvcC` box
  std::vector<std::string> units;  ///< the same, each alone
  nal::LengthSize length_size = 0;
  // Of ProRes and DNxHR:
  IntraPicture intra;
};

/// A packet, looked at without decoding it.
struct PacketLook {
  bool picture = false;
  /// With all that are decoded after it, it needs nothing before it.
  bool starts_group = false;
  /// Why it must not be copied: it would carry into the film what is not the picture's, or lack something.
  std::string why_not;
};

struct CopySyntax {
  /// Error{input} for parameter sets that are damaged.
  StreamHead (*read_head)(const AVCodecParameters& stream);
  PacketLook (*look_at)(std::string_view packet, const StreamHead& head);
  /// As it stands in a track whose parameter sets are `head.track`.
  std::string (*in_track)(std::string_view packet, const StreamHead& head);
};
/// The parameter sets of an H.264 or HEVC stream, as in StreamHead::track, without a look at what they say.
std::string track_sets(const AVCodecParameters& stream);

/// nullptr: pictures of this codec are not copied.
const CopySyntax* copy_syntax(AVCodecID codec);

}  // namespace avstage::media
