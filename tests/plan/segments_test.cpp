#include "plan/segments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/job_builder.h"

namespace avstage::plan {
namespace {

using namespace test;
using testing::ElementsAre;

std::vector<std::int64_t> cut(const Tracks& tracks) {
  return lengths(Stage(tracks).resolve());
}

TEST(Segments, AreCutWhereTheBottomClipChanges) {
  EXPECT_THAT(cut({{film("6", "a"), film("8", "b"), film("7", "c")}}), ElementsAre(150, 200, 175));
}

TEST(Segments, FollowTheGridOfTenSecondsOfTheSource) {
  EXPECT_THAT(cut({{film("34")}}), ElementsAre(250, 250, 350));
  EXPECT_THAT(cut({{film("36")}}), ElementsAre(250, 250, 250, 150));
  EXPECT_THAT(cut({{film("40").in("4")}}), ElementsAre(150, 250, 250, 250));
  EXPECT_THAT(cut({{film("40").in("6")}}), ElementsAre(350, 250, 250));
  EXPECT_THAT(cut({{film("6", "a"), film("40", "b").in("3")}}), ElementsAre(150, 175, 250, 250, 250));
}

TEST(Segments, TheGridIsTheSourcesAndNotTheProgrammes) {
  EXPECT_THAT(cut({{film("30").start("3")}}), ElementsAre(75 + 250, 250, 250));
}

TEST(Segments, BehindAnAvatarClipTheGridIsFinerUpToItsNextLine) {
  const auto behind = [](const std::string& length) {
    return cut({{film("30")}, {avatar("hi", length).start("2").width(400)}});
  };
  EXPECT_THAT(behind("6"), ElementsAre(50, 150, 50, 250, 250)) << "8 to 10 s, then tens";
  EXPECT_THAT(behind("10.4"), ElementsAre(50, 260, 40, 50, 50, 50, 250));
  EXPECT_THAT(behind("11.4"), ElementsAre(50, 285, 65, 50, 50, 250)) << "less than a second joins";
  EXPECT_THAT(behind("27.5"), ElementsAre(50, 200, 250, 238, 12));
}

TEST(Segments, AShortPieceJoinsItsNeighbour) {
  EXPECT_THAT(cut({{film("3", "a"), film("3", "b"), film("3", "c"), film("3", "d")}}), ElementsAre(150, 150));
  EXPECT_THAT(cut({{film("4.96", "a"), film("8", "b")}}), ElementsAre(324));
  EXPECT_THAT(cut({{film("5", "a"), film("8", "b")}}), ElementsAre(125, 200));
  EXPECT_THAT(cut({{film("8", "a"), film("4.96", "b")}}), ElementsAre(324));
  EXPECT_THAT(cut({{film("1", "a")}}), ElementsAre(25));
}

TEST(Segments, TheEdgeOfAnOverlayCutsNothing) {
  Stage stage({{film("9")}, {text("x").start("2").duration("3"), logo().start("6").duration("1")}});
  RenderPlan render = stage.resolve();
  ASSERT_THAT(lengths(render), ElementsAre(225));
  EXPECT_EQ(segments(render)[0].spans.size(), 5U);
}

TEST(Segments, AnOverlayAcrossAGridCutIsCutWithIt) {
  RenderPlan render = Stage({{film("20")}, {film("4", "pip").start("8").width(400)}}).resolve();
  ASSERT_THAT(lengths(render), ElementsAre(250, 250));
  EXPECT_EQ(layers(segments(render)[0].spans.at(1)), "0@200 1@0");
  EXPECT_EQ(layers(segments(render)[1].spans.at(0)), "0@250 1@50");
}

TEST(Segments, AnOverlayThatBeginsOnTheGridDoesNotHideTheCut) {
  EXPECT_THAT(cut({{film("20")}, {film("4", "pip").start("10").width(400)}}), ElementsAre(250, 250));
  EXPECT_THAT(cut({{film("20")}, {film("4", "pip").start("6").width(400)}}), ElementsAre(250, 250));
}

TEST(Segments, TheBorderOfAnIslandIsAlwaysACut) {
  EXPECT_THAT(cut({{film("1", "a"), avatar("hi", "2"), film("1", "b")}}), ElementsAre(25, 50, 25));
  EXPECT_THAT(cut({{film("8")}, {avatar("hi", "1").start("2").width(400)}}), ElementsAre(50, 25, 25, 50, 50));
}

TEST(Segments, TwoAvatarsInARowAreTwoSegments) {
  EXPECT_THAT(cut({{avatar("a", "1"), avatar("b", "1"), avatar("a", "1")}}), ElementsAre(25, 25, 25));
}

TEST(Segments, ABackgroundWithoutLayersIsCutToo) {
  EXPECT_THAT(cut({{film("5", "a"), film("5", "b").start("30")}}), ElementsAre(125, 250, 250, 125, 125));
}

TEST(Segments, SpansThatGoOnAreOneSpan) {
  // What a full picture hides leaves no trace, whether it moves or not.
  RenderPlan moving =
      Stage({{film("9", "a"), film("9", "b")}, {text("x").start("2").duration("9")}, {film("18")}}).resolve();
  ASSERT_EQ(segments(moving)[0].spans.size(), 1U);
  EXPECT_EQ(layers(segments(moving)[0].spans[0]), "3@0");
  RenderPlan still = Stage({{text("x").start("2").duration("2")}, {color({}).duration("9")}}).resolve();
  ASSERT_EQ(segments(still).size(), 1U);
  EXPECT_EQ(segments(still)[0].spans.size(), 1U);
}

TEST(Segments, AtAFractionalRateTheGridIsTheNearestFrame) {
  Script script{{{film("30")}}, {}};
  script.canvas.fps = Rational(30000, 1001);
  EXPECT_THAT(lengths(Stage(script).resolve()), ElementsAre(300, 300, 299));
}

TEST(Segments, ATailKeepsItsCutsWhenAnAvatarOverItGetsLonger) {
  std::vector<std::int64_t> was = cut({{film("60")}, {avatar("hi", "4").start("2").width(400)}});
  std::vector<std::int64_t> is = cut({{film("60")}, {avatar("hi", "4.4").start("2").width(400)}});
  EXPECT_THAT(was, ElementsAre(50, 100, 50, 50, 250, 250, 250, 250, 250));
  EXPECT_THAT(is, ElementsAre(50, 110, 40, 50, 250, 250, 250, 250, 250));
}

}  // namespace
}  // namespace avstage::plan
