#include "plan/media_cuts.h"

#include <algorithm>

namespace avstage::plan {
namespace {

/// Of `edges`, which end with the number of all frames, those that are needed for pieces of at most `most`.
std::vector<std::int64_t> fewest(const std::vector<std::int64_t>& edges, std::int64_t most) {
  std::vector<std::int64_t> chosen{0};
  for (std::size_t i = 1; i + 1 < edges.size(); ++i) {
    if (edges[i + 1] - chosen.back() > most) chosen.push_back(edges[i]);
  }
  return chosen;
}

}  // namespace

std::int64_t longest_media_segment(Rational seconds, Rational fps) {
  return std::max<std::int64_t>(1, (seconds * fps).floor());
}

std::vector<std::int64_t> media_cuts(const Segment& segment, Rational seconds, Rational fps) {
  const std::int64_t most = longest_media_segment(seconds, fps);
  std::vector<std::int64_t> edges = segment.groups;
  edges.push_back(segment.frames);
  const auto too_long = [most](std::int64_t a, std::int64_t b) { return b - a > most; };
  if (edges.size() > 1 && std::adjacent_find(edges.begin(), edges.end(), too_long) == edges.end())
    return fewest(edges, most);
  const std::int64_t pieces = (segment.frames + most - 1) / most;
  std::vector<std::int64_t> cuts;
  for (std::int64_t i = 0; i < pieces; ++i) cuts.push_back(segment.frames * i / pieces);
  return cuts;
}

std::vector<std::int64_t> media_segments(const std::vector<Segment>& segments, Rational seconds,
                                         Rational fps) {
  std::vector<std::int64_t> edges;
  std::int64_t at = 0;
  for (const Segment& segment : segments) {
    for (std::int64_t cut : media_cuts(segment, seconds, fps)) edges.push_back(at + cut);
    at += segment.frames;
  }
  edges.push_back(at);
  std::vector<std::int64_t> joined = fewest(edges, longest_media_segment(seconds, fps));
  joined.push_back(at);
  return joined;
}

}  // namespace avstage::plan
