#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "media/demuxer.h"
#include "run/deliver/track.h"

namespace avstage::run {

/// A finished picture, to be read again.
struct Film {
  std::string name;
  std::vector<Piece> pieces;
  Rational fps;
  /// The picture from a key frame at or before `frame` on, in the film's time. Any thread.
  std::function<media::Demuxer(std::int64_t frame)> open_at;
};

/// `demuxer`, sought to the key frame at or before its `frame`.
media::Demuxer at_frame(media::Demuxer demuxer, std::int64_t frame, Rational fps);

/// Looks at the copied pieces of a finished film: their packets are, byte for byte, those of their sources,
/// decoding times rise, and where copied and encoded pieces meet every frame comes out of a decoder, the
/// copied ones unchanged. Error{proof} named "copy" names the difference; then the film is to be encoded as a
/// whole.
void check_copies(const Film& film, const std::stop_token& stop);

}  // namespace avstage::run
