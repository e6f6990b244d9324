#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "avstage/error.h"
#include "plan/job_builder.h"

namespace avstage::plan {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

OutputSpec output(const std::string& path, int width, int height) {
  OutputSpec o;
  o.path = path;
  o.size = {width, height};
  return o;
}

TEST(MakePlan, ListsClipsInPaintingOrderWithTheClipBefore) {
  Plan plan = Stage({{film("1").id("a"), film("2")}, {film("3"), logo().duration("1")}}).plan;
  ASSERT_EQ(plan.clips.size(), 4U);
  EXPECT_EQ(plan.clips[1].track, 0);
  EXPECT_EQ(plan.clips[2].track, 1);
  EXPECT_EQ(plan.clips[0].previous, -1);
  EXPECT_EQ(plan.clips[1].previous, 0);
  EXPECT_EQ(plan.clips[2].previous, -1);
  EXPECT_EQ(plan.clips[3].previous, 2);
  EXPECT_EQ(plan.clips[0].label, "clip 'a'");
  EXPECT_EQ(plan.clips[1].label, "clip /tracks/0/clips/1");
}

TEST(MakePlan, EqualAvatarClipsAreBoughtOnce) {
  Item second_take = avatar("hi", "2");
  std::get<AvatarRef>(second_take.clip.media).take = 2;
  Plan plan =
      Stage({{avatar("hi", "2"), film("1"), avatar("bye", "1"), avatar("hi", "2")}, {second_take}}).plan;
  ASSERT_EQ(plan.purchases.size(), 3U);
  EXPECT_EQ(plan.purchases[0].clip_key, "hi #1");
  EXPECT_THAT(plan.purchases[0].clips, ElementsAre(0, 3));
  EXPECT_THAT(plan.purchases[1].clips, ElementsAre(2));
  EXPECT_THAT(plan.purchases[2].clips, ElementsAre(4));
  EXPECT_EQ(plan.clips[1].purchase, -1);
  EXPECT_EQ(plan.clips[3].purchase, 0);
}

TEST(MakePlan, AnAutomaticKeyIsTheBackgroundTheJobAsksTheVendorFor) {
  Item green = avatar("hi", "2").key(std::nullopt);
  std::get<AvatarRef>(green.clip.media).background = Color{0, 128, 0, 255};
  EXPECT_EQ(Stage({{green}}).plan.clips[0].key_color, (Color{0, 128, 0, 255}));
  EXPECT_EQ(Stage({{green.key(Color{1, 2, 3, 255})}}).plan.clips[0].key_color, (Color{1, 2, 3, 255}));
  EXPECT_FALSE(Stage({{film("1")}}).plan.clips[0].key_color);
}

TEST(MakePlan, AnAutomaticKeyWithoutABackgroundIsRefusedAtItsMark) {
  for (const Item& item : {avatar("hi", "2").key(std::nullopt), film("2").key(std::nullopt)}) {
    try {
      Stage stage({{film("1")}, {film("1"), item}});
      FAIL() << "was not refused";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::usage);
      EXPECT_EQ(e.name(), "no_key_color");
      EXPECT_THAT(e.message(), HasSubstr("job.json:21:1 (/tracks/1/clips/1/key)"));
    }
  }
}

TEST(MakePlan, OutputsOfOneShapeShareACompositionThoughAPixelIsRounded) {
  Script script{{{film("1")}}, {}};
  script.outputs = {output("tv.m3u8", 1920, 1080),  output("tv.m3u8", 854, 480),
                    output("small.mp4", 852, 480),  output("smaller.mp4", 426, 240),
                    output("narrow.mp4", 850, 480), output("upright.mp4", 480, 854)};
  script.outputs[0].rendition = "1920x1080";
  script.outputs[1].rendition = "854x480";
  Plan plan = Stage(script).plan;
  ASSERT_EQ(plan.compositions.size(), 3U);
  EXPECT_THAT(plan.compositions[0].outputs, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(plan.compositions[1].outputs, ElementsAre(4)) << "three pixels are another shape";
  EXPECT_THAT(plan.compositions[2].outputs, ElementsAre(5));
}

TEST(MakePlan, RenditionsOfOneStreamShareACompositionThoughOnlyTheFirstHasTheShapeOfAll) {
  Script script{{{film("1")}}, {}};
  script.outputs = {output("tv.m3u8", 160, 90), output("tv.m3u8", 1920, 1072), output("tv.m3u8", 1918, 1090)};
  for (OutputSpec& o : script.outputs) o.rendition = std::to_string(o.size->second);
  Plan plan = Stage(script).plan;
  ASSERT_EQ(plan.compositions.size(), 1U);
  EXPECT_THAT(plan.compositions[0].outputs, ElementsAre(1, 2, 0));
}

TEST(MakePlan, OutputsOfOneShapeShareACompositionInTheLargestSize) {
  Script script{{{film("1")}}, {}};
  script.outputs = {output("small.mp4", 640, 360), output("upright.mp4", 1080, 1920),
                    output("uhd.mp4", 3840, 2160), output("hd.mp4", 1280, 720), output("pal.mp4", 720, 576)};
  Plan plan = Stage(script).plan;
  ASSERT_EQ(plan.compositions.size(), 3U);
  EXPECT_THAT(plan.compositions[0].outputs, ElementsAre(2, 3, 0));
  EXPECT_EQ(plan.compositions[0].canvas.width, 3840);
  EXPECT_EQ(plan.compositions[0].canvas.height, 2160);
  EXPECT_THAT(plan.compositions[1].outputs, ElementsAre(1));
  EXPECT_EQ(plan.compositions[1].canvas.height, 1920);
  EXPECT_THAT(plan.compositions[2].outputs, ElementsAre(4));
}

TEST(MakePlan, AnOutputWithoutSizeHasTheCanvasSizeRateAndBackground) {
  Script script{{{film("1")}}, {}};
  script.canvas = {1080, 1920, Rational(50), Color{1, 2, 3, 255}};
  Plan plan = Stage(script).plan;
  ASSERT_EQ(plan.compositions.size(), 1U);
  const Canvas& canvas = plan.compositions[0].canvas;
  EXPECT_EQ(canvas.width, 1080);
  EXPECT_EQ(canvas.height, 1920);
  EXPECT_EQ(canvas.fps, Rational(50));
  EXPECT_EQ(canvas.background, (Color{1, 2, 3, 255}));
}

TEST(MakePlan, StillsAreWhatDoesNotChangeByItself) {
  EXPECT_TRUE(is_still(logo().clip) && is_still(text("x").clip) && is_still(color({}).clip));
  EXPECT_FALSE(is_still(film("1").clip) || is_still(avatar("x", "1").clip));
  EXPECT_TRUE(is_avatar(avatar("x", "1").clip));
  EXPECT_FALSE(is_avatar(film("1").clip));
}

}  // namespace
}  // namespace avstage::plan
