#include "plan/media_cuts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace avstage::plan {
namespace {

using testing::ElementsAre;

Segment segment(std::int64_t frames, std::vector<std::int64_t> groups = {}) {
  Segment s;
  s.frames = frames;
  s.groups = std::move(groups);
  return s;
}

/// Groups of 1 to `most` frames.
std::vector<std::int64_t> groups_within(std::int64_t frames, std::int64_t most, std::mt19937& random) {
  std::vector<std::int64_t> groups{0};
  for (;;) {
    const std::int64_t next = groups.back() + 1 + static_cast<std::int64_t>(random() % most);
    if (next >= frames && frames - groups.back() <= most) return groups;
    if (next < frames) groups.push_back(next);
  }
}

std::vector<Segment> segments_of(const std::vector<std::int64_t>& frames) {
  std::vector<Segment> segments;
  for (std::int64_t n : frames) segments.push_back(segment(n));
  return segments;
}

TEST(MediaCuts, AreAsFewAndAsEqualAsTheLengthAllows) {
  EXPECT_THAT(media_cuts(segment(150), Rational(6), Rational(25)), ElementsAre(0));
  EXPECT_THAT(media_cuts(segment(151), Rational(6), Rational(25)), ElementsAre(0, 75));
  EXPECT_THAT(media_cuts(segment(250), Rational(6), Rational(25)), ElementsAre(0, 125));
  EXPECT_THAT(media_cuts(segment(350), Rational(6), Rational(25)), ElementsAre(0, 116, 233));
  EXPECT_THAT(media_cuts(segment(179), Rational(6), Rational(30000, 1001)), ElementsAre(0));
  EXPECT_THAT(media_cuts(segment(180), Rational(6), Rational(30000, 1001)), ElementsAre(0, 90))
      << "6.006 s are too long";
  EXPECT_THAT(media_cuts(segment(1), Rational(6), Rational(25)), ElementsAre(0));
}

TEST(MediaSegments, EndWhereSegmentsEndAndShortOnesAreJoined) {
  EXPECT_THAT(media_segments(segments_of({250, 150}), Rational(6), Rational(25)),
              ElementsAre(0, 125, 250, 400));
  EXPECT_THAT(media_segments(segments_of({20, 30, 150, 1}), Rational(6), Rational(25)),
              ElementsAre(0, 50, 200, 201));
  EXPECT_THAT(media_segments(segments_of({1}), Rational(6), Rational(25)), ElementsAre(0, 1));
}

TEST(MediaCuts, OfACopyAreWhereItsGroupsBegin) {
  EXPECT_THAT(media_cuts(segment(240, {0, 50, 100, 150, 200}), Rational(6), Rational(25)),
              ElementsAre(0, 150));
  EXPECT_THAT(media_cuts(segment(150, {0, 50, 100}), Rational(6), Rational(25)), ElementsAre(0));
  EXPECT_THAT(media_cuts(segment(160, {0, 70, 140}), Rational(6), Rational(25)), ElementsAre(0, 140));
  EXPECT_THAT(media_cuts(segment(230, {0, 140}), Rational(6), Rational(25)), ElementsAre(0, 140));
  EXPECT_THAT(media_cuts(segment(230, {0, 151}), Rational(6), Rational(25)), ElementsAre(0, 115))
      << "a group is longer than a media segment may be";
  EXPECT_THAT(media_segments({segment(20), segment(240, {0, 50, 100, 150, 200}), segment(30)}, Rational(6),
                             Rational(25)),
              ElementsAre(0, 20, 170, 290));
}

TEST(MediaSegments, NoneIsLongerThanAskedAndEachBeginsAtACut) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Segment> segments;
    std::vector<std::int64_t> cuts;
    std::int64_t at = 0;
    const Rational seconds(1 + static_cast<int>(random() % 20), 2), fps(24000, 1001);
    const std::int64_t most = longest_media_segment(seconds, fps);
    for (std::size_t i = 0, n = 1 + random() % 9; i < n; ++i) {
      segments.push_back(segment(1 + static_cast<std::int64_t>(random() % 400)));
      if (random() % 2 == 0) segments.back().groups = groups_within(segments.back().frames, most, random);
      for (std::int64_t cut : media_cuts(segments.back(), seconds, fps)) cuts.push_back(at + cut);
      at += segments.back().frames;
    }
    const std::vector<std::int64_t> edges = media_segments(segments, seconds, fps);
    ASSERT_EQ(edges.front(), 0);
    ASSERT_EQ(edges.back(), at);
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      EXPECT_TRUE(std::binary_search(cuts.begin(), cuts.end(), edges[i]));
      EXPECT_LT(edges[i], edges[i + 1]);
      EXPECT_LE(Rational(edges[i + 1] - edges[i]) / fps, seconds);
    }
  }
}

}  // namespace
}  // namespace avstage::plan
