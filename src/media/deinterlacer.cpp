#include "media/deinterlacer.h"

namespace avstage::media {

Deinterlacer::Deinterlacer(const AVFrame& like, Rational time_base, int threads)
    : graph_(threads), source_(graph_.add_video_source(like, time_base, Rational(0))) {
  FilterGraph::Pad whole =
      graph_.add("bwdif", {{"mode", "send_frame"}, {"parity", "auto"}, {"deint", "interlaced"}}, source_);
  sink_ = graph_.add_video_sink(whole, {});
  graph_.configure();
}

void Deinterlacer::send(const AVFrame* frame) {
  graph_.push(source_, frame);
}

FramePtr Deinterlacer::receive() {
  FramePtr frame = graph_.pull(sink_);
  if (frame) frame->pts /= 2;  // bwdif counts in half ticks
  return frame;
}

}  // namespace avstage::media
