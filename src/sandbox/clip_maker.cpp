#include "sandbox/clip_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/atomic_file.h"
#include "base/stop.h"
#include "media/encoder.h"
#include "media/filter_graph.h"
#include "media/muxer.h"
#include "sandbox/assets.h"
#include "sandbox/figure.h"
#include "sandbox/scenery.h"
#include "sandbox/speech.h"
#include "sandbox/watermark.h"

namespace avstage::sandbox {
namespace {

constexpr int kMaxSeconds = 1800;
constexpr int kTooLong = 40119, kBadFile = 400652;  // the vendor's codes

/// How wide the mouth stands for the sound of one frame: opens at once, closes over a few frames.
class Mouth {
 public:
  double follow(std::span<const float> samples) {
    double power = 0;
    for (float s : samples) power += double(s) * s;
    double rms = std::sqrt(power / static_cast<double>(samples.size()));
    double wanted = std::clamp((rms - 0.01) / 0.17, 0.0, 1.0);
    open_ = std::max(wanted, open_ * 0.45);
    return open_;
  }

 private:
  double open_ = 0;
};

media::FramePtr blank_frame(int width, int height) {
  media::FramePtr frame = media::make_frame();
  frame->format = AV_PIX_FMT_RGBA;
  frame->width = width;
  frame->height = height;
  frame->sample_aspect_ratio = {1, 1};
  frame->color_range = AVCOL_RANGE_JPEG;
  frame->colorspace = AVCOL_SPC_RGB;
  media::check(av_frame_get_buffer(frame.get(), 0), "no memory for a picture", "sandbox", ErrorCode::local);
  return frame;
}

media::FramePtr frame_of(const Raster& raster, std::int64_t number) {
  media::FramePtr frame = blank_frame(raster.width(), raster.height());
  for (int y = 0; y < raster.height(); ++y) {
    std::memcpy(frame->data[0] + std::ptrdiff_t(y) * frame->linesize[0], raster.row(y),
                std::size_t(raster.width()) * 4);
  }
  frame->pts = number;
  return frame;
}

/// A figure before nothing, from the same figure before black and before white: where the two agree it is all
/// there, where they differ most there is nothing.
media::FramePtr cut_out(const Raster& black, const Raster& white, std::int64_t number) {
  constexpr std::uint8_t kNothing[4] = {128, 128, 128, 0};
  media::FramePtr frame = frame_of(black, number);
  for (int y = 0; y < black.height(); ++y) {
    const std::uint8_t *dark = black.row(y), *light = white.row(y);
    std::uint8_t* out = frame->data[0] + std::ptrdiff_t(y) * frame->linesize[0];
    for (int x = 0; x < black.width(); ++x, dark += 4, light += 4, out += 4) {
      const int alpha = std::clamp(255 - (light[1] - dark[1]), 0, 255);
      for (int c = 0; c < 3; ++c) {
        out[c] = alpha == 0 ? kNothing[c] : static_cast<std::uint8_t>(std::min(255, dark[c] * 255 / alpha));
      }
      out[3] = static_cast<std::uint8_t>(alpha);
    }
  }
  return frame;
}

/// RGBA to the BT.709 limited 4:2:0 of television, without a bias in flat areas.
class Converter {
 public:
  Converter(int width, int height, Rational fps, const std::string& pix_fmt) {
    source_ = graph_.add_video_source(*blank_frame(width, height), Rational(1) / fps, fps);
    auto pad = graph_.add("scale",
                          {{"out_color_matrix", "bt709"},
                           {"out_range", "tv"},
                           {"flags", "bicubic+accurate_rnd+full_chroma_int"}},
                          source_);
    sink_ = graph_.add_video_sink(pad, {pix_fmt});
    graph_.configure();
  }
  media::FramePtr convert(const AVFrame& frame) {
    graph_.push(source_, &frame);
    media::FramePtr out = graph_.pull(sink_);
    if (!out) throw Error(ErrorCode::bug, "sandbox: the scaler kept a picture");
    return out;
  }

