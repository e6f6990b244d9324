#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "media/muxer.h"
#include "run/deliver/check_copies.h"
#include "run/deliver/sound_copies.h"
#include "run/deliver/track.h"

namespace avstage::run {

/// Everything of one deliverable, ready to be put together.
struct Deliverable {
  std::string path;
  std::vector<Piece> pieces;  ///< without a gap, from frame 0
  std::string audio_file;     ///< empty: no sound
  std::vector<CopiedSound> sound_copies;
  std::int64_t frames = 0;
  Rational fps;
  int width = 0, height = 0;
  std::string codec;
  media::Options metadata;
};

/// A finished ".part" beside its target; removed by the caller's FileRemover unless published.
struct Assembled {
  std::string part;
  std::uint64_t bytes = 0;
  std::string sha256;
};

/// libavformat's name of the container that the ending of `path` chooses.
std::string format_of(const std::string& path);

/// Where the part of `path` is written: in the same folder, named after this process.
std::string part_path(const std::string& path);

/// `file`, which is the finished deliverable, for check_copies().
Film film_in(const std::string& file, const Deliverable& deliverable);

/// Opens the finished `file` and compares its frames, size, duration, streams and A/V offset with what was
/// planned; check_copies() and check_sound() look at what was copied. Returns its SHA-256. Error{proof} names
/// the difference, and is named "copy" or "sound_copy" where encoding everything would help.
std::string prove_film(const Deliverable& deliverable, const std::string& file, const std::stop_token& stop);

/// Puts the segments and the sound into `part`, with every packet's time and the counts looked at, and proves
/// it as prove_film() does. Error{local} for the disk.
Assembled assemble(const Deliverable& deliverable, const std::string& part, const std::stop_token& stop);

}  // namespace avstage::run
