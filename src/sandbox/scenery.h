#pragma once

#include <optional>
#include <string>

#include "media/filter_graph.h"
#include "media/video_reader.h"
#include "sandbox/clip_spec.h"
#include "sandbox/raster.h"

namespace avstage::sandbox {

/// The pictures of a scene's scenery, made to fill the canvas. One thread.
class Backcloth {
 public:
  /// `file` is the asset's; `length` the scene's, where a film is to be fitted to it. Error{input} when the
  /// file is no picture or no film.
  Backcloth(const Scenery& scenery, const std::string& file, const ClipSpec& spec, double length);

  /// Whether at() has a picture that was not shown before; rising times.
  bool changes_at(double seconds) const { return !shown_ || (film_ && seconds > 0); }
  const Raster& at(double seconds);
  /// Seconds that the scene lasts at least: a film that is to be seen in full.
  double least_length() const { return least_; }

 private:
  void show(const AVFrame& frame);

  Scenery scenery_;
  int width_, height_, fps_;
  double stretch_ = 1, film_length_ = 0, least_ = 0;
  std::optional<media::VideoReader> film_;
  media::FramePtr still_;
  std::optional<media::FilterGraph> graph_;
  media::FilterGraph::Pad source_;
  int sink_ = 0;
  std::int64_t pushed_ = 0;
  Raster raster_;
  bool shown_ = false;
};

}  // namespace avstage::sandbox
