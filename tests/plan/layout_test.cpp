#include "plan/layout.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace avstage::plan {
namespace {

Length px(double v) {
  return {v, false};
}
Length percent(double v) {
  return {v, true};
}

/// "1920x1080 -> 1280x720+0+0", and "[crop WxH+X+Y]" where the source is cropped.
std::string box(const Placement& place, int width, int height, std::pair<int, int> canvas_size = {1920, 1080},
                const MediaRef& media = FileRef{}) {
  Clip clip;
  clip.media = media;
  clip.place = place;
  Canvas canvas;
  canvas.width = canvas_size.first;
  canvas.height = canvas_size.second;
  Box b = place_picture(clip, width, height, canvas);
  std::string out = fmt::format("{}x{}{:+}{:+}", b.width, b.height, b.x, b.y);
  if (!b.cropped(width, height)) return out;
  return out + fmt::format(" [{}x{}{:+}{:+}]", b.crop_width, b.crop_height, b.crop_x, b.crop_y);
}

Placement fit(Fit how, std::optional<Length> width = {}, std::optional<Length> height = {}) {
  Placement p;
  p.fit = how;
  p.width = width;
  p.height = height;
  return p;
}

Placement at(double x, double y, Length margin = {}, std::optional<Length> width = {}) {
  Placement p;
  p.at_given = true;
  p.at_x = x;
  p.at_y = y;
  p.margin = margin;
  p.width = width;
  return p;
}

TEST(Layout, ContainShowsTheWholePictureInTheMiddle) {
  EXPECT_EQ(box({}, 1920, 1080), "1920x1080+0+0");
  EXPECT_EQ(box({}, 1280, 720), "1920x1080+0+0");
  EXPECT_EQ(box({}, 640, 480), "1440x1080+240+0");
  EXPECT_EQ(box({}, 1080, 1920), "608x1080+656+0");
  EXPECT_EQ(box(fit(Fit::contain, px(400), px(400)), 1920, 1080), "400x226+760+428");
}

TEST(Layout, CoverFillsTheBoxAndCropsTheMiddle) {
  EXPECT_EQ(box(fit(Fit::cover), 1920, 1080), "1920x1080+0+0");
  EXPECT_EQ(box(fit(Fit::cover), 640, 480), "1920x1080+0+0 [640x360+0+60]");
  EXPECT_EQ(box(fit(Fit::cover), 1000, 400), "1920x1080+0+0 [712x400+144+0]");
  EXPECT_EQ(box(fit(Fit::cover, px(200), px(200)), 1920, 1080), "200x200+860+440 [1080x1080+420+0]");
}

TEST(Layout, FillStretchesToTheBox) {
  EXPECT_EQ(box(fit(Fit::fill), 640, 480), "1920x1080+0+0");
  EXPECT_EQ(box(fit(Fit::fill, px(300), px(100)), 640, 480), "300x100+810+490");
}

TEST(Layout, NoneKeepsThePicturesOwnSizeAndClipsItToTheBox) {
  EXPECT_EQ(box(fit(Fit::none), 640, 480), "640x480+640+300");
  EXPECT_EQ(box(fit(Fit::none), 4000, 2000), "4000x2000-1040-460");
  EXPECT_EQ(box(fit(Fit::none, px(400), px(400)), 640, 480), "400x400+760+340 [400x400+120+40]");
  EXPECT_EQ(box(fit(Fit::none, px(800), px(400)), 640, 480), "640x400+640+340 [640x400+0+40]");
}

TEST(Layout, OneSideGivesTheOtherByThePicturesShape) {
  for (Fit how : {Fit::contain, Fit::cover, Fit::fill, Fit::none}) {
    EXPECT_EQ(box(fit(how, px(480)), 1920, 1080), "480x270+720+406");
    EXPECT_EQ(box(fit(how, {}, px(270)), 1920, 1080), "480x270+720+406");
    EXPECT_EQ(box(fit(how, percent(25)), 1080, 1920), "480x854+720+114");
    EXPECT_EQ(box(fit(how, {}, percent(50)), 640, 480), "720x540+600+270");
  }
}

TEST(Layout, PerCentsAreOfTheCanvas) {
  EXPECT_EQ(box(fit(Fit::fill, percent(50), percent(10)), 640, 480), "960x108+480+486");
  EXPECT_EQ(box(fit(Fit::fill, percent(100), percent(100)), 3, 3), "1920x1080+0+0");
  EXPECT_EQ(box(fit(Fit::fill, percent(150), percent(150)), 3, 3), "2880x1620-480-270");
}

TEST(Layout, AtIsACompassPointAndMarginsCountFromTheEdgesItTouches) {
  const std::tuple<double, double, std::string> cases[] = {
      {0, 0, "400x200+30+30"},    {0.5, 0, "400x200+760+30"},    {1, 0, "400x200+1490+30"},
      {0, 0.5, "400x200+30+440"}, {0.5, 0.5, "400x200+760+440"}, {1, 0.5, "400x200+1490+440"},
      {0, 1, "400x200+30+850"},   {0.5, 1, "400x200+760+850"},   {1, 1, "400x200+1490+850"},
  };
  for (const auto& [x, y, expected] : cases) EXPECT_EQ(box(at(x, y, px(30), px(400)), 800, 400), expected);
  EXPECT_EQ(box(at(1, 1, percent(10), px(400)), 800, 400), "400x200+1412+772");
}

TEST(Layout, OddSizesAndPlacesBecomeEven) {
  EXPECT_EQ(box(fit(Fit::none), 101, 51), "102x52+910+514");
  EXPECT_EQ(box(at(0, 0, px(7), px(333)), 333, 111), "334x112+8+8");
  EXPECT_EQ(box(fit(Fit::fill, px(0.2), px(0.2)), 10, 10), "2x2+960+540");
  for (int width = 1; width < 60; ++width) {
    for (int height = 1; height < 60; ++height) {
      Clip clip;
      clip.media = FileRef{};
      clip.place = fit(Fit::cover, px(31), px(17));
      Box b = place_picture(clip, width, height, Canvas{});
      EXPECT_TRUE(b.width % 2 == 0 && b.height % 2 == 0 && b.x % 2 == 0 && b.y % 2 == 0);
      EXPECT_TRUE(b.crop_x % 2 == 0 && b.crop_y % 2 == 0 && b.crop_x >= 0 && b.crop_y >= 0);
      EXPECT_LE(b.crop_x + b.crop_width, width);
      EXPECT_LE(b.crop_y + b.crop_height, height);
    }
  }
}

TEST(Layout, AnUprightCanvasFollowsTheSameRules) {
  const std::pair upright(1080, 1920);
  EXPECT_EQ(box({}, 1920, 1080, upright), "1080x608+0+656");
  EXPECT_EQ(box(fit(Fit::cover), 1920, 1080, upright), "1080x1920+0+0 [608x1080+656+0]");
  EXPECT_EQ(box(at(1, 1, percent(5), percent(50)), 1920, 1080, upright), "540x304+486+1562");
}

TEST(Layout, DefaultsFollowTheKindOfPicture) {
  EXPECT_EQ(box({}, 200, 100, {1920, 1080}, TextRef{}), "200x100+860+490");
  EXPECT_EQ(box({}, 640, 480, {1920, 1080}, ColorRef{}), "1920x1080+0+0");
  EXPECT_EQ(box({}, 200, 100, {1920, 1080}, ImageRef{}), "1920x960+0+60");
  EXPECT_EQ(box(at(1, 0), 200, 100, {1920, 1080}, ImageRef{}), "200x100+1720+0");
  EXPECT_EQ(box(at(1, 0, {}, px(400)), 200, 100, {1920, 1080}, ImageRef{}), "400x200+1520+0");
  EXPECT_EQ(box(at(1, 0), 200, 100, {1920, 1080}, AvatarRef{}), "1920x960+0+0");
}

TEST(Layout, PixelLengthsArePixelsOfTheJobsCanvasWhateverTheOutputsSize) {
  Clip clip;
  clip.media = ImageRef{};
  clip.place.at_given = true;
  clip.place.at_x = clip.place.at_y = 1;
  clip.place.margin = px(30);
  Canvas half;
  half.width = 960;
  half.height = 540;
  half.unit = 0.5;
  Box natural = place_picture(clip, 200, 100, half);
  EXPECT_EQ(natural.width, 100);
  EXPECT_EQ(natural.x, 960 - 100 - 15 + 1);  // on the even grid
  clip.place.width = px(400);
  EXPECT_EQ(place_picture(clip, 200, 100, half).width, 200);
  clip.media = TextRef{};
  clip.place.width.reset();
  EXPECT_EQ(place_picture(clip, 200, 100, half).width, 200) << "a text is drawn for its canvas";
}

TEST(Layout, ABoxCoversTheCanvasOnlyWhenNoEdgeIsSeen) {
  Canvas canvas;
  EXPECT_TRUE((Box{0, 0, 2, 2, 0, 0, 1920, 1080}).covers(canvas));
  EXPECT_TRUE((Box{0, 0, 2, 2, -10, -10, 1940, 1100}).covers(canvas));
  EXPECT_FALSE((Box{0, 0, 2, 2, 2, 0, 1920, 1080}).covers(canvas));
  EXPECT_FALSE((Box{0, 0, 2, 2, 0, 0, 1918, 1080}).covers(canvas));
  EXPECT_FALSE((Box{0, 0, 2, 2, -2, -2, 1920, 1084}).covers(canvas));
}

}  // namespace
}  // namespace avstage::plan
