#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "media/av.h"
#include "run/deliver/assemble.h"
#include "run/deliver/hls_playlist.h"

namespace avstage::run {

/// One picture rendition of a stream, ready to be put together.
struct HlsPicture {
  std::string folder;
  int width = 0, height = 0;
  std::vector<Piece> pieces;  ///< without a gap, from frame 0
};

/// Everything of one HLS stream.
struct HlsStream {
  std::string path;  ///< of the multivariant playlist
  std::vector<HlsPicture> pictures;
  std::string audio_file;  ///< empty: no sound
  std::vector<CopiedSound> sound_copies;
  std::vector<std::int64_t> edges;  ///< first frame of each media segment, then the number of frames
  std::int64_t frames = 0;
  Rational fps;
  media::Options metadata;
};

/// Writes each rendition into a folder of its own in `folder`, which exists: initialisation segment, media
/// segments, and at last its playlist. The sound is one encode, cut at the packet nearest to each picture
/// cut. Error{proof} for segments that are not cut where planned; Error{local}, Error{interrupted}.
std::vector<Rendition> write_hls(const HlsStream& stream, const std::string& folder,
                                 const std::stop_token& stop);

/// A picture that write_hls() has written into `folder`, for check_copies().
Film film_in(const std::string& folder, const HlsStream& stream, const HlsPicture& picture,
             const Rendition& rendition);

/// Reads everything again: each media segment alone, with the initialisation segment, has to begin with a key
/// frame and hold exactly its frames at their times; the sound has to be there without a gap from 0 to the
/// programme's end; the playlists have to say the same; and check_copies() and check_sound() look at
/// what was copied. Error{proof} names the difference.
void prove_hls(const HlsStream& stream, const std::vector<Rendition>& renditions, const std::string& folder,
               const std::stop_token& stop);

}  // namespace avstage::run
