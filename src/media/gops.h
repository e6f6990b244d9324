#pragma once

#include <stop_token>
#include <string>

#include "avstage/time.h"
#include "base/gop_index.h"

/// Copying H.264 pictures without decoding them, in whole closed groups.
namespace avstage::media {

/// Reads every packet of a file's picture, decodes none, and tells which groups of pictures show one frame
/// for each step of a grid of `fps` (frame 0 is the first one shown; what an edit list hides counts for
/// nothing). A group begins at an IDR picture: what follows another kind of key frame may need what was
/// before it. Error{input} for a file that cannot be read, Error{interrupted}.
GopIndex scan_gops(const std::string& path, Rational fps, const std::stop_token& stop = {});

/// Copies frames [first, first + frames), which must be whole groups of scan_gops(), into a new mp4 whose
/// time begins at 0, then reads it again and compares every packet with the source. Error{proof} named "copy"
/// when source and copy are not what they should be; Error{local} for the disk.
void copy_gops(const std::string& source, const std::string& target, std::int64_t first, std::int64_t frames,
               Rational fps, const std::stop_token& stop = {});

}  // namespace avstage::media
