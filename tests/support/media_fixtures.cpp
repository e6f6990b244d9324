#include "support/media_fixtures.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <numbers>

#include "media/encoder.h"
#include "media/filter_graph.h"
#include "media/muxer.h"
#include "support/media_writer.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/opt.h>
}

namespace avstage::test {

using media::check;
using media::FramePtr;

namespace {

constexpr double kBlipAt = 0.5, kBlipLength = 0.1;
constexpr int kBars = 12;

bool in_blip(double seconds) {
  double phase = seconds - std::floor(seconds);
  return phase >= kBlipAt - 1e-9 && phase < kBlipAt + kBlipLength - 1e-9;
}

/// Frames of one size and format, each filled as `Picture` says.
class PictureSource {
 public:
  explicit PictureSource(const VideoSpec& spec) : spec_(spec), graph_(1) {
    // testsrc2 rounds odd sizes down.
    media::Options size = {
        {"size", fmt::format("{}x{}", (spec.width + 1) / 2 * 2, (spec.height + 1) / 2 * 2)},
        {"rate", spec.fps.str()}};
    auto pad = graph_.add("testsrc2", size, std::span<const media::FilterGraph::Pad>());
    pad = graph_.add("crop",
                     {{"w", std::to_string(spec.width)},
                      {"h", std::to_string(spec.height)},
                      {"x", "0"},
                      {"y", "0"},
                      {"exact", "1"}},
                     pad);
    if (has_alpha()) {  // a ramp from transparent to opaque, from left to right
      pad = graph_.add("format", {{"pix_fmts", "yuva420p"}}, pad);
      pad = graph_.add("geq", {{"lum", "p(X,Y)"}, {"cb", "p(X,Y)"}, {"cr", "p(X,Y)"}, {"a", "255*X/W"}}, pad);
    }
    sink_ = graph_.add_video_sink(pad, {spec.pix_fmt});
    graph_.configure();
  }

  FramePtr next(std::int64_t number) {
    FramePtr frame = graph_.pull(sink_);
    check(av_frame_make_writable(frame.get()), "frame", "fixture", ErrorCode::local);
    double seconds = (Rational(number) / spec_.fps).to_double();
    if (spec_.picture == Picture::blip) fill(*frame, in_blip(seconds) ? 235 : 16);
    if (spec_.picture == Picture::gray) fill(*frame, 40 + static_cast<int>(number * 2 % 162));
    if (spec_.picture == Picture::counter) bars(*frame, number);
    if (spec_.draw) spec_.draw(*frame, number);
    frame->pict_type = AV_PICTURE_TYPE_NONE;
    frame->interlaced_frame = spec_.scan != Scan::progressive;
    frame->top_field_first = spec_.scan == Scan::top_first;
    frame->pts = spec_.ticks.empty() ? number : spec_.ticks[static_cast<std::size_t>(number)];
    return frame;
  }

 private:
  bool has_alpha() const { return spec_.pix_fmt.starts_with("yuva"); }

  static void fill(AVFrame& frame, int luma) {
    const auto* d = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
    const bool rgb = (d->flags & AV_PIX_FMT_FLAG_RGB) != 0;
    for (int c = 0; c < std::min<int>(3, d->nb_components); ++c) {
      auto [columns, rows] = plane_size(frame, c);
      int value = (c == 0 || rgb ? luma : 128) << (d->comp[c].depth - 8);
      for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < columns; ++x) set_sample(frame, c, x, y, value);
      }
    }
  }

  /// Upright bars in a picture that is stored turned.
  void bars(AVFrame& frame, std::int64_t number) const {
    fill(frame, 16);
    const int depth = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format))->comp[0].depth;
    const int along = spec_.rotation % 180 == 0 ? frame.width : frame.height;
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) {
        int upright = spec_.rotation % 180 == 0 ? x : y;
        if (spec_.rotation == 90 || spec_.rotation == 180) upright = along - 1 - upright;
        if ((number >> (upright * kBars / along) & 1) != 0) set_sample(frame, 0, x, y, 235 << (depth - 8));
      }
    }
  }

  const VideoSpec& spec_;
  media::FilterGraph graph_;
  int sink_ = 0;
};

float sound_at(const VideoSpec& spec, std::int64_t sample) {
  double seconds = static_cast<double>(sample) / spec.audio_rate;
  switch (spec.sound) {
    case Sound::sine:
      return static_cast<float>(0.25 * std::sin(2 * std::numbers::pi * 440 * seconds));
    case Sound::blip:
      return in_blip(seconds) ? static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * 1000 * seconds)) : 0;
    case Sound::impulse:
      return sample == spec.impulse_at ? 0.5F : 0;
  }
  return 0;
}

void store(AVFrame& frame, int channel, int at, float value) {
  int channels = frame.ch_layout.nb_channels;
  switch (frame.format) {
    case AV_SAMPLE_FMT_FLTP:
      reinterpret_cast<float*>(frame.extended_data[channel])[at] = value;
      break;
    case AV_SAMPLE_FMT_FLT:
      reinterpret_cast<float*>(frame.data[0])[at * channels + channel] = value;
      break;
    case AV_SAMPLE_FMT_S16P:
      reinterpret_cast<std::int16_t*>(frame.extended_data[channel])[at] =
          static_cast<std::int16_t>(value * 32767);
      break;
    default:
      reinterpret_cast<std::int16_t*>(frame.data[0])[at * channels + channel] =
          static_cast<std::int16_t>(value * 32767);
  }
}

