#pragma once

#include <memory>

#include "media/filter_graph.h"

namespace avstage::media {

/// Makes whole pictures of interlaced frames: one of each (bwdif). Frames marked progressive pass unchanged.
/// A picture is made of a frame and both its neighbours, so it comes out one frame late, and the first one
/// after a start in the middle of a medium differs from the same one in a run from the beginning. One thread.
class Deinterlacer {
 public:
  /// Frames like `like`, in source order and with rising pts in `time_base`.
  Deinterlacer(const AVFrame& like, Rational time_base, int threads);
  void send(const AVFrame* frame);  ///< nullptr: the end
  FramePtr receive();               ///< nullptr: needs more input, or the end

 private:
  FilterGraph graph_;
  FilterGraph::Pad source_;
  int sink_ = 0;
};

}  // namespace avstage::media
