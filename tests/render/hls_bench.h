#pragma once

#include <map>
#include <string>
#include <vector>

#include "render/bench.h"

namespace avstage::test {

/// A media playlist as it stands, and what hangs on it.
struct Media {
  std::string folder;              ///< of the playlist
  std::vector<std::string> lines;  ///< of its text
  std::vector<std::string> files;  ///< media segments, with their folder
  std::vector<double> lengths;     ///< EXTINF
  double sum() const;
  std::string init() const { return folder + "/init.mp4"; }
};

std::vector<std::string> lines_of(const std::string& path);
/// The playlists that a multivariant playlist names: sounds by "sound", pictures by their RESOLUTION. A
/// missing file or an unknown line is a failure of the test.
std::map<std::string, Media> read_stream(const std::string& master);
/// Initialisation segment and media segments as one file.
void join(const Media& media, const std::vector<std::string>& files, const std::string& path);
/// One file of a picture and a sound, their packets as they are.
void put_together(const std::string& picture, const std::string& sound, const std::string& path);
/// Every regular file below `dir` with its content.
std::map<std::string, std::string> all_files(const std::string& dir);
/// The value of an attribute in a line of a multivariant playlist, without quotes.
std::string attribute(const std::string& line, const std::string& name);

/// What libav's own reader of HLS finds, all renditions together.
struct HlsStreams {
  std::map<std::string, std::int64_t> packets;  ///< by "320x180" or "sound"
  std::map<std::string, double> start, end;     ///< seconds
};
HlsStreams read_with_libav(const std::string& master);

}  // namespace avstage::test
