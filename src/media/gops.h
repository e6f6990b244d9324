#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "avstage/time.h"
#include "base/gop_index.h"

/// Copying pictures without decoding them: of H.264 and HEVC closed groups, of ProRes and DNxHR any frame.
namespace avstage::media {

/// Reads every packet of a file's picture, decodes none, and tells which groups of pictures show one frame
/// for each step of a grid of `fps` (frame 0 is the first one shown; what an edit list hides counts for
/// nothing). A group begins at an IDR picture, of MPEG-2 at a closed group: what follows another kind of key
/// frame may need what was before it. Error{input} for a file that cannot be read, Error{interrupted}.
GopIndex scan_gops(const std::string& path, Rational fps, const std::stop_token& stop = {});

class GridReader;

/// Reads and copies stretches of one file's picture. One thread.
class GopReader {
 public:
  /// `fps` as for scan_gops(). Error{input} for a file that cannot be read.
  GopReader(const std::string& source, Rational fps, const std::stop_token& stop = {});
  GopReader(GopReader&&) noexcept;
  GopReader& operator=(GopReader&&) noexcept;
  ~GopReader();

  const std::string& source() const;
  /// Goes to frames [first, first + frames), which must be whole groups of scan_gops() but for the last one,
  /// which may end at one of its cuts. Error{proof} named "copy" when the source has no group there;
  /// Error{interrupted}.
  void begin(std::int64_t first, std::int64_t frames);

  struct Picture {
    std::string bytes;       ///< as they stand in a track, with 4-byte lengths
    std::int64_t frame = 0;  ///< from 0
    bool key = false;        ///< a group begins with it
  };
  /// The next one in the order of decoding; nullopt behind the last. Errors as for begin(), also for a source
  /// that is not as it was scanned.
  std::optional<Picture> next();

  /// Copies the frames into a new own_format() whose time begins at 0. Errors as for next(); Error{local} for
  /// the disk.
  void copy(const std::string& target, std::int64_t first, std::int64_t frames);

 private:
  std::unique_ptr<GridReader> reader_;
  std::int64_t first_ = 0, frames_ = 0, done_ = 0;
};

}  // namespace avstage::media