FramePtr sound_frame(const VideoSpec& spec, const AVCodecContext& c, std::int64_t first, int count) {
  FramePtr frame = media::make_frame();
  frame->nb_samples = count;
  frame->format = c.sample_fmt;
  frame->sample_rate = spec.audio_rate;
  frame->pts = first;
  check(av_channel_layout_copy(&frame->ch_layout, &c.ch_layout), "layout", "fixture", ErrorCode::local);
  check(av_frame_get_buffer(frame.get(), 0), "frame", "fixture", ErrorCode::local);
  for (int i = 0; i < count; ++i) {
    for (int channel = 0; channel < spec.audio_channels; ++channel) {
      store(*frame, channel, i, sound_at(spec, first + i));
    }
  }
  return frame;
}

void set_color(AVCodecContext& c, const VideoSpec& spec) {
  auto named = [](int found, int unknown) { return found < 0 ? unknown : found; };
  auto name = [](const std::string& n) { return n.c_str(); };
  c.colorspace =
      static_cast<AVColorSpace>(named(av_color_space_from_name(name(spec.matrix)), AVCOL_SPC_UNSPECIFIED));
  c.color_range =
      static_cast<AVColorRange>(named(av_color_range_from_name(name(spec.range)), AVCOL_RANGE_UNSPECIFIED));
  c.color_primaries = static_cast<AVColorPrimaries>(
      named(av_color_primaries_from_name(name(spec.primaries)), AVCOL_PRI_UNSPECIFIED));
  c.color_trc = static_cast<AVColorTransferCharacteristic>(
      named(av_color_transfer_from_name(name(spec.transfer)), AVCOL_TRC_UNSPECIFIED));
  c.chroma_sample_location = static_cast<AVChromaLocation>(
      named(av_chroma_location_from_name(name(spec.chroma)), AVCHROMA_LOC_UNSPECIFIED));
}

AVCodecContext* open_picture_encoder(MediaWriter& writer, const VideoSpec& spec) {
  AVCodecContext* c = writer.add_encoder(spec.codec);
  c->width = spec.width;
  c->height = spec.height;
  c->pix_fmt = av_get_pix_fmt(spec.pix_fmt.c_str());
  c->framerate = media::to_av(spec.fps);
  c->time_base = av_inv_q(c->framerate);
  c->sample_aspect_ratio = media::to_av(spec.sar);
  c->gop_size = spec.gop;
  c->thread_count = 1;
  set_color(*c, spec);
  if (spec.scan != Scan::progressive) {
    c->flags |= AV_CODEC_FLAG_INTERLACED_DCT | AV_CODEC_FLAG_INTERLACED_ME;
    c->field_order = spec.scan == Scan::top_first ? AV_FIELD_TT : AV_FIELD_BB;
  }
  if (spec.codec != "ffv1" && spec.codec != "rawvideo") c->max_b_frames = spec.bframes;
  if (!spec.open_gop) c->flags |= AV_CODEC_FLAG_CLOSED_GOP;
  media::Options options = {{"preset", "veryfast"},
                            {"x264-params", spec.open_gop ? "scenecut=0:open-gop=1" : "scenecut=0"},
                            {"cpu-used", "8"},
                            {"deadline", "realtime"},
                            {"x265-params", "log-level=error:scenecut=0"}};
  if (!spec.profile.empty()) options.emplace_back("profile", spec.profile);
  if (spec.codec.starts_with("libvpx")) c->bit_rate = 200'000;
  if (spec.codec.starts_with("mpeg"))
    options.emplace_back("sc_threshold", "1000000000");  // closed GOPs ask for it
  options.insert(options.end(), spec.options.begin(), spec.options.end());
  writer.open_encoder(c, options);
  return c;
}

/// Some encoders write a frame's own tags, not the stream's.
FramePtr tagged(FramePtr frame, const AVCodecContext& c) {
  frame->color_primaries = c.color_primaries;
  frame->color_trc = c.color_trc;
  frame->colorspace = c.colorspace;
  return frame;
}

AVCodecContext* open_sound_encoder(MediaWriter& writer, const VideoSpec& spec) {
  AVCodecContext* c = writer.add_encoder(spec.audio_codec);
  c->sample_rate = spec.audio_rate;
  c->sample_fmt = c->codec->sample_fmts[0];
  c->time_base = {1, spec.audio_rate};
  c->bit_rate = 128'000;
  av_channel_layout_default(&c->ch_layout, spec.audio_channels);
  writer.open_encoder(c, {});
  return c;
}

}  // namespace