 private:
  media::FilterGraph graph_{2};
  media::FilterGraph::Pad source_;
  int sink_ = 0;
};

media::Options webm_options(Index index) {
  switch (index) {
    case Index::first:
      return {{"cues_to_front", "1"}};
    case Index::last:
      return {};
    case Index::fragmented:
      return {{"live", "1"}};
  }
  return {};
}

media::Options muxer_options(const ClipSpec& spec, Index index) {
  if (!spec.webm.empty()) return webm_options(index);
  switch (index) {
    case Index::first:
      return {{"movflags", "+faststart"}};
    case Index::last:
      return {};
    case Index::fragmented:
      return {{"movflags", "+frag_keyframe+empty_moov+default_base_moof"}};
  }
  return {};
}

std::string pixels_of(const ClipSpec& spec) {
  return spec.webm == "alpha" || spec.webm == "opaque" ? "yuva420p" : "yuv420p";
}

media::VideoEncoderSettings video_settings(const ClipSpec& spec) {
  media::VideoEncoderSettings settings;
  settings.preset = "veryfast";
  settings.crf = 18;
  settings.width = spec.width;
  settings.height = spec.height;
  settings.fps = Rational(spec.fps);
  settings.pix_fmt = pixels_of(spec);
  if (spec.webm.empty()) return settings;
  settings.codec = "vp9";
  settings.crf = 20;
  return settings;
}

/// Takes drawn pictures and sound, in step, and writes the file.
class ClipWriter {
 public:
  ClipWriter(const ClipSpec& spec, const std::string& path, Index index)
      : fps_(spec.fps),
        converter_(spec.width, spec.height, fps_, pixels_of(spec)),
        video_(video_settings(spec)),
        audio_(spec.webm.empty() ? "aac" : "libopus", 128'000, Speech::kRate),
        muxer_(path, container_of(spec), {}, muxer_options(spec, index)) {
    muxer_.add_stream(*video_.parameters(), video_.time_base(), fps_);
    muxer_.add_stream(*audio_.parameters(), audio_.time_base());
    muxer_.write_header();
  }

  void add(const Raster& picture, std::span<const float> mono) { add(*frame_of(picture, frames_), mono); }

  /// An RGBA picture, numbered.
  void add(const AVFrame& picture, std::span<const float> mono) {
    video_.send(converter_.convert(picture).get());
    ++frames_;
    stereo_.clear();
    for (float s : mono) stereo_.insert(stereo_.end(), {s, s});
    audio_.send(stereo_);
    drain();
  }

  void finish() {
    video_.send(nullptr);
    audio_.finish();
    drain();
    muxer_.finish();
  }

  std::int64_t frames() const { return frames_; }

 private:
  void drain() {
    while (media::PacketPtr packet = video_.receive()) muxer_.write(*packet, 0, video_.time_base());
    while (media::PacketPtr packet = audio_.receive()) muxer_.write(*packet, 1, audio_.time_base());
  }

  Rational fps_;
  Converter converter_;
  media::VideoEncoder video_;
  media::AudioEncoder audio_;
  media::Muxer muxer_;
  std::vector<float> stereo_;
  std::int64_t frames_ = 0;
};

void require_shorter_than_the_limit(double seconds) {
  if (seconds < kMaxSeconds) return;
  throw ClipFailure{kTooLong, "Video is too long", fmt::format("limit is {} s", kMaxSeconds)};
}

/// What the clip will last at least: no voice says 25 characters in a second.
double least_seconds(const ClipSpec& spec) {
  double seconds = 0;
  for (const Scene& scene : spec.scenes) {
    const Voice& voice = scene.voice;
    seconds += voice.silence + static_cast<double>(utf8_length(voice.text)) / 25 / voice.speed;
  }
  return seconds;
}

/// The file of an asset that the clip `path` uses; "" for none. One that nobody uploaded fails the clip.
std::string asset_file(const std::string& path, const std::string& id) {
  if (id.empty()) return "";
  std::string file = asset_path(path, id);
  if (!std::filesystem::exists(file)) throw ClipFailure{kBadFile, "Asset not found", "asset " + id};
  return file;
}

double length_of(const Voice& voice, const std::string& recording) {
  Speech speech(voice, recording);
  std::vector<float> second(Speech::kRate);
  std::size_t samples = 0;
  while (std::size_t n = speech.read(second)) samples += n;
  return double(samples) / Speech::kRate;
}

/// What stands behind the scene's figure, where that is no plain colour.
std::unique_ptr<Backcloth> backcloth(const Scene& scene, const ClipSpec& spec, const std::string& path,
                                     const std::string& recording) {
  std::optional<Scenery> scenery = scene.scenery;
  if (!scene.photo.empty()) scenery = Scenery{scene.photo};
  if (!scenery) return nullptr;
  double length = scenery->film && scenery->play == "fit_to_scene" ? length_of(scene.voice, recording) : 0;
  return std::make_unique<Backcloth>(*scenery, asset_file(path, scenery->asset), spec, length);
}

Raster with_words(Raster picture, const Path& words) {
  picture.limit_to({0, 0, picture.width(), picture.height()});
  picture.fill(words, {}, {128, 128, 128, 255}, 0.55);
  return picture;
}

Scene before(Scene scene, Color background) {
  scene.background = background;
  return scene;
}

/// The second figure of a transparent clip; nullptr for any other.
std::unique_ptr<Figure> twin_before_white(const Scene& scene, const ClipSpec& spec) {
  if (spec.webm != "alpha") return nullptr;
  return std::make_unique<Figure>(before(scene, {255, 255, 255, 255}), spec.width, spec.height);
}

void add_scene(ClipWriter& writer, const Scene& asked, const ClipSpec& spec, const std::optional<Path>& words,
               const std::string& path, const std::stop_token& stop) {
  const Scene scene = spec.webm == "alpha" ? before(asked, {0, 0, 0, 255}) : asked;
  Figure figure(scene, spec.width, spec.height);
  std::unique_ptr<Figure> before_white = twin_before_white(scene, spec);
  const std::string recording = asset_file(path, scene.voice.audio);
  Speech speech(scene.voice, recording);
  std::unique_ptr<Backcloth> behind = backcloth(scene, spec, path, recording);
  Mouth mouth;
  std::vector<float> samples;
  const std::int64_t first = writer.frames();
  for (;;) {
    require_going(stop, "sandbox");
    Rational fps(spec.fps);
    auto length = frame_to_sample(writer.frames() + 1, fps, Speech::kRate) -
                  frame_to_sample(writer.frames(), fps, Speech::kRate);
    samples.assign(static_cast<std::size_t>(length), 0);
    double seconds = double(writer.frames() - first) / spec.fps;
    if (speech.read(samples) == 0 && !(behind && seconds < behind->least_length())) return;
    require_shorter_than_the_limit(double(writer.frames()) / spec.fps);
    if (behind && behind->changes_at(seconds)) {
      const Raster& picture = behind->at(seconds);
      figure.stand_before(picture);
      if (before_white) before_white->stand_before(picture);
    }
    const double open = mouth.follow(samples), now = double(writer.frames()) / spec.fps;
    const Raster& drawn = figure.draw(now, open);
    const Raster* twin = before_white ? &before_white->draw(now, open) : nullptr;
    std::optional<Raster> marked, marked_twin;
    if (words) marked = with_words(drawn, *words);
    if (words && twin != nullptr) marked_twin = with_words(*twin, *words);
    const Raster& shown = marked ? *marked : drawn;
    if (twin != nullptr) {
      writer.add(*cut_out(shown, marked_twin ? *marked_twin : *twin, writer.frames()), samples);
    } else {
      writer.add(shown, samples);
    }
  }
}

}  // namespace

std::vector<std::int64_t> make_clip(const ClipSpec& spec, const std::string& path, Index index,
                                    const std::stop_token& stop) {
  require_shorter_than_the_limit(least_seconds(spec));
  std::string part = path + ".part";
  FileRemover remover(part);
  std::optional<Path> words;
  if (spec.watermark) words = watermark(spec.width, spec.height);
  std::vector<std::int64_t> ends;
  try {
    ClipWriter writer(spec, part, index);
    for (const Scene& scene : spec.scenes) {
      add_scene(writer, scene, spec, words, path, stop);
      ends.push_back(writer.frames());
    }
    writer.finish();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::input) throw;
    throw ClipFailure{kBadFile, "A file is corrupt or of a wrong kind", e.message()};
  }
  publish_file(part, path);
  remover.release();
  return ends;
}

}  // namespace avstage::sandbox
