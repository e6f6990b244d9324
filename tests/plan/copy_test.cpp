#include "plan/copy.h"

#include <gmock/gmock.h>

#include "plan/job_builder.h"

namespace avstage::plan {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

/// A film whose packets could be copied: a group of pictures every two seconds.
Item h264(const std::string& seconds, const std::string& name = "film.mp4",
          const std::string& sets = "sets") {
  Item item = film(seconds, name);
  item.facts.media.format = "mov,mp4";
  VideoFacts& v = *item.facts.media.video;
  v.codec = "h264", v.pix_fmt = "yuv420p", v.fps = 25;
  v.color_matrix = v.color_primaries = v.color_transfer = "bt709";
  v.color_range = "tv";
  GopIndex gops;
  gops.sets = sets;
  for (std::int64_t first = 0; first + 50 <= (decimal(seconds) * Rational(25)).round(); first += 50) {
    gops.gops.push_back({first, 50, 100'000, {}});  // 400 kb/s
  }
  item.facts.gops = std::make_shared<GopIndex>(gops);
  return item;
}

/// Copied segments as source frames, the others as their length, negative.
std::vector<std::pair<std::int64_t, std::int64_t>> pieces(const RenderPlan& render) {
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  for (const Segment& s : segments(render)) {
    out.push_back(s.copy ? std::pair(s.copy->first, s.copy->frames)
                         : std::pair<std::int64_t, std::int64_t>(-1, s.frames));
  }
  return out;
}
using Pieces = std::vector<std::pair<std::int64_t, std::int64_t>>;

TEST(Copies, AreWholeGroupsOnAGridOfTenSecondsOfTheSource) {
  EXPECT_EQ(pieces(Stage({{h264("30").in("1").out("27")}}).resolve()),
            (Pieces{{-1, 25}, {50, 200}, {250, 250}, {500, 150}, {-1, 25}}));
}

TEST(Copies, LeaveOutWhatLiesUnderAnOverlay) {
  EXPECT_EQ(pieces(Stage({{h264("30")}, {text("x").start("9").duration("3")}}).resolve()),
            (Pieces{{0, 200}, {-1, 100}, {300, 200}, {500, 250}}));
}

TEST(Copies, OneSetOfParametersIsChosenByTheFramesItGives) {
  RenderPlan render = Stage({{h264("4", "a", "A"), h264("6", "b", "B"), h264("2", "c", "A")}}).resolve();
  EXPECT_EQ(pieces(render), (Pieces{{0, 100}, {-1, 150}, {0, 50}})) << "the first of equals";
  EXPECT_EQ(render.compositions[0].copy.sets, "A");
  EXPECT_THAT(render.compositions[0].copy.why_not_clip[1], HasSubstr("its parameter sets are not those of"));
}

TEST(Copies, LessThanATenthIsNotWorthBindingTheEncoder) {
  RenderPlan render = Stage({{h264("4", "a"), film("60", "b")}}).resolve();
  EXPECT_EQ(render.compositions[0].copy.sets, "");
  EXPECT_EQ(render.compositions[0].copy.why_not_output[0], "less than a tenth of it could be copied");
  for (const Segment& s : segments(render)) EXPECT_FALSE(s.copy);
}

TEST(Copies, WhatIsEncodedBesideThemHasAKeyOfItsOwn) {
  Script script{{{h264("4"), film("4", "b")}}, {}};
  const RenderPlan copied = Stage(script).resolve();
  script.outputs[0].copy = "never";
  const RenderPlan encoded = Stage(script).resolve();
  ASSERT_EQ(segments(copied).size(), 2U);
  EXPECT_NE(segments(copied)[1].keys, segments(encoded).back().keys);
  EXPECT_NE(copied.output_keys, encoded.output_keys);
}

TEST(Copies, TheBitrateIsALimitForEachGroup) {
  Script script{{{h264("20")}}, {}};
  auto gops = std::make_shared<GopIndex>(*script.tracks[0][0].facts.gops);
  gops->gops[3].bytes = 1'000'000;
  script.tracks[0][0].facts.gops = gops;
  script.outputs[0].bitrate = 500'000;
  EXPECT_EQ(pieces(Stage(script).resolve()), (Pieces{{0, 150}, {-1, 50}, {200, 50}, {250, 250}}));
  script.outputs[0].bitrate = 5'000'000;
  EXPECT_EQ(pieces(Stage(script).resolve()), (Pieces{{0, 250}, {250, 250}}));
}

TEST(Copies, WhatIsKnownOfAvatarClipsChangesNoKey) {
  Stage stage(
      {{h264("20"), avatar("hi", "4"), h264("6", "tail")}, {avatar("pip", "3").start("12").width(400)}});
  const RenderPlan early = stage.resolve({}), full = stage.resolve();
  const std::vector<std::string> all = keys(full);
  ASSERT_FALSE(keys(early).empty());
  for (const std::string& key : keys(early)) {
    EXPECT_NE(std::find(all.begin(), all.end(), key), all.end());
  }
  EXPECT_EQ(early.compositions[0].copy.sets, full.compositions[0].copy.sets);
}

TEST(Copies, AnInBetweenTwoFramesIsNoPlaceToCopyFrom) {
  RenderPlan render = Stage({{h264("20").in("1.02")}}).resolve();
  EXPECT_THAT(render.compositions[0].copy.why_not_clip[0], HasSubstr("between two of its frames"));
}

}  // namespace
}  // namespace avstage::plan