void make_video(const std::string& path, const VideoSpec& spec) {
  media::init_logging();
  MediaWriter writer(path, spec);
  AVCodecContext* picture = spec.codec.empty() ? nullptr : open_picture_encoder(writer, spec);
  AVCodecContext* sound = spec.audio_codec.empty() ? nullptr : open_sound_encoder(writer, spec);
  writer.begin();
  std::int64_t frames = spec.ticks.empty() ? (spec.seconds * spec.fps).round() : std::ssize(spec.ticks);
  std::int64_t samples = (spec.seconds * Rational(spec.audio_rate)).round();
  std::int64_t frame = 0, sample = 0;
  PictureSource source(spec);
  while ((picture != nullptr && frame < frames) || (sound != nullptr && sample < samples)) {
    bool picture_next = picture != nullptr && frame < frames &&
                        (sound == nullptr || sample >= samples ||
                         Rational(frame) / spec.fps <= Rational(sample, spec.audio_rate));
    if (picture_next) {
      writer.encode(picture, tagged(source.next(frame++), *picture).get());
    } else {
      int chunk = sound->frame_size > 0 ? sound->frame_size : 1024;
      int count = static_cast<int>(std::min<std::int64_t>(chunk, samples - sample));
      writer.encode(sound, sound_frame(spec, *sound, sample, count).get());
      sample += count;
    }
  }
  writer.finish();
}

void make_audio(const std::string& path, VideoSpec spec) {
  spec.codec.clear();
  make_video(path, spec);
}

void write_aac(const std::string& path, const std::vector<float>& samples, int bitrate) {
  media::AudioEncoder encoder("aac", bitrate, 48000);
  media::Muxer muxer(path, "mp4");
  const int stream = muxer.add_stream(*encoder.parameters(), encoder.time_base());
  muxer.write_header();
  encoder.send(samples);
  encoder.finish();
  while (media::PacketPtr packet = encoder.receive()) muxer.write(*packet, stream, encoder.time_base());
  muxer.finish();
}

FramePtr flat_frame(int width, int height, const std::string& pix_fmt, int r, int g, int b, int a) {
  FramePtr frame = media::make_frame();
  frame->width = width;
  frame->height = height;
  frame->format = av_get_pix_fmt(pix_fmt.c_str());
  frame->sample_aspect_ratio = {1, 1};
  check(av_frame_get_buffer(frame.get(), 0), "frame", "fixture", ErrorCode::local);
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame->format));
  const int values[4] = {r, g, b, a};
  for (int c = 0; c < d->nb_components; ++c) {
    bool chroma = (c == 1 || c == 2) && (d->flags & AV_PIX_FMT_FLAG_RGB) == 0;
    int columns = chroma ? AV_CEIL_RSHIFT(width, d->log2_chroma_w) : width;
    int rows = chroma ? AV_CEIL_RSHIFT(height, d->log2_chroma_h) : height;
    const AVComponentDescriptor& component = d->comp[c];
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        frame->data[component.plane][y * frame->linesize[component.plane] + x * component.step +
                                     component.offset] = static_cast<std::uint8_t>(values[c]);
      }
    }
  }
  return frame;
}

void make_image(const std::string& path, int width, int height, bool alpha) {
  media::init_logging();
  FramePtr rgba = flat_frame(width, height, "rgba", 30, 30, 220);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width / 2; ++x) {
      std::uint8_t* p = rgba->data[0] + y * rgba->linesize[0] + 4 * x;
      p[0] = 220;
      p[2] = 30;
      p[3] = alpha ? 0 : 255;
    }
  }
  write_image(path, *rgba, alpha);
}

std::pair<int, int> plane_size(const AVFrame& frame, int c) {
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (c == 0 || c == 3) return {frame.width, frame.height};
  return {AV_CEIL_RSHIFT(frame.width, d->log2_chroma_w), AV_CEIL_RSHIFT(frame.height, d->log2_chroma_h)};
}

void set_sample(AVFrame& frame, int c, int x, int y, int value) {
  const AVComponentDescriptor& d = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format))->comp[c];
  std::uint8_t* p = frame.data[d.plane] + y * frame.linesize[d.plane] + x * d.step + d.offset;
  if (d.depth > 8) {
    AV_WN16(p, static_cast<std::uint16_t>(value << d.shift));
  } else {
    *p = static_cast<std::uint8_t>(value);
  }
}

int sample(const AVFrame& frame, int c, int x, int y) {
  const AVComponentDescriptor& d = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format))->comp[c];
  const std::uint8_t* p = frame.data[d.plane] + y * frame.linesize[d.plane] + x * d.step + d.offset;
  return d.depth > 8 ? AV_RN16(p) >> d.shift : *p;
}

void write_still(const std::string& path, const AVFrame& picture) {
  media::init_logging();
  write_image(path, picture, true);
}

int frame_number(const AVFrame& frame) {
  int number = 0;
  int step = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format))->comp[0].step;
  for (int bit = 0; bit < kBars; ++bit) {
    int x = (2 * bit + 1) * frame.width / (2 * kBars);
    int level = frame.data[0][frame.height / 2 * frame.linesize[0] + x * step];
    if (level > 126) number |= 1 << bit;
  }
  return number;
}

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace avstage::test
