#pragma once

#include <algorithm>
#include <cstdlib>

#include "avstage/job.h"
#include "media/filter_graph.h"

namespace avstage::sandbox::test {

/// One frame as RGB.
class Picture {
 public:
  explicit Picture(const AVFrame& frame) {
    media::FilterGraph graph(1);
    auto source = graph.add_video_source(frame, Rational(1, 25), Rational(25));
    auto scaled = graph.add("scale",
                            {{"in_color_matrix", "bt709"},
                             {"in_range", "tv"},
                             {"flags", "accurate_rnd+full_chroma_int+full_chroma_inp"}},
                            source);
    int sink = graph.add_video_sink(scaled, {"gbrp"});
    graph.configure();
    graph.push(source, &frame);
    graph.push(source, nullptr);
    frame_ = graph.pull(sink);
  }
  Color at(int x, int y) const {
    auto plane = [&](int i) { return frame_->data[i][y * frame_->linesize[i] + x]; };
    return {plane(2), plane(0), plane(1), 255};
  }
  double luma(int x, int y) const {
    Color c = at(x, y);
    return 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
  }
  int width() const { return frame_->width; }
  int height() const { return frame_->height; }

 private:
  media::FramePtr frame_;
};

inline int distance(Color a, Color b) {
  return std::max({std::abs(a.r - b.r), std::abs(a.g - b.g), std::abs(a.b - b.b)});
}

}  // namespace avstage::sandbox::test
