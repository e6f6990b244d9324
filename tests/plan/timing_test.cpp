#include "plan/timing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "avstage/error.h"
#include "plan/job_builder.h"

namespace avstage::plan {
namespace {

using namespace test;
using testing::HasSubstr;

std::string place_of(const Timing& timing, int clip) {
  const Position& p = timing.clips.at(clip);
  return p.start.str() + " +" + p.count.str() + " in " + p.in.str();
}

Error refusal(const Script& script, const std::set<int>& known = {}) {
  try {
    Stage(script).timing(known);
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "was not refused";
  return {ErrorCode::bug, ""};
}
Error refusal(const Tracks& tracks, const std::set<int>& known = {}) {
  return refusal(Script{tracks, {}}, known);
}

TEST(Timing, ClipsWithoutStartFollowEachOther) {
  Timing t = Stage({{film("10"), film("2.5"), film("4")}, {film("3"), film("1")}}).timing();
  EXPECT_EQ(place_of(t, 0), "0 +250 in 0");
  EXPECT_EQ(place_of(t, 1), "250 +63 in 0");
  EXPECT_EQ(place_of(t, 2), "313 +100 in 0");
  EXPECT_EQ(place_of(t, 3), "0 +75 in 0");
  EXPECT_EQ(place_of(t, 4), "75 +25 in 0");
  EXPECT_EQ(t.end, Frames(413));
  EXPECT_TRUE(t.complete());
}

TEST(Timing, InOutAndDurationChooseAPartOfTheMedium) {
  const std::pair<Item, std::string> cases[] = {
      {film("10"), "0 +250 in 0"},
      {film("10").in("2"), "0 +200 in 2"},
      {film("10").out("4"), "0 +100 in 0"},
      {film("10").duration("3"), "0 +75 in 0"},
      {film("10").duration("auto"), "0 +250 in 0"},
      {film("10").in("2").out("4"), "0 +50 in 2"},
      {film("10").in("2").duration("3"), "0 +75 in 2"},
      {film("10").out("4").duration("3"), "0 +75 in 1"},
      {film("10").in("50f").out("75f"), "0 +25 in 2"},
      {film("10").in("0.3").duration("1f"), "0 +1 in 3/10"},
      {film("10").in("10f").duration("10").duration("end"), "0 +500 in 2/5"},
      {film("10").in("9.99"), "0 +1 in 999/100"},
      {color({}).duration("2"), "0 +50 in 0"},
  };
  for (const auto& [item, expected] : cases) {
    EXPECT_EQ(place_of(Stage({{item}, {film("20")}}).timing(), 0), expected);
  }
}

TEST(Timing, AnchorsAreEdgesOfOtherClipsWithAnOffset) {
  const std::pair<std::string, int> cases[] = {
      {"0", 0},           {"3", 75},           {"30f", 30},         {"@a.start", 50},     {"@a.end", 150},
      {"@a.start+1", 75}, {"@a.end-0.5", 137}, {"@a.end-10f", 140}, {"@a.end+0.02", 151}, {"end-1", 225},
      {"end-25f", 225},
  };
  for (const auto& [start, expected] : cases) {
    Timing t = Stage({{film("10")}, {film("4").id("a").start("2")}, {film("1").start(start)}}).timing();
    EXPECT_EQ(t.clips[2].start, Frames(expected)) << start;
  }
}

TEST(Timing, AnAnchorMayPointToALaterClipAndAFollowerGoesOnFromAnAnchoredOne) {
  Timing t = Stage({{film("2").start("@b.end"), film("1")}, {film("4").id("b").start("1")}}).timing();
  EXPECT_EQ(place_of(t, 0), "125 +50 in 0");
  EXPECT_EQ(place_of(t, 1), "175 +25 in 0");
}

TEST(Timing, AClipMayLastUntilAnEdgeOfAnotherOne) {
  const std::pair<std::string, int> cases[] = {
      {"@a.end", 125}, {"@a.end-1", 100}, {"@a.end+10f", 135}, {"@a.start", 25}, {"@a.start+0.04", 26}};
  for (const auto& [duration, count] : cases) {
    Timing t = Stage({{film("4").id("a").start("2")}, {logo().start("1").duration(duration)}}).timing();
    EXPECT_EQ(t.clips[1].start, Frames(25)) << duration;
    EXPECT_EQ(t.clips[1].count, Frames(count)) << duration;
  }
  Timing t = Stage({{film("2").id("a").duration("@b.end"), film("1")}, {film("3").id("b")}}).timing();
  EXPECT_EQ(place_of(t, 0), "0 +75 in 0") << "longer than the medium: a bed under a longer film";
  EXPECT_EQ(place_of(t, 1), "75 +25 in 0") << "what follows goes on from there";
}

TEST(Timing, AClipThatLastsUntilTheEndOfAnAvatarIsKnownWhenThatIs) {
  Stage stage(
      {{avatar("hi", "4").id("h").start("1")}, {text("name").start("@h.start+1").duration("@h.end-1")}});
  Timing before = stage.timing({});
  EXPECT_EQ(before.clips[1].start, Frames(50));
  EXPECT_EQ(before.clips[1].count.str(), "-50 + length(0)");
  EXPECT_EQ(stage.timing().clips[1].count, Frames(50));
}

TEST(Timing, TheProgrammeEndsWithTheLatestClipThatDoesNotHangOnItsEnd) {
  Timing t =
      Stage({{film("4")}, {logo().start("1").duration("end-1")}, {film("20").start("end-2").duration("1")}})
          .timing();
  EXPECT_EQ(t.end, Frames(100));
  EXPECT_EQ(place_of(t, 1), "25 +50 in 0");
  EXPECT_EQ(place_of(t, 2), "50 +25 in 0");
}

TEST(Timing, TheStartOfAClipThatLastsUntilTheEndIsNoPartOfThatEnd) {
  Timing t =
      Stage({{logo().id("logo").start("1").duration("end")}, {film("4").start("@logo.start+1")}}).timing();
  EXPECT_EQ(place_of(t, 1), "50 +100 in 0");
  EXPECT_EQ(t.end, Frames(150));
  EXPECT_EQ(place_of(t, 0), "25 +125 in 0");
}

TEST(Timing, ABedLongerThanItsMediumIsHeld) {
  EXPECT_EQ(place_of(Stage({{film("10")}, {film("2").duration("end")}}).timing(), 1), "0 +250 in 0");
}

TEST(Timing, LengthsOfAvatarsWithoutFactsStayUnknown) {
  Stage stage({{film("1"), avatar("hi", "2").id("hi"), film("3"), avatar("bye", "1"), film("1")},
               {text("x").start("@hi.end-10f").duration("1")}});
  Timing t = stage.timing({});
  EXPECT_EQ(place_of(t, 1), "25 +0 + length(1) in 0");
  EXPECT_EQ(place_of(t, 2), "25 + length(1) +75 in 0");
  EXPECT_EQ(place_of(t, 4), "100 + length(1) + length(3) +25 in 0");
  EXPECT_EQ(place_of(t, 5), "15 + length(1) +25 in 0");
  EXPECT_FALSE(t.complete());
  EXPECT_EQ(place_of(stage.timing({0}), 4), "150 + length(3) +25 in 0");
  EXPECT_EQ(place_of(stage.timing({1}), 4), "125 + length(1) +25 in 0");
  EXPECT_EQ(place_of(stage.timing(), 4), "175 +25 in 0");
  EXPECT_EQ(stage.timing().end, Frames(200));
}

TEST(Timing, AnAvatarWithALengthOfItsOwnIsPlacedBeforeItExists) {
  Timing t = Stage({{avatar("hi", "8").in("1").duration("4"), film("1")}}).timing({});
  EXPECT_TRUE(t.complete());
  EXPECT_EQ(place_of(t, 0), "0 +100 in 1");
}

TEST(Timing, AnUnknownEndIsThatOfAClipWhereThatOneIsSurelyLast) {
  EXPECT_EQ(Stage({{avatar("hi", "2"), film("3")}, {film("3")}}).timing({}).end.str(), "75 + length(0)");
  Timing open = Stage({{avatar("hi", "2")}, {film("3")}, {logo().duration("end")}}).timing({});
  EXPECT_EQ(open.end.str(), "0 + end");
  EXPECT_EQ(open.clips[2].count.str(), "0 + end");
}

TEST(SurelyLe, HoldsWhateverTheUnknownLengthsTurnOutToBe) {
  const Frames a = Frames::length_of(0), b = Frames::length_of(1), two_a = a + a;
  const struct {
    Frames left, right;
    bool sure;
  } cases[] = {
      {0, 0, true},      {1, 0, false},        {-5, 0, true},        {0, a, true},
      {1, a, true},      {2, a, false},  // at least one frame
      {a, 0, false},     {a, 1000, false},     {a, a, true},         {a, a + 1, true},
      {a + 1, a, false}, {a, a + b, true},     {a + 1, a + b, true}, {a + 2, a + b, false},
      {a, b, false},     {a, two_a, true},     {two_a, a, false},    {2, two_a, true},
      {3, two_a, false}, {a + b, b + a, true}, {a - 5, a - 5, true}, {100 + a, 99 + a + b, true},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Timing{}.surely_le(c.left, c.right), c.sure) << c.left.str() << " <= " << c.right.str();
  }
}

TEST(SurelyLe, TheProgrammesEndIsTheLatestOfItsEnds) {
  const Frames a = Frames::length_of(0), b = Frames::length_of(1), end = Frames::length_of(kProgrammeEnd);
  Timing t;
  t.end = end;
  t.ends = {100, 20 + a};
  const struct {
    Frames left, right;
    bool sure;
  } cases[] = {
      {100, end, true},      {101, end, false},        {20 + a, end, true},      {21 + a, end, false},
      {19 + a, end, true},   {b, end, false},          {end, 100, false},        {end, 100 + a, true},
      {end, 99 + a, true},   {end, 98 + a, false},     {end, 20 + a, false},     {end, end, true},
      {end, end + 1, true},  {end + 1, end, false},    {end - 30, end, true},    {50, end - 50, true},
      {51, end - 50, false}, {end, 101 + a + b, true}, {end + end, 1000, false}, {0, end + end, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(t.surely_le(c.left, c.right), c.sure) << c.left.str() << " <= " << c.right.str();
  }
}

TEST(FramesArithmetic, UnknownPartsThatCancelAreGone) {
  const Frames a = Frames::length_of(0);
  EXPECT_EQ((a + 3) - a, Frames(3));
  EXPECT_TRUE(((a + 3) - a).is_known());
  EXPECT_EQ((Frames(2) - a + a), Frames(2));
  EXPECT_EQ((Frames(7) + a + a - Frames::length_of(2) - Frames::length_of(kProgrammeEnd)).str(),
            "7 - end + 2length(0) - length(2)");
}

TEST(Timing, EdgesAreRoundedToTheCanvasFrameGridOnce) {
  const struct {
    Rational fps;
    std::int64_t ten_seconds, third, hour;
  } cases[] = {
      {Rational(24000, 1001), 240, 8, 86314},
      {Rational(25), 250, 8, 90000},
      {Rational(30000, 1001), 300, 10, 107892},
      {Rational(50), 500, 17, 180000},
  };
  for (const auto& c : cases) {
    Script script{{{film("10"), film("0.333333"), film("3600")}, {color({}).start("1:00:00").duration("1f")}},
                  {}};
    script.canvas.fps = c.fps;
    Timing t = Stage(script).timing();
    EXPECT_EQ(t.clips[1].start, Frames(c.ten_seconds)) << c.fps.str();
    EXPECT_EQ(t.clips[1].count, Frames(c.third)) << c.fps.str();
    EXPECT_EQ(t.clips[2].start, Frames(c.ten_seconds + c.third)) << c.fps.str();
    EXPECT_EQ(t.clips[2].count, Frames(c.hour)) << c.fps.str();
    EXPECT_EQ(t.clips[3].start, Frames(c.hour)) << c.fps.str();
    EXPECT_EQ(t.end, t.clips[2].end()) << c.fps.str();
  }
}

TEST(Timing, SourceTimeIsExactWhereverAClipIsCut) {
  Position p{0, 100, Rational(1, 3)};
  EXPECT_EQ(source_time(p, 0, Rational(30000, 1001)), Rational(1, 3));
  EXPECT_EQ(source_time(p, 30, Rational(30000, 1001)), Rational(1, 3) + Rational(1001, 1000));
}

TEST(Timing, AClipOfOneFrameIsAClip) {
  Timing t = Stage({{film("0.04"), film("0.001"), film("1").duration("1f"), film("1").in("0.96")}}).timing();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(place_of(t, i).substr(0, 4), std::to_string(i) + " +1");
}

TEST(ImpossibleTimes, AreRefusedWithTheirMarkAndWords) {
  const struct {
    Tracks tracks;
    std::string mark, words;
  } cases[] = {
      {{{film("4"), film("2").start("@a.start-1")}, {film("1").id("a")}},
       "/tracks/0/clips/1/start",
       "starts 25 frames before the programme does"},
      {{{film("4").in("4")}}, "/tracks/0/clips/0/in", "in is 4.000 s, but the medium ends at 4.000 s"},
      {{{film("4").in("4").duration("1f")}}, "/tracks/0/clips/0/in", "in is 4.000 s"},
      {{{film("9")}, {film("4").in("5").duration("end")}}, "/tracks/1/clips/0/in", "in is 5.000 s"},
      {{{film("4").out("4.1")}},
       "/tracks/0/clips/0/out",
       "shows the medium up to 4.120 s, but it ends at 4.000 s"},
      {{{film("4").in("3").duration("2")}}, "/tracks/0/clips/0/duration", "shows the medium up to 5.000 s"},
      {{{film("4").duration("0.01")}},
       "/tracks/0/clips/0/duration",
       "a length of 0.010 s is shorter than one frame of the canvas (0.040 s)"},
      {{{film("4").in("2").out("2")}},
       "/tracks/0/clips/0/out",
       "a length of 0.000 s is shorter than one frame"},
      {{{film("4").out("1").duration("2")}}, "/tracks/0/clips/0/duration", "duration is longer than out"},
      {{{film("4")}, {logo().start("4").duration("end")}},
       "/tracks/1/clips/0/duration",
       "ends before it starts"},
      {{{film("4")}, {film("9").out("3").duration("end")}}, "/tracks/1/clips/0/out", "exclude each other"},
      {{{film("1").id("a").start("@b.end")}, {film("1").id("b").start("@a.start+1")}},
       "/clips/0",
       "hangs on itself, in a circle"},
      {{{film("1").id("a").duration("@b.end")}, {film("1").id("b").duration("@a.end")}},
       "/clips/0",
       "hangs on itself, in a circle"},
      {{{film("9").id("a")}, {film("9").out("3").duration("@a.end")}}, "/tracks/1/clips/0/out", "exclude"},
      {{{film("4").id("a")}, {logo().start("5").duration("@a.end")}},
       "/tracks/1/clips/0/duration",
       "ends before it starts"},
      {{{film("4")}, {logo().id("l").duration("end")}, {logo().duration("@l.end+1")}},
       "/tracks/2/clips/0",
       "could last beyond it"},
      {{{film("1").start("@nobody.end")}}, "/tracks/0/clips/0/start", "there is no clip 'nobody'"},
      {{{logo().duration("end")}, {film("1").start("end-1")}},
       "/tracks/0/clips/0",
       "every clip hangs on the programme's end"},
      {{{logo()}}, "/tracks/0/clips/0", "a picture without end needs a duration"},
      {{{film("10")}, {film("3").start("end-2")}}, "/tracks/1/clips/0/start", "could last beyond it"},
      {{{film("10")}, {avatar("hi", "1").start("end-2")}}, "/tracks/1/clips/0/start", "could last beyond it"},
  };
  for (const auto& c : cases) {
    Error e = refusal(c.tracks);
    EXPECT_EQ(e.code(), ErrorCode::usage) << e.message();
    EXPECT_THAT(e.message(), HasSubstr("job.json:"));
    EXPECT_THAT(e.message(), HasSubstr(c.mark + ")"));
    EXPECT_THAT(e.message(), HasSubstr(c.words));
  }
}

TEST(ImpossibleTimes, OfAnAvatarAreSeenAsSoonAsItIsKnown) {
  Tracks tracks{{avatar("hi", "3").id("hi"), film("1")}, {film("2").start("@hi.end-5")}};
  EXPECT_NO_THROW(Stage(tracks).timing({}));
  EXPECT_THAT(refusal(tracks, {0}).message(), HasSubstr("starts 50 frames before"));
  Tracks cut{{avatar("hi", "3").duration("4")}};
  EXPECT_NO_THROW(Stage(cut).timing({}));
  EXPECT_THAT(refusal(cut, {0}).message(),
              HasSubstr("shows the medium up to 4.000 s, but it ends at 3.000 s"));
}

TEST(ImpossibleTimes, OneFrameBeyondTheMediumIsRoundingAndNoError) {
  EXPECT_NO_THROW(Stage({{film("3.98").duration("4")}}).timing());
  EXPECT_EQ(refusal({{film("3.95").duration("4")}}).code(), ErrorCode::usage);
}

TEST(ImpossibleTimes, AMediumThatDoesNotSayItsLengthNeedsADuration) {
  Item stream = film("1");
  stream.facts.media.available.reset();
  Error e = refusal(Tracks{{stream}});
  EXPECT_EQ(e.code(), ErrorCode::usage);
  EXPECT_THAT(e.message(), HasSubstr("needs a \"duration\""));
  EXPECT_EQ(Stage({{stream.duration("2")}}).timing().end, Frames(50));
}

TEST(ImpossibleTimes, AJobWithoutAClipIsRefused) {
  EXPECT_THAT(refusal(Tracks{}).message(), HasSubstr("job.json: the job has no clip"));
}

TEST(Timing, AFileThatWasNotProbedIsABugAndNotTheUsers) {
  Stage stage({{film("1")}});
  EXPECT_THROW(
      try { place_clips(stage.plan, Facts(1)); } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::bug);
        throw;
      },
      Error);
}

}  // namespace
}  // namespace avstage::plan
