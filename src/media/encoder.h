#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/av.h"

namespace avstage::media {

struct VideoEncoderSettings {
  /// h264 (libx264), hevc (libx265), vp9 (libvpx, quick; keeps yuva420p's alpha), or the name of a mezzanine
  /// codec, which takes its own pix_fmt and neither preset nor crf nor bitrate.
  std::string codec = "h264";
  std::string preset = "veryfast";  ///< of the first two
  std::optional<double> crf;
  std::optional<std::int64_t> bitrate;  ///< bits per second
  int width = 0, height = 0;
  Rational fps{25};
  std::string pix_fmt = "yuv420p";
  /// Pinned: an encoder's bytes depend on it. 0: two of h264, four of the others.
  int threads = 0;
  /// h264: parameter sets (an `avcC` body) of a stream that shares the track. The encoder's get numbers of
  /// their own and say the same of profile, level, colour, reordering and buffer, so that a decoder goes from
  /// one to the other without dropping or delaying a frame. xdcam_hd422: its mpeg2::Sequence::headers, which
  /// are written as they are; the encoder keeps to their buffer. Empty: nothing shares it.
  std::string beside;
  /// Frames that are to be IDR frames, rising; the first always is one.
  std::vector<std::int64_t> key_frames;
};

/// A video encoder whose first frame is an IDR and whose GOPs are closed; BT.709 limited tags; parameter
/// sets in extradata. Frames carry pts = frame number (time base 1/fps). One thread at a time.
class VideoEncoder {
 public:
  explicit VideoEncoder(const VideoEncoderSettings& settings);
  ~VideoEncoder();
  VideoEncoder(VideoEncoder&&) noexcept;
  VideoEncoder& operator=(VideoEncoder&&) noexcept;

  /// A frame in the settings' size and format, or the end with nullptr. Its pict_type is ignored.
  void send(const AVFrame* frame);
  /// nullptr: needs more input, or fully drained after the end. pts, dts, duration in frames.
  PacketPtr receive();
  CodecParametersPtr parameters() const;
  Rational time_base() const;

 private:
  void replace_headers(AVPacket& packet) const;

  AVCodecContext* context_ = nullptr;
  std::vector<std::int64_t> key_frames_;
  std::int64_t sent_ = 0;
  std::string extradata_;  ///< instead of libavcodec's
  std::string headers_;    ///< likewise, in front of each group of MPEG-2
};

/// The parameter sets that the encoder writes, as the body of an `avcC` or `hvcC` box. Of h264 and hevc.
std::string parameter_sets(const VideoEncoderSettings& settings);

/// AAC (or another libavcodec encoder by FFmpeg's name) from interleaved stereo float. One thread.
class AudioEncoder {
 public:
  AudioEncoder(const std::string& codec, int bitrate, int sample_rate = 48000);
  ~AudioEncoder();
  AudioEncoder(AudioEncoder&&) noexcept;

  /// Any number of sample frames (out.size()/2); they are cut into the codec's frames inside.
  void send(std::span<const float> interleaved);
  void finish();  ///< no more samples
  /// nullptr: needs more input, or fully drained after finish(). pts in samples; the first is negative by the
  /// encoder's priming, so that programme sample 0 has pts 0.
  PacketPtr receive();
  CodecParametersPtr parameters() const;
  Rational time_base() const;

 private:
  AVCodecContext* context_ = nullptr;
  std::vector<float> pending_;
  std::size_t taken_ = 0;  // of pending_: already encoded
  std::int64_t sent_ = 0;
  bool finished_ = false;
  void send_frame(std::size_t frames);
};

}  // namespace avstage::media
