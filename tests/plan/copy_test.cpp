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
  gops.codec = "h264";
  gops.sets = sets;
  for (std::int64_t first = 0; first + 50 <= (decimal(seconds) * Rational(25)).round(); first += 50) {
    gops.gops.push_back({first, 50, 100'000, {}});  // 400 kb/s
  }
  item.facts.gops = std::make_shared<GopIndex>(gops);
  return item;
}

/// A film of which every frame could be copied alone.
Item prores(const std::string& seconds, const std::string& name = "film.mov",
            const std::string& profile = "prores_hq") {
  Item item = h264(seconds, name, profile);
  item.facts.media.video->codec = "prores";
  item.facts.media.video->pix_fmt = "yuv422p10le";
  GopIndex frames;
  frames.codec = frames.sets = profile;
  for (std::int64_t n = 0; n < (decimal(seconds) * Rational(25)).round(); ++n)
    frames.gops.push_back({n, 1, 500'000, {}});
  item.facts.gops = std::make_shared<GopIndex>(frames);
  return item;
}

OutputSpec master(const std::string& codec) {
  OutputSpec output{.path = codec + ".mov", .codec = codec};
  output.audio.codec = "pcm_s24le";
  return output;
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

TEST(Copies, OfAnIntraCodecBeginAndEndAnywhereHoweverShortTheyAre) {
  Item title = text("x").start("51f").duration("7f"), next = text("y").start("61f").duration("1f");
  Script script{{{prores("20").in("3f").out("270f")}, {title, next}}, {}};
  script.outputs = {master("prores_hq")};
  EXPECT_EQ(pieces(Stage(script).resolve()),
            (Pieces{{3, 51}, {-1, 7}, {61, 3}, {-1, 1}, {65, 185}, {250, 20}}));
}

TEST(Copies, OfAnIntraCodecBindNotWhatIsEncodedBesideThem) {
  Script script{{{prores("2"), film("60", "b")}}, {}};
  script.outputs = {master("prores_hq")};
  const RenderPlan copied = Stage(script).resolve();
  EXPECT_EQ(pieces(copied).front(), (std::pair<std::int64_t, std::int64_t>(0, 50))) << "less than a tenth";
  script.outputs[0].copy = "never";
  const RenderPlan encoded = Stage(script).resolve();
  EXPECT_EQ(segments(copied).back().keys, segments(encoded).back().keys);
}

TEST(Copies, OfAnIntraCodecAreOfTheOutputsProfile) {
  Script script{{{prores("4", "a", "prores_lt"), prores("6", "b", "prores_hq")}}, {}};
  script.outputs = {master("prores_hq"), OutputSpec{.path = "web.mp4"}};
  RenderPlan render = Stage(script).resolve();
  EXPECT_EQ(pieces(render), (Pieces{{-1, 100}, {0, 150}}));
  EXPECT_EQ(render.compositions[0].copy.why_not_clip[0], "it is prores_lt, which no output of this shape is");
  EXPECT_EQ(render.compositions[0].copy.why_not_output[1], "its codec is h264, most is copied of prores_hq");
  EXPECT_EQ(segments(render)[1].copied, (std::vector<bool>{true, false}));
  script.outputs[1] = master("prores_lt");
  render = Stage(script).resolve();
  EXPECT_EQ(render.compositions[0].copy.why_not_clip[0], "it is prores_lt, most is copied of prores_hq");
}

TEST(Copies, OfAnIntraCodecHaveItsPixels) {
  Script script{{{prores("4")}}, {}};
  script.tracks[0][0].facts.media.video->pix_fmt = "yuv444p10le";
  script.outputs = {master("prores_hq")};
  EXPECT_EQ(Stage(script).resolve().compositions[0].copy.why_not_clip[0],
            "its pixels are yuv444p10le, the output's yuv422p10le");
  script.outputs = {master("dnxhr_hq")};
  EXPECT_EQ(Stage(script).resolve().compositions[0].copy.why_not_clip[0],
            "it is prores, which no output of this shape is");
}

}  // namespace
}  // namespace avstage::plan
