#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/demuxer.h"

namespace avstage::run {

/// One segment file and where it stands.
struct Piece {
  struct Origin {
    std::string path;
    std::int64_t first = 0;  ///< frame, as media::GopReader counts them
  };

  std::string file;
  std::int64_t at = 0, frames = 0;
  std::optional<Origin> copied_from = std::nullopt;  ///< nullopt: it was encoded
};

bool holds_copies(const std::vector<Piece>& pieces);

media::CodecParametersPtr copy_parameters(const AVStream& stream);

/// Sets on a segment's `k`-th packet in decoding order whether its index has it as a key frame: libav's
/// parser takes the I pictures of open groups for such too, where a player cannot enter.
void set_key(AVPacket& packet, AVStream* segment, std::int64_t k);

/// Of one track for all of them: the first one's, and where some are copied, the parameter sets of all and
/// the film's colours. Error{proof} named "copy" where sets that have to be equal are not.
media::CodecParametersPtr track_parameters(const std::vector<Piece>& pieces, const std::string& codec);

}  // namespace avstage::run
