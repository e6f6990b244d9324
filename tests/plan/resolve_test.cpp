#include "plan/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/job_builder.h"

namespace avstage::plan {
namespace {

using namespace test;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSubsetOf;
using testing::Not;
using testing::SizeIs;

/// Layers of every span of the film.
std::vector<std::string> seen(const Tracks& tracks) {
  std::vector<std::string> out;
  const RenderPlan render = Stage(tracks).resolve();
  for (const Segment& s : segments(render)) {
    for (const Span& span : s.spans) out.push_back(layers(span));
  }
  return out;
}

Item changed(Item item, const std::function<void(Item&)>& change) {
  change(item);
  return item;
}

TEST(Resolve, AnOpaquePictureOverTheWholeCanvasHidesWhatIsBelow) {
  Item image = logo();
  image.clip.place = {};
  image.facts.media.video->display_width = 960;
  image.facts.media.video->display_height = 540;
  image.facts.media.video->alpha = false;
  for (const Item& top : {film("4"), avatar("hi", "4"), color({}).duration("4"), image.duration("4")}) {
    EXPECT_THAT(seen({{film("4")}, {text("x").duration("4")}, {top}}), ElementsAre("2@0"));
  }
}

TEST(Resolve, WhatIsAboveTheOpaquePictureStays) {
  EXPECT_THAT(seen({{film("4")}, {film("4")}, {text("x").duration("4")}}), ElementsAre("1@0 2@0"));
}

TEST(Resolve, APictureThatLetsSomethingThroughHidesNothing) {
  const std::pair<std::string, Item> tops[] = {
      {"opacity", film("4").opacity(0.99)},
      {"a key", film("4").key(Color{0, 255, 0, 255})},
      {"a filter", film("4").filter("grayscale")},
      {"alpha", changed(film("4"), [](Item& i) { i.facts.media.video->alpha = true; })},
      {"a smaller box", film("4").width(1918)},
      {"another shape", changed(film("4"), [](Item& i) { i.facts.media.video->display_width = 1440; })},
      {"a clear colour", color(Color{0, 0, 0, 254}).duration("4")},
      {"text", text("x").duration("4")},
      {"a fade over its whole length", film("4").fade_in(100)},
  };
  for (const auto& [why, top] : tops) EXPECT_THAT(seen({{film("4")}, {top}}), ElementsAre("0@0 1@0")) << why;
}

TEST(Resolve, AFadingPictureHidesOnlyBetweenItsFades) {
  EXPECT_THAT(seen({{film("4")}, {film("4").fade_in(10).fade_out(20)}}),
              ElementsAre("0@0 1@0", "1@10", "0@80 1@80"));
}

TEST(Resolve, WhatIsHiddenDependsOnTheCanvasOfEachComposition) {
  Script script{{{film("4")}, {film("4")}}, {}};
  OutputSpec upright;
  upright.size = {1080, 1920};
  script.outputs.push_back(upright);
  RenderPlan render = Stage(script).resolve();
  ASSERT_THAT(render.compositions, SizeIs(2));
  EXPECT_EQ(layers(render.compositions[0].segments[0].spans[0]), "1@0");
  EXPECT_EQ(layers(render.compositions[1].segments[0].spans[0]), "0@0 1@0");
}

TEST(Resolve, AnAvatarThatHasNoPictureIsNotShown) {
  Item mute = avatar("hi", "4");
  mute.facts.media.video.reset();
  EXPECT_THAT(seen({{film("4")}, {mute}}), ElementsAre("0@0"));
}

TEST(Resolve, TellsWhatASegmentShowsAndWaitsFor) {
  Stage stage({{film("6"), avatar("hi", "4").duration("4"), film("6")},
               {avatar("ho", "1").start("7").duration("1").width(400)}});
  const RenderPlan early = stage.resolve({});
  ASSERT_THAT(lengths(early), ElementsAre(150, 25, 25, 50, 150));
  EXPECT_TRUE(early.complete);
  EXPECT_EQ(early.frames, 400);
  const std::vector<Segment>& s = segments(early);
  EXPECT_THAT(s[0].waits_for, IsEmpty());
  EXPECT_THAT(s[0].shows, IsEmpty());
  EXPECT_THAT(s[0].keys, SizeIs(1));
  EXPECT_THAT(s[1].waits_for, ElementsAre(0));
  EXPECT_THAT(s[2].waits_for, ElementsAre(0, 1));
  EXPECT_THAT(s[2].shows, ElementsAre(0, 1));
  EXPECT_THAT(s[2].keys, IsEmpty());
  EXPECT_EQ(s[3].at, 200);
  EXPECT_THAT(early.output_keys, ElementsAre(""));
  const RenderPlan later = stage.resolve({0});
  EXPECT_THAT(segments(later)[2].waits_for, ElementsAre(1));
  EXPECT_THAT(segments(later)[3].waits_for, IsEmpty());
  EXPECT_THAT(stage.resolve().output_keys, ElementsAre(SizeIs(64)));
}

TEST(Resolve, PlacesAreKnownAsFarAsTheyAre) {
  Stage stage({{film("1", "a"), avatar("hi", "4"), film("2", "b")}});
  RenderPlan early = stage.resolve({});
  EXPECT_FALSE(early.complete);
  EXPECT_EQ(early.frames, 0);
  EXPECT_THAT(early.audio, IsEmpty());
  ASSERT_THAT(segments(early), SizeIs(2));
  EXPECT_EQ(segments(early)[0].at, 0);
  EXPECT_EQ(segments(early)[1].at, std::nullopt);
  RenderPlan full = stage.resolve();
  EXPECT_TRUE(full.complete);
  EXPECT_EQ(segments(full)[2].at, 125);
  EXPECT_THAT(keys(early), IsSubsetOf(keys(full)));
}

TEST(Resolve, AnAvatarThatMayHideTheCutsBelowKeepsItsRunWaiting) {
  // Below the avatar the film changes; once the avatar turns out to be opaque there is no such cut.
  Tracks tracks{
      {film("6", "a"), film("6", "b")}, {avatar("hi", "12").duration("12")}, {film("12").opacity(0.5)}};
  EXPECT_THAT(keys(Stage(tracks).resolve({})), IsEmpty());
  tracks[2][0].opacity(1);
  EXPECT_THAT(lengths(Stage(tracks).resolve()), ElementsAre(300));
}

TEST(Resolve, OneFilmHasASegmentKeyForEachOutput) {
  Script script{{{film("4")}}, {}};
  script.outputs.push_back({.path = "small.mp4", .size = std::pair(1280, 720)});
  RenderPlan render = Stage(script).resolve();
  ASSERT_THAT(render.compositions, SizeIs(1));
  ASSERT_THAT(segments(render)[0].keys, SizeIs(2));
  EXPECT_NE(segments(render)[0].keys[0], segments(render)[0].keys[1]);
  EXPECT_NE(render.output_keys[0], render.output_keys[1]);
}

TEST(AudioParts, AreTheExactFramesOfEveryClipThatSounds) {
  Item silent = film("3");
  silent.facts.media.audio.reset();
  Stage stage({{film("2.5").in("0.3"), avatar("hi", "4"), silent, logo().duration("1")},
               {film("9").start("1").out("3").volume(0), film("5").opacity(0).duration("end-1")}});
  std::vector<std::string> parts;
  for (const AudioPart& p : stage.resolve().audio) {
    parts.push_back(std::to_string(p.clip) + ": " + std::to_string(p.start) + " +" +
                    std::to_string(p.frames) + " in " + p.in.str());
  }
  EXPECT_THAT(parts, ElementsAre("0: 0 +55 in 3/10", "1: 55 +100 in 0", "5: 100 +130 in 0"));
}

TEST(ActiveFades, AreThoseThatReachIntoThePart) {
  Stage stage({{film("4").fade_in(10).fade_out(20)}});
  const Position position = stage.timing().clips[0];
  const struct {
    std::int64_t first, frames, in, out;
  } cases[] = {{0, 100, 10, 20}, {0, 10, 10, 0},  {9, 1, 10, 0},
               {10, 70, 0, 0},   {10, 71, 0, 20}, {80, 20, 0, 20}};
  for (const auto& c : cases) {
    FadeFrames fades = active_fades(stage.plan, position, 0, c.first, c.frames);
    EXPECT_EQ(fades.in, c.in) << c.first;
    EXPECT_EQ(fades.out, c.out) << c.first;
  }
}

}  // namespace
}  // namespace avstage::plan
