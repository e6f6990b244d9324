#include "plan/media_cuts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace avstage::plan {
namespace {

using testing::ElementsAre;

TEST(MediaCuts, AreAsFewAndAsEqualAsTheLengthAllows) {
  EXPECT_THAT(media_cuts(150, Rational(6), Rational(25)), ElementsAre(0));
  EXPECT_THAT(media_cuts(151, Rational(6), Rational(25)), ElementsAre(0, 75));
  EXPECT_THAT(media_cuts(250, Rational(6), Rational(25)), ElementsAre(0, 125));
  EXPECT_THAT(media_cuts(350, Rational(6), Rational(25)), ElementsAre(0, 116, 233));
  EXPECT_THAT(media_cuts(179, Rational(6), Rational(30000, 1001)), ElementsAre(0));
  EXPECT_THAT(media_cuts(180, Rational(6), Rational(30000, 1001)), ElementsAre(0, 90))
      << "6.006 s are too long";
  EXPECT_THAT(media_cuts(1, Rational(6), Rational(25)), ElementsAre(0));
}

TEST(MediaSegments, EndWhereSegmentsEndAndShortOnesAreJoined) {
  EXPECT_THAT(media_segments({250, 150}, Rational(6), Rational(25)), ElementsAre(0, 125, 250, 400));
  EXPECT_THAT(media_segments({20, 30, 150, 1}, Rational(6), Rational(25)), ElementsAre(0, 50, 200, 201));
  EXPECT_THAT(media_segments({1}, Rational(6), Rational(25)), ElementsAre(0, 1));
}

TEST(MediaSegments, NoneIsLongerThanAskedAndEachBeginsAtACut) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int64_t> segments(1 + random() % 9), cuts;
    std::int64_t at = 0;
    const Rational seconds(1 + static_cast<int>(random() % 20), 2), fps(24000, 1001);
    for (std::int64_t& frames : segments) {
      frames = 1 + static_cast<std::int64_t>(random() % 400);
      for (std::int64_t cut : media_cuts(frames, seconds, fps)) cuts.push_back(at + cut);
      at += frames;
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
