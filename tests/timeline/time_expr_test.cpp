#include "timeline/time_expr.h"

#include <gtest/gtest.h>

namespace avstage {
namespace {

const Rational pal(25), ntsc(30000, 1001);

TEST(TimeExpressions, ValuesAreExactRationals) {
  struct {
    std::string_view text;
    Rational seconds;
    std::int64_t frames;
  } const cases[] = {
      {"0", Rational(0), 0},
      {"12", Rational(12), 0},
      {"12.5", Rational(25, 2), 0},
      {"0.04", Rational(1, 25), 0},
      {"0.1", Rational(1, 10), 0},
      {"0.000001", Rational(1, 1'000'000), 0},
      {"1:02.5", Rational(125, 2), 0},
      {"1:02", Rational(62), 0},
      {"90:00", Rational(5400), 0},
      {"01:02:03.25", Rational(14893, 4), 0},
      {"00:00:10:12", Rational(0), 262},
      {"01:00:00:00", Rational(0), 90'000},
      {"125f", Rational(0), 125},
      {"0f", Rational(0), 0},
      {"360000", Rational(360'000), 0},
  };
  for (const auto& c : cases) {
    auto value = parse_time_value(c.text, pal);
    ASSERT_TRUE(value) << c.text;
    EXPECT_EQ(value->seconds, c.seconds) << c.text;
    EXPECT_EQ(value->frames, c.frames) << c.text;
  }
}

TEST(TimeExpressions, ATimecodeOnAFractionalRateCountsWholeFramesWithoutDrops) {
  auto value = parse_time_value("00:01:00:29", ntsc);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, (TimeValue{Rational(0), 1829}));
  EXPECT_EQ(to_seconds(*value, ntsc), Rational(1829 * 1001, 30000));
  EXPECT_FALSE(parse_time_value("00:01:00:30", ntsc));
  EXPECT_TRUE(parse_time_value("00:00:00:119", Rational(120)));
  EXPECT_FALSE(parse_time_value("00:00:00:120", Rational(120)));
}

TEST(TimeExpressions, WhatIsNoTimeIsRefused) {
  for (std::string_view text :
       {"",          " ",      "-1",        "+1",     "1.",         ".5",          "1e3",
        "1,5",       "0x10",   "1.0000001", "360001", "1:2",        "1:60",        "1:-2",
        "60:60",     "100:00", "1:60:00",   "1:2:03", "01:02:03:4", "00:00:00:25", "00:00:60:00",
        "1:2:3:4:5", "::",     ":",         "f",      "1.5f",       "-1f",         "9000001f",
        "12.5s",     "40m",    "infinity",  "nan",    "١",          "1 "}) {
    EXPECT_FALSE(parse_time_value(text, pal)) << text;
  }
}

TEST(TimeExpressions, AnchorsNameAClipAnEdgeAndAnOffset) {
  auto expr = parse_time_expr("@lower-third_2.end-1:00.5", pal);
  ASSERT_TRUE(expr);
  EXPECT_EQ(expr->kind, TimeExpr::Kind::anchor);
  EXPECT_EQ(expr->clip, "lower-third_2");
  EXPECT_EQ(expr->edge, TimeExpr::Edge::end);
  EXPECT_EQ(expr->offset, (TimeValue{Rational(-121, 2), 0}));
  EXPECT_EQ(parse_time_expr("@a.start", pal)->offset, TimeValue{});
  EXPECT_EQ(parse_time_expr("end-12f", pal)->offset, (TimeValue{Rational(0), -12}));
  EXPECT_EQ(parse_time_expr("auto", pal)->kind, TimeExpr::Kind::automatic);
  for (std::string_view text : {"@", "@.start", "@a", "@a+1", "@a.start 1", "@a.start+", "@a.start--1",
                                "@a.starting", "@a b.end", "@1.end", "ending", "end-", "end2", "auto+1"}) {
    EXPECT_FALSE(parse_time_expr(text, pal)) << text;
  }
}

TEST(TimeExpressions, DeadlinesHaveUnits) {
  EXPECT_EQ(parse_duration("90s"), Rational(90));
  EXPECT_EQ(parse_duration("40m"), Rational(2400));
  EXPECT_EQ(parse_duration("1.5h"), Rational(5400));
  EXPECT_EQ(parse_duration("2400"), Rational(2400));
  for (std::string_view text : {"", "m", "-1m", "1d", "1 m", "1hh", "1e3"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace avstage
