#include "plan/media_cuts.h"

#include <algorithm>

namespace avstage::plan {
namespace {

std::int64_t most_frames(Rational seconds, Rational fps) {
  return std::max<std::int64_t>(1, (seconds * fps).floor());
}

}  // namespace

std::vector<std::int64_t> media_cuts(std::int64_t frames, Rational seconds, Rational fps) {
  const std::int64_t most = most_frames(seconds, fps), pieces = (frames + most - 1) / most;
  std::vector<std::int64_t> cuts;
  for (std::int64_t i = 0; i < pieces; ++i) cuts.push_back(frames * i / pieces);
  return cuts;
}

std::vector<std::int64_t> media_segments(const std::vector<std::int64_t>& segments, Rational seconds,
                                         Rational fps) {
  const std::int64_t most = most_frames(seconds, fps);
  std::vector<std::int64_t> edges;
  std::int64_t at = 0;
  for (std::int64_t frames : segments) {
    for (std::int64_t cut : media_cuts(frames, seconds, fps)) edges.push_back(at + cut);
    at += frames;
  }
  edges.push_back(at);
  std::vector<std::int64_t> joined{0};
  for (std::size_t i = 1; i + 1 < edges.size(); ++i) {
    if (edges[i + 1] - joined.back() > most) joined.push_back(edges[i]);
  }
  joined.push_back(at);
  return joined;
}

}  // namespace avstage::plan
