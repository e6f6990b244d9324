#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

/// Left half one colour, right half another.
FramePtr edge_picture(Rgba left, Rgba right) {
  return paint(96, 32, [=](int x, int) { return x < 48 ? left : right; });
}

TEST(Blur, halves_the_radius_on_half_size_chroma_planes) {
  EXPECT_EQ(text_of(build("blur", {{"radius", 6.0}}, context_of(640, 360, false))),
            "format pix_fmts=yuv420p < in\n"
            "gblur sigma=6 steps=2 planes=1 < 0\n"
            "gblur sigma=3 steps=2 planes=6 < 1\n");
}

TEST(Blur, carries_the_alpha_around_a_premultiplied_blur) {
  EXPECT_EQ(text_of(build("blur", {{"radius", 6.0}}, context_of(640, 360, true))),
            "split outputs=2 < in\n"
            "format pix_fmts=yuva444p < 0\n"
            "premultiply inplace=1 < 1\n"
            "gblur sigma=6 steps=2 planes=15 < 2\n"
            "unpremultiply inplace=1 < 3\n"
            "alphaextract < 0.1\n"
            "alphamerge < 4 < 5\n");
}

TEST(Blur, an_edge_becomes_a_gaussian_of_that_radius) {
  const FramePtr picture = convert(edge_picture({0, 0, 0}, {255, 255, 255}), "yuv420p");
  const FramePtr out = filter_one("blur", {{"radius", 6.0}}, context_of(96, 32, false), picture, "yuv420p");
  EXPECT_NEAR(at(out, 0, 47, 16), 16 + 219 * 0.47, 6);
  EXPECT_NEAR(at(out, 0, 53, 16), 16 + 219 * 0.82, 8);
  EXPECT_NEAR(at(out, 0, 41, 16), 16 + 219 * 0.14, 8);
  EXPECT_NEAR(at(out, 0, 90, 16), 235, 2);
  for (int x = 1; x < 96; ++x) EXPECT_GE(at(out, 0, x, 16), at(out, 0, x - 1, 16));
}

TEST(Blur, colours_and_brightness_spread_alike) {
  const FramePtr picture = convert(edge_picture({0, 0, 0}, {255, 0, 0}), "yuv420p");
  const FramePtr out = filter_one("blur", {{"radius", 6.0}}, context_of(96, 32, false), picture, "yuv420p");
  for (int x : {36, 42, 48, 54, 60}) {
    const double luma = (at(out, 0, x, 16) - 16) / 47.0;
    const double red = (at(out, 2, x / 2, 8) - 128) / 112.0;
    EXPECT_NEAR(luma, red, 0.08) << x;
  }
}

TEST(Blur, hidden_colour_does_not_bleed_and_the_outline_stays) {
  const FramePtr picture = convert(edge_picture({128, 128, 128, 255}, {0, 255, 0, 0}), "yuva420p");
  const FramePtr out = filter_one("blur", {{"radius", 6.0}}, context_of(96, 32, true), picture, "rgba");
  for (int x = 0; x < 96; ++x) ASSERT_EQ(rgba_at(out, x, 16).a, x < 48 ? 255 : 0);
  for (int x : {20, 40, 46}) {
    EXPECT_NEAR(rgba_at(out, x, 16).r, 128, 6) << x;
    EXPECT_NEAR(rgba_at(out, x, 16).g, 128, 6) << x;
  }
}

TEST(Blur, edges_softens_the_outline_too) {
  const FramePtr picture = convert(edge_picture({128, 128, 128, 255}, {0, 255, 0, 0}), "yuva420p");
  const FramePtr out =
      filter_one("blur", {{"radius", 6.0}, {"edges", true}}, context_of(96, 32, true), picture, "rgba");
  EXPECT_NEAR(rgba_at(out, 47, 16).a, 128, 12);
  EXPECT_NEAR(rgba_at(out, 30, 16).a, 255, 3);
  EXPECT_NEAR(rgba_at(out, 40, 16).g, 128, 8);
}

TEST(Blur, radius_zero_changes_nothing) {
  const FramePtr picture = convert(edge_picture({10, 200, 30}, {255, 0, 90}), "yuv420p");
  const FramePtr out = filter_one("blur", {{"radius", 0.0}}, context_of(96, 32, false), picture, "yuv420p");
  for (int x = 0; x < 96; ++x) ASSERT_EQ(at(out, 0, x, 16), at(picture, 0, x, 16));
}

}  // namespace
}  // namespace avstage::filters::test
