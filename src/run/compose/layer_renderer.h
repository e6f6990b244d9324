#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "filters/filter.h"
#include "media/filter_graph.h"
#include "media/picture_pool.h"
#include "plan/layout.h"
#include "plan/resolve.h"
#include "run/compose/film_readers.h"
#include "run/compose/mattes.h"

namespace avstage::run {

/// Makes the pictures of one clip for one canvas: reads (or draws) the source, applies filters and key,
/// scales to the clip's box, applies opacity and fades. Frames are asked for by clip time, so a picture is
/// the same wherever a segment was cut. One thread.
class LayerRenderer {
 public:
  struct Context {
    const plan::Plan& plan;
    const plan::Timing& timing;
    const MediaAccess& media;
    FilmReaders& films;
    Mattes& mattes;
    Canvas canvas;
    std::function<void(int clip, std::int64_t frames)> on_decoded;  ///< may be empty
  };
  LayerRenderer(const Context& context, int clip);
  ~LayerRenderer();

  /// The picture at clip frame `local`: yuv420p, or yuva420p, in the size of its box. Valid until the next
  /// call.
  const AVFrame& picture(std::int64_t local);
  int x() const { return box_.x; }
  int y() const { return box_.y; }
  bool covers_canvas() const { return box_.covers(canvas_); }
  /// The same picture at any time, without fades: it needs to be handed over only once.
  bool constant() const { return constant_; }

  /// Error{proof} when a keyed clip came out wholly visible (nothing had the key's colour) or wholly empty.
  void check_matte() const;

 private:
  class Chain;
  const AVFrame& source_frame(std::int64_t local);
  const AVFrame& words_at(std::int64_t local);
  media::FramePtr draw_words(const std::string& words) const;
  const AVFrame& prepared(std::int64_t local);
  media::FramePtr draw_still() const;
  void measure_matte(const AVFrame& frame);
  double alpha_factor(std::int64_t local) const;

  const plan::PlannedClip& planned_;
  plan::Position position_;
  const MediaAccess& media_;
  FilmReaders& films_;
  Mattes& mattes_;
  Canvas canvas_;
  int clip_;
  std::int64_t fade_in_ = 0, fade_out_ = 0;
  bool timed_, constant_;  ///< a filter depends on the clip's time; as constant()
  std::int64_t prepared_at_ = -1;
  std::int64_t source_ = 0;  ///< another number for another source picture
  std::function<void(int, std::int64_t)> on_decoded_;
  std::shared_ptr<media::VideoReader> reader_;
  media::FramePtr still_;
  std::string words_;  ///< of captions: what still_ shows
  std::unique_ptr<Chain> chain_;
  media::FramePtr prepared_;
  media::FramePtr output_;
  media::PicturePool outputs_;
  plan::Box box_;
};

}  // namespace avstage::run
