#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "avstage/time.h"

namespace avstage {

/// What a container promises about its best video stream, in display terms.
struct VideoFacts {
  std::string codec;                          ///< FFmpeg's codec name
  int width = 0, height = 0;                  ///< coded samples, before SAR and rotation
  Rational sar{1};                            ///< sample aspect ratio, 1 when unknown
  int rotation = 0;                           ///< clockwise degrees to show it upright: 0, 90, 180, 270
  bool mirrored = false;                      ///< and before that, left and right are exchanged
  int display_width = 0, display_height = 0;  ///< square pixels, upright
  Rational fps;                               ///< average rate, 0 when unknown (an image)
  std::string pix_fmt;                        ///< FFmpeg's name
  bool alpha = false;
  bool interlaced = false;
  std::string color_matrix, color_range, color_primaries, color_transfer;  ///< FFmpeg's names, "unknown"
  Time start;                          ///< of the first shown frame, in the container's time
  std::optional<Time> duration;        ///< nullopt: not stated (an unfinished or fragmented stream)
  std::optional<std::int64_t> frames;  ///< as promised by the container's tables, nullopt when not stated
};

struct AudioFacts {
  std::string codec;
  int sample_rate = 0;
  int channels = 0;
  Time start;
  std::optional<Time> duration;
};

/// What is known of a media file after probing. A plain value.
struct MediaFacts {
  std::string format;  ///< FFmpeg's demuxer name
  bool image = false;  ///< a still picture: any duration
  std::optional<VideoFacts> video;
  std::optional<AudioFacts> audio;
  /// How long it can be shown: the video's end, or the sound's where there is no picture, measured from 0;
  /// nullopt for an image or where the container does not say.
  std::optional<Time> available;
};

}  // namespace avstage
