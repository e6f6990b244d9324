#pragma once

#include <memory>
#include <optional>

#include "avstage/job.h"
#include "filters/filter.h"
#include "media/facts.h"
#include "media/filter_graph.h"
#include "plan/layout.h"

namespace avstage::run {

/// One frame in, one frame out: a linear piece of a clip's picture path. It is described first; libavfilter's
/// graphs are made for the first frame, and all frames must look like that one. One thread.
class FilterChain {
 public:
  /// Frames' pts is clip time in 1/fps.
  explicit FilterChain(Rational fps) : fps_(fps), stages_(1) {}

  void add(const std::string& filter, const media::Options& options);
  /// A filter of ours, or lavfi; `context` becomes what the next one may know. Error{usage} with the mark.
  void add(const FilterSpec& spec, filters::Context& context);
  /// Ends describing. `pix_fmts` empty: whatever comes out.
  void finish(const std::vector<std::string>& pix_fmts) { stages_.back().pix_fmts = pix_fmts; }
  media::FramePtr run(const AVFrame& frame);

 private:
  /// A graph, and what is then done to its frames by ourselves.
  struct Stage {
    filters::Graph nodes;
    std::vector<std::string> pix_fmts;
    filters::Native native;
    std::unique_ptr<media::FilterGraph> graph;
    media::FilterGraph::Pad source;
    int sink = 0;
  };
  void make_graph(Stage& stage, const AVFrame& like) const;
  media::FramePtr run(Stage& stage, const AVFrame& frame) const;
  filters::Link last() const;

  Rational fps_;
  std::vector<Stage> stages_;
};

/// Upright (as probing states it) and in square pixels: the horizontal side of the source carries the change.
/// `frame` has been turned by `rotation`, or has not been turned (0).
std::pair<int, int> display_size(const AVFrame& frame, int rotation);

/// Mirroring, rotation, key and filters, in the source's own size; filters see square pixels. nullptr when
/// the clip needs none: the picture is scaled once only. (A key without filters is cheaper behind the scaler,
/// in the box's size: see make_fit_chain.)
std::unique_ptr<FilterChain> make_prepare_chain(const Clip& clip, const std::optional<Color>& key_color,
                                                const AVFrame& like, const media::Orientation& orientation,
                                                Rational fps, std::int64_t clip_frames);

/// Crop, scale into the box and the canvas' colour, key. The box is for `display_size(like, rotation)`.
/// `wants_alpha`: the result must have an alpha plane.
std::unique_ptr<FilterChain> make_fit_chain(const Clip& clip, const std::optional<Color>& key_color,
                                            const AVFrame& like, int rotation, plan::Box box,
                                            bool wants_alpha, Rational fps, std::int64_t clip_frames);

/// Checks a clip's filters before anything is bought: names, parameters, libavfilter's options.
void check_filters(const Clip& clip);
/// Likewise for what hangs on the picture's size and the clip's length: a crop outside, a fade that is too
/// long.
void check_filters(const Clip& clip, int width, int height, Rational fps, std::int64_t clip_frames);

}  // namespace avstage::run
