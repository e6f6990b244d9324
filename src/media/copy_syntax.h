#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "media/av.h"
#include "media/nal.h"

/// What copying needs to know of a codec's stream: H.264 and HEVC behind one table.
namespace avstage::media {

/// What a stream says before its first packet.
struct StreamHead {
  std::string why_not;  ///< why nothing can be copied, as the end of "it is encoded: …"; "": it can
  std::string track;    ///< its parameter sets as the body of an `avcC` or `hvcC` box
  std::vector<std::string> units;  ///< the same, each alone
  nal::LengthSize length_size = 0;
  int reorder = 0;  ///< frames that may precede one in decoding and follow it in output
};

struct CopySyntax {
  /// Error{input} for parameter sets that are damaged.
  StreamHead (*read_head)(const AVCodecParameters& stream);
  int (*type_of)(std::string_view nal);
  bool (*is_slice)(int type);
  /// A slice of a picture that, with all that are decoded after it, needs nothing before it.
  bool (*starts_group)(int type);
  /// Why a unit must not be copied: it would carry into the film what is not the picture's, or lack
  /// something.
  std::string (*why_not_unit)(std::string_view nal, const StreamHead& head);
};
/// The parameter sets of an H.264 or HEVC stream, as in StreamHead::track, without a look at what they say.
std::string track_sets(const AVCodecParameters& stream);

/// nullptr: pictures of this codec are not copied.
const CopySyntax* copy_syntax(AVCodecID codec);

}  // namespace avstage::media
