#pragma once

#include <stop_token>
#include <string>

#include "media/av.h"

namespace avstage::media {

/// Of mp4 and mov, in units a second: whole for 24, 25, 30, 60, their n/1001, and 48 kHz.
inline constexpr int kMovieTimescale = 240'000;

/// The muxer of a file that holds nothing but such a stream: mp4, or mov for what has no place in an mp4.
const char* own_format(AVCodecID codec);

/// Writes one local file. Nothing is published here: the caller gives a ".part" path and renames it after
/// finish(). Errors are Error{local} (disk, permission) with the path. One thread.
class Muxer {
 public:
  /// `format` is FFmpeg's muxer name (mp4, mov, matroska, nut); `metadata` goes into the container; `options`
  /// are the muxer's own, such as movflags. `stop` ends what takes long, such as moving the index to the
  /// front of a large file: Error{interrupted}.
  Muxer(const std::string& path, const std::string& format, const Options& metadata = {},
        const Options& options = {}, std::stop_token stop = {});
  ~Muxer();  ///< closes; an unfinished file stays as it is, without a trailer
  Muxer(const Muxer&) = delete;
  Muxer& operator=(const Muxer&) = delete;

  /// Before write_header(). Returns the stream's index. Parameters are copied.
  int add_stream(const AVCodecParameters& parameters, Rational time_base, Rational fps = Rational(0));
  void write_header();
  /// Takes the packet's content; its times are in `time_base`. Packets of all streams in rising DTS order
  /// give good interleaving; DTS must rise strictly within a stream (Error{bug} otherwise).
  void write(AVPacket& packet, int stream, Rational time_base);
  void finish();

 private:
  int checked(int ret, const char* what) const;

  AVFormatContext* context_ = nullptr;
  std::string path_;
  std::stop_token stop_;
  Options options_;
  std::vector<std::int64_t> last_dts_;
};

}  // namespace avstage::media
