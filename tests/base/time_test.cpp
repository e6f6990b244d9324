#include "avstage/time.h"

#include <gtest/gtest.h>

#include <limits>

#include "avstage/error.h"

namespace avstage {
namespace {

constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();

TEST(Rationals, AreKeptInLowestTermsWithAPositiveDenominator) {
  EXPECT_EQ(Rational(6, 4).num, 3);
  EXPECT_EQ(Rational(6, 4).den, 2);
  EXPECT_EQ(Rational(6, -4), Rational(-3, 2));
  EXPECT_EQ(Rational(0, 7).den, 1);
}

TEST(Rationals, AddUpWithoutDrift) {
  Rational sum, tenth(1, 10);
  for (int i = 0; i < 1'000'000; ++i) sum = sum + tenth;
  EXPECT_EQ(sum, Rational(100'000));
  EXPECT_EQ(Rational(1, 3) + Rational(1, 6), Rational(1, 2));
  EXPECT_EQ(Rational(1, 3) - Rational(1, 2), Rational(-1, 6));
  EXPECT_EQ(Rational(30000, 1001) * Rational(1001, 30000), Rational(1));
  EXPECT_EQ(Rational(1) / Rational(30000, 1001), Rational(1001, 30000));
}

TEST(Rationals, CompareExactlyWhereDoublesCannot) {
  EXPECT_LT(Rational(max - 1, max), Rational(1));
  EXPECT_LT(Rational(1, max), Rational(1, max - 1));
  EXPECT_LT(Rational(-1, 2), Rational(-1, 3));
  EXPECT_GT(Rational(1, 3), Rational(333'333'333, 1'000'000'000));
}

TEST(Rationals, RoundHalvesAwayFromZeroAndFloorDownwards) {
  EXPECT_EQ(Rational(5, 2).round(), 3);
  EXPECT_EQ(Rational(-5, 2).round(), -3);
  EXPECT_EQ(Rational(49, 100).round(), 0);
  EXPECT_EQ(Rational(-5, 2).floor(), -3);
  EXPECT_EQ(Rational(5, 2).floor(), 2);
  EXPECT_EQ(Rational(-5, 2).ceil(), -2);
  EXPECT_EQ(Rational(5, 2).ceil(), 3);
  EXPECT_EQ(Rational(4).floor(), 4);
  EXPECT_EQ(Rational(max - 1, 2).round(), max / 2);
}

TEST(Rationals, WhatDoesNotFitIsAnErrorNotAWrongNumber) {
  EXPECT_THROW(Rational(max) + Rational(1), Error);
  EXPECT_THROW(Rational(max) * Rational(2), Error);
  EXPECT_THROW(Rational(1, max) * Rational(1, 2), Error);
  EXPECT_THROW(Rational(1, 0), Error);
  EXPECT_THROW(Rational(1) / Rational(0), Error);
}

TEST(Rationals, ArePrintedAsTheyAreWritten) {
  EXPECT_EQ(Rational(25).str(), "25");
  EXPECT_EQ(Rational(30000, 1001).str(), "30000/1001");
  EXPECT_EQ(Rational(-1, 2).str(), "-1/2");
}

TEST(Decimals, AreExact) {
  EXPECT_EQ(parse_decimal("12"), Rational(12));
  EXPECT_EQ(parse_decimal("-0.04"), Rational(-1, 25));
  EXPECT_EQ(parse_decimal("0.000000001"), Rational(1, 1'000'000'000));
  for (std::string_view bad : {"", "-", ".", "1.", ".5", "+1", "1e3", "1,5", " 1", "1 ", "--1", "1.2.3",
                               "0x1", "1234567890", "0.1234567890"}) {
    EXPECT_FALSE(parse_decimal(bad)) << bad;
  }
}

TEST(FrameRates, KnowTheShortFormsOfTheField) {
  EXPECT_EQ(parse_frame_rate("25"), Rational(25));
  EXPECT_EQ(parse_frame_rate("24000/1001"), Rational(24000, 1001));
  EXPECT_EQ(parse_frame_rate("23.976"), Rational(24000, 1001));
  EXPECT_EQ(parse_frame_rate("23.98"), Rational(24000, 1001));
  EXPECT_EQ(parse_frame_rate("29.97"), Rational(30000, 1001));
  EXPECT_EQ(parse_frame_rate("59.94"), Rational(60000, 1001));
  EXPECT_EQ(parse_frame_rate("12.5"), Rational(25, 2));
  for (std::string_view bad : {"", "0", "-25", "1001", "25/0", "25/-1", "25/", "/1", "2.5/2", "fast"}) {
    EXPECT_FALSE(parse_frame_rate(bad)) << bad;
  }
}

TEST(Frames, LieNearestToTheTime) {
  EXPECT_EQ(to_frames(Rational(1), Rational(25)), 25);
  EXPECT_EQ(to_frames(Rational(1), Rational(30000, 1001)), 30);
  EXPECT_EQ(to_frames(Rational(1, 50), Rational(25)), 1);
  EXPECT_EQ(to_frames(Rational(19, 1000), Rational(25)), 0);
  EXPECT_EQ(to_frames(Rational(3600), Rational(30000, 1001)), 107'892);
}

TEST(Samples, OfFrameEdgesNeverDrift) {
  Rational ntsc(30000, 1001);
  EXPECT_EQ(frame_to_sample(0, ntsc, 48'000), 0);
  EXPECT_EQ(frame_to_sample(1, ntsc, 48'000), 1602);
  EXPECT_EQ(frame_to_sample(5, ntsc, 48'000), 8008);
  EXPECT_EQ(frame_to_sample(30'000, ntsc, 48'000), 48'048'000);
  EXPECT_EQ(frame_to_sample(25, Rational(25), 44'100), 44'100);
  for (std::int64_t frame = 0; frame < 5000; ++frame) {
    std::int64_t length = frame_to_sample(frame + 1, ntsc, 48'000) - frame_to_sample(frame, ntsc, 48'000);
    ASSERT_TRUE(length == 1601 || length == 1602) << frame;
  }
}

}  // namespace
}  // namespace avstage
