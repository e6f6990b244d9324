#include "sandbox/scenery.h"

#include <fmt/format.h>

#include <cmath>

#include "media/demuxer.h"
#include "media/image.h"

namespace avstage::sandbox {
namespace {

constexpr Color kWhite{255, 255, 255, 255};

/// Scales a picture so that it covers the canvas, or stands in it whole.
media::FilterGraph::Pad fitted(media::FilterGraph& graph, media::FilterGraph::Pad pad, bool whole, int width,
                               int height) {
  const std::string w = fmt::format("{}", width), h = fmt::format("{}", height);
  pad = graph.add("scale",
                  {{"w", w},
                   {"h", h},
                   {"force_original_aspect_ratio", whole ? "decrease" : "increase"},
                   {"flags", "bicubic+accurate_rnd+full_chroma_int"}},
                  pad);
  pad = graph.add("format", {{"pix_fmts", "rgba"}}, pad);
  if (!whole) return graph.add("crop", {{"w", w}, {"h", h}}, pad);
  return graph.add("pad", {{"w", w}, {"h", h}, {"x", "(ow-iw)/2"}, {"y", "(oh-ih)/2"}, {"color", "white"}},
                   pad);
}

}  // namespace

Backcloth::Backcloth(const Scenery& scenery, const std::string& file, const ClipSpec& spec, double length)
    : scenery_(scenery),
      width_(spec.width),
      height_(spec.height),
      fps_(spec.fps),
      raster_(spec.width, spec.height, kWhite) {
  if (!scenery.film) {
    still_ = media::read_image(file);
    return;
  }
  film_.emplace(media::Demuxer::open_file(file, media::Demuxer::Want::video), 1);
  film_length_ = film_->facts().available.value_or(Rational(1)).to_double();
  if (scenery.play == "fit_to_scene" && length > 0) stretch_ = film_length_ / length;
  if (scenery.play == "full_video") least_ = film_length_;
}

const Raster& Backcloth::at(double seconds) {
  shown_ = true;
  if (still_) {
    show(*still_);
    return raster_;
  }
  double time = seconds * stretch_;
  if (scenery_.play == "loop") time = std::fmod(time, film_length_);
  const Rational fps(fps_);
  show(*film_->frame_at(Rational(std::llround(time * fps_ * 100), std::int64_t(fps_) * 100), fps));
  return raster_;
}

void Backcloth::show(const AVFrame& frame) {
  if (!graph_) {
    graph_.emplace(1);
    source_ = graph_->add_video_source(frame, Rational(1) / Rational(fps_), Rational(fps_));
    sink_ = graph_->add_video_sink(fitted(*graph_, source_, scenery_.fit == "contain", width_, height_),
                                   {"rgba"});
    graph_->configure();
  }
  media::FramePtr in = media::make_frame();
  media::check(av_frame_ref(in.get(), &frame), "no memory for a picture", "sandbox", ErrorCode::local);
  in->pts = pushed_++;
  graph_->push(source_, in.get());
  media::FramePtr out = graph_->pull(sink_);
  if (!out) throw Error(ErrorCode::bug, "sandbox: the scaler kept a picture");
  for (int y = 0; y < height_; ++y) {
    raster_.set_row(y, out->data[0] + std::ptrdiff_t(y) * out->linesize[0]);
  }
}

}  // namespace avstage::sandbox
