#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "avstage/time.h"
#include "media/av.h"

/// Small media made by libav on the spot, and meters that look at what came out.
namespace avstage::test {

enum class Picture {
  testsrc,  ///< FFmpeg's moving test picture
  counter,  ///< the frame's number as black and white bars: frame_number() reads it, also after re-encoding
  blip,     ///< black, white for 0.1 s at 0.5 s of every second
  gray      ///< all of one level that rises by 2 a frame from 40 (to 200, then again)
};
enum class Sound {
  sine,    ///< 440 Hz, level 0.25
  blip,    ///< 1 kHz for 0.1 s at 0.5 s of every second, else silence
  impulse  ///< silence but for one sample of 0.5 at `impulse_at` (in samples)
};
enum class Scan { progressive, top_first, bottom_first };
enum class Index { first, last, fragmented };

struct VideoSpec {
  int width = 160, height = 90;
  Rational fps{25};
  Rational seconds{1};            ///< of picture and of sound
  std::string codec = "libx264";  ///< an encoder of libavcodec; empty: no picture
  std::string profile;            ///< that encoder's name of one; empty: its choice
  std::string pix_fmt = "yuv420p";
  media::Options options;  ///< further ones of the encoder
  int gop = 25, bframes = 2;
  bool open_gop = false;
  Picture picture = Picture::testsrc;
  std::function<void(AVFrame&, std::int64_t)> draw;  ///< paints over `picture`: set_sample()
  Scan scan = Scan::progressive;
  std::vector<std::int64_t> ticks;  ///< when each frame is shown, in 1/fps; instead of `seconds` of picture
  std::string matrix = "bt709", range = "tv";  ///< FFmpeg's names, "unknown": no tag; likewise those below
  std::string primaries = "unknown", transfer = "unknown", chroma = "unspecified";

  std::string audio_codec = "aac";  ///< an encoder of libavcodec; empty: no sound
  int audio_rate = 48000, audio_channels = 2;
  Sound sound = Sound::sine;
  std::int64_t impulse_at = 0;

  Index index = Index::first;  ///< mp4 and mov only
  Rational sar{1};
  int rotation = 0;           ///< clockwise degrees a player turns it by
  bool mirrored = false;      ///< and before that it exchanges left and right
  Rational start{0};          ///< of picture and sound, in the container's time
  Rational picture_delay{0};  ///< of the picture alone
};

/// Writes `path`; its ending chooses the container (mp4, mov, mkv, webm, ts, nut, avi, wav, flac, mp3, m4a).
void make_video(const std::string& path, const VideoSpec& spec = {});
/// Sound alone.
void make_audio(const std::string& path, VideoSpec spec);
/// 48 kHz stereo as AAC in an mp4, as avstage encodes it.
void write_aac(const std::string& path, const std::vector<float>& samples, int bitrate);
/// PNG, JPEG or WebP: left half red (220,30,30), right half blue (30,30,220). With alpha the left half is
/// transparent.
void make_image(const std::string& path, int width, int height, bool alpha = false);

/// PNG (grey stays grey, and 16 bits 16), JPEG or WebP of a picture in "rgba", "rgba64be" or "gray".
void write_still(const std::string& path, const AVFrame& picture);

/// A picture of one colour in `pix_fmt` "rgba" or a planar 8-bit YUV format (then r, g, b are Y, Cb, Cr).
media::FramePtr flat_frame(int width, int height, const std::string& pix_fmt, int r, int g, int b,
                           int a = 255);
/// Component `c` (Y, Cb, Cr, alpha; R, G, B) at column x and row y of its own plane, in its own depth.
void set_sample(AVFrame& frame, int c, int x, int y, int value);
int sample(const AVFrame& frame, int c, int x, int y);
/// Columns and rows of a component.
std::pair<int, int> plane_size(const AVFrame& frame, int c);
/// The number a counter picture shows.
int frame_number(const AVFrame& frame);
/// FNV-1a over the visible samples of all planes.
std::uint64_t checksum(const AVFrame& frame);

struct Mean {
  double y = 0, u = 0, v = 0;  ///< as decoded, limited range
};
Mean mean_of(const AVFrame& frame);

struct Decoded {
  std::int64_t frames = 0;
  std::vector<Mean> means;               ///< one a frame
  std::vector<std::uint64_t> checksums;  ///< likewise
  std::vector<double> times;             ///< seconds, from the container's time 0
  std::vector<int> numbers;              ///< frame_number() of each
  std::int64_t audio_samples = 0;        ///< per channel at its own rate, from source time 0 on
  int audio_rate = 0;
  int width = 0, height = 0;
};
/// Decodes every frame and sample in order. Throws what media/ throws.
Decoded decode_all(const std::string& path);
/// All sound as 48 kHz interleaved stereo from source time 0.
std::vector<float> read_sound(const std::string& path);

struct AvOffset {
  std::vector<double> flashes, beeps;  ///< seconds at which each began, in the container's time
  /// The largest |beep − flash|; huge when their numbers differ or there is none.
  double worst() const;
};
/// Measures a blip medium.
AvOffset av_offset(const std::string& path);

std::string read_bytes(const std::string& path);
void write_bytes(const std::string& path, const std::string& bytes);

}  // namespace avstage::test
