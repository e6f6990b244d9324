#pragma once

#include <memory>
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

/// Copies stretches of one file's picture. One thread.
class GopCopier {
 public:
  /// `fps` as for scan_gops(). Error{input} for a file that cannot be read.
  GopCopier(const std::string& source, Rational fps, const std::stop_token& stop = {});
  ~GopCopier();

  const std::string& source() const;
  /// Copies frames [first, first + frames), which must be whole groups of scan_gops() but for the last one,
  /// which may end at one of its cuts, into a new own_format() whose time begins at 0, then reads that again
  /// and compares the packets. Error{proof} named "copy" when source and copy are not what they should be;
  /// Error{local} for the disk, Error{interrupted}.
  void copy(const std::string& target, std::int64_t first, std::int64_t frames);

 private:
  std::unique_ptr<GridReader> reader_;
  std::stop_token stop_;
};

}  // namespace avstage::media
