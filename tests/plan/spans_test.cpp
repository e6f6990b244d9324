#include "plan/spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/job_builder.h"

namespace avstage::plan {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

/// One line a run: "100 + length(1): 50 of 0@25 2@0, 10 of 0@75".
std::vector<std::string> lines(const std::vector<Run>& runs) {
  std::vector<std::string> out;
  for (const Run& run : runs) {
    std::string line = run.spans.front().start.str() + ":";
    for (const Span& span : run.spans) line += " [" + std::to_string(span.frames) + " " + layers(span) + "]";
    out.push_back(line);
  }
  return out;
}

std::vector<std::string> lines(const Tracks& tracks) {
  return lines(Stage(tracks).runs());
}
std::vector<std::string> lines(const Tracks& tracks, const std::set<int>& known) {
  return lines(Stage(tracks).runs(known));
}

TEST(Spans, EndWhereverAVisibleLayerComesOrGoes) {
  EXPECT_THAT(lines({{film("10")}, {text("a").start("2").duration("3"), text("b").start("4").duration("2")}}),
              ElementsAre("0: [50 0@0] [50 0@50 1@0] [25 0@100 1@0 2@0] [25 0@125 2@0] [100 0@150]"));
}

TEST(Spans, WhereNothingIsShownThereIsASpanWithoutLayers) {
  EXPECT_THAT(lines({{film("2").start("1"), film("1").start("4")}}),
              ElementsAre("0: [25 ] [50 0@0] [25 ] [25 1@0]"));
}

TEST(Spans, AnInvisibleClipIsNoLayerAndCutsNothing) {
  Item sound = film("2").start("1");
  sound.facts.media.video.reset();
  EXPECT_THAT(lines({{film("4")}, {film("2").start("1").opacity(0)}, {sound}}), ElementsAre("0: [100 0@0]"));
}

TEST(Spans, SoundLongerThanThePictureLeavesABackground) {
  Item sound = film("3");
  sound.facts.media.video.reset();
  EXPECT_THAT(lines({{film("2")}, {sound}}), ElementsAre("0: [50 0@0] [25 ]"));
}

TEST(Spans, FadesEndASpanWhereTheyAreOverOrBegin) {
  EXPECT_THAT(lines({{film("10")}, {film("4").start("2").fade_in(10).fade_out(20)}}),
              ElementsAre("0: [50 0@0] [10 0@50 1@0] [70 0@60 1@10] [20 0@130 1@80] [100 0@150]"));
}

TEST(Spans, AFadeLongerThanItsClipAddsNoEdge) {
  EXPECT_THAT(lines({{film("2").fade_in(80), film("1")}}), ElementsAre("0: [50 0@0] [25 1@0]"));
}

TEST(Spans, AStillThatLooksTheSameInEveryFrameHasNoClipTime) {
  EXPECT_THAT(lines({{film("4")}, {text("a").start("1").duration("2")}, {film("1").start("2")}}),
              ElementsAre("0: [25 0@0] [25 0@25 1@0] [25 0@50 1@0 2@0] [25 0@75]"));
  EXPECT_THAT(lines({{film("4")}, {logo().start("1").duration("2").filter("fade")}, {film("1").start("2")}}),
              ElementsAre("0: [25 0@0] [25 0@25 1@0] [25 0@50 1@25 2@0] [25 0@75]"));
}

TEST(LooksConstant, IsForStillsWithoutFadesAndTimedFilters) {
  EXPECT_TRUE(looks_constant(logo().clip));
  EXPECT_TRUE(looks_constant(logo().filter("grayscale").clip));
  EXPECT_FALSE(looks_constant(logo().filter("grayscale").filter("fade").clip));
  EXPECT_FALSE(looks_constant(logo().filter("lavfi").clip));
  EXPECT_FALSE(looks_constant(logo().fade_in(1).clip));
  EXPECT_FALSE(looks_constant(logo().fade_out(1).clip));
  EXPECT_FALSE(looks_constant(film("1").clip));
}

TEST(Islands, TheFilmBehindAnUnknownAvatarIsReadyAtOnce) {
  Tracks tracks{{film("2"), avatar("hi", "3"), film("4", "b.mp4"), avatar("bye", "1"), film("1", "c.mp4")}};
  EXPECT_THAT(lines(tracks, {}), ElementsAre("0: [50 0@0]", "50 + length(1): [100 2@0]",
                                             "150 + length(1) + length(3): [25 4@0]"));
  EXPECT_THAT(lines(tracks, {0}),
              ElementsAre("0: [50 0@0]", "50: [75 1@0]", "125: [100 2@0]", "225 + length(3): [25 4@0]"));
  EXPECT_THAT(lines(tracks),
              ElementsAre("0: [50 0@0]", "50: [75 1@0]", "125: [100 2@0]", "225: [25 3@0]", "250: [25 4@0]"));
}

TEST(Islands, ALogoUntilTheEndIsOverEverything) {
  Tracks tracks{{avatar("hi", "3"), film("4")}, {logo().duration("end")}};
  EXPECT_THAT(lines(tracks, {}), ElementsAre("0 + length(0): [100 1@0 2@0]"));
  EXPECT_THAT(lines(tracks), ElementsAre("0: [75 0@0 2@0]", "75: [100 1@0 2@0]"));
}

TEST(Islands, AnOverlayAtAnAbsoluteTimeThatMayReachAnUnknownPartWaits) {
  Tracks tracks{{avatar("hi", "3"), film("4")}, {text("x").start("2").duration("2")}};
  EXPECT_THAT(lines(tracks, {}), IsEmpty());
  EXPECT_THAT(lines(tracks), ElementsAre("0: [50 0@0] [25 0@50 2@0]", "75: [25 1@0 2@0] [75 1@25]"));
}

TEST(Islands, AnOverlayThatSurelyEndsBeforeTheUnknownPartDoesNotDisturb) {
  Tracks tracks{{film("4"), avatar("hi", "3"), film("2")}, {text("x").start("1").duration("3")}};
  EXPECT_THAT(lines(tracks, {}), ElementsAre("0: [25 0@0] [75 0@25 3@0]", "100 + length(1): [50 2@0]"));
}

TEST(Islands, AnOverlayAnchoredToWhatItCoversGoesWithIt) {
  Tracks tracks{{avatar("hi", "3"), film("4").id("film")}, {text("x").start("@film.start+1").duration("2")}};
  EXPECT_THAT(lines(tracks, {}), ElementsAre("0 + length(0): [25 1@0] [50 1@25 2@0] [25 1@75]"));
}

TEST(Islands, AFadeAtAnUnknownEndMakesOnlyWhatItMayReachWait) {
  Tracks tracks{{film("8"), avatar("hi", "3"), film("4")}, {logo().duration("end").fade_out(50)}};
  // At least 101 frames follow the first film, more than the fade; the last film is reached.
  EXPECT_THAT(lines(tracks, {}), ElementsAre("0: [200 0@0 3@0]"));
  EXPECT_THAT(lines(tracks),
              ElementsAre("0: [200 0@0 3@0]", "200: [75 1@0 3@200]", "275: [50 2@0 3@275] [50 2@50 3@325]"));
}

TEST(Islands, ATimedFilterOnAClipOfUnknownLengthWaits) {
  Tracks plain{{film("8"), avatar("hi", "3")}, {film("1").duration("end").filter("grayscale")}};
  EXPECT_THAT(lines(plain, {}), ElementsAre("0: [200 0@0 2@0]"));
  Tracks timed{{film("8"), avatar("hi", "3")}, {film("1").duration("end").filter("fade")}};
  EXPECT_THAT(lines(timed, {}), IsEmpty());
}

TEST(Islands, AnAvatarOfGivenLengthIsASpanOfItsOwnBeforeItExists) {
  EXPECT_THAT(lines({{film("2"), avatar("hi", "3").duration("2"), film("1")}}, {}),
              ElementsAre("0: [50 0@0]", "50: [50 1@0]", "100: [25 2@0]"));
}

TEST(Islands, ARunThatMayStillGrowIsNotTold) {
  // The second avatar follows at once or later: the film beside the first is the same run until then.
  Tracks tracks{{film("20")},
                {avatar("hi", "4").start("2").id("hi")},
                {avatar("ho", "1").start("1").id("ho"), text("x").duration("1")}};
  EXPECT_THAT(lines(tracks, {}), ElementsAre("0: [25 0@0]"));
  EXPECT_THAT(lines(tracks, {0}), ElementsAre("0: [25 0@0]"));
  EXPECT_THAT(lines(tracks, {1}), ElementsAre("0: [25 0@0]", "25: [25 0@25 2@0]"));
}

TEST(Islands, AnAvatarThatIsOnlyHeardEndsNoRun) {
  // The caption after the voice may come at any time: what shows the first avatar is not whole at 14 s.
  Tracks tracks{{film("40")},
                {avatar("hi", "30").start("2")},
                {avatar("voice", "4").start("14").opacity(0), text("caption").duration("1")},
                {text("title").start("14").duration("1")}};
  EXPECT_THAT(lines(tracks, {0}), ElementsAre("0: [50 0@0]"));
}

TEST(Islands, CutTheSameRunsWhenEverythingIsKnownFromTheStart) {
  Tracks tracks{{film("20")}, {avatar("hi", "4").start("2")}};
  EXPECT_THAT(lines(tracks, {}), ElementsAre("0: [50 0@0]"));
  EXPECT_THAT(lines(tracks), ElementsAre("0: [50 0@0]", "50: [100 0@50 1@0]", "150: [350 0@150]"));
}

TEST(Islands, AnAvatarWithoutPictureCutsWhatItCutBeforeThatWasKnown) {
  Item mute = avatar("hi", "4").start("2");
  mute.facts.media.video.reset();
  Tracks tracks{{film("20")}, {mute}};
  EXPECT_THAT(lines(tracks, {}), ElementsAre("0: [50 0@0]"));
  EXPECT_THAT(lines(tracks), ElementsAre("0: [50 0@0]", "50: [100 0@50 1@0]", "150: [350 0@150]"));
}

}  // namespace
}  // namespace avstage::plan
