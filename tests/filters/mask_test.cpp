#include <cmath>
#include <numbers>

#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

constexpr int kMaskWidth = 120, kMaskHeight = 80;

FramePtr masked(Params params, int alpha = 255) {
  const FramePtr picture = convert(paint(kMaskWidth, kMaskHeight,
                                         [=](int, int) {
                                           return Rgba{200, 90, 40, alpha};
                                         }),
                                   "yuva420p");
  return filter_one("mask", std::move(params), context_of(kMaskWidth, kMaskHeight, true), picture,
                    "yuva420p");
}

/// What is seen of the picture, in pixels.
double area(const FramePtr& frame) {
  double sum = 0;
  for (int y = 0; y < frame->height; ++y) {
    for (int x = 0; x < frame->width; ++x) sum += at(frame, 3, x, y);
  }
  return sum / 255;
}

TEST(Mask, draws_the_shape_once_and_merges_it_with_every_frame) {
  EXPECT_EQ(text_of(build("mask", {}, context_of(640, 360, false))),
            "format pix_fmts=yuva420p|yuva422p|yuva444p|rgba|gbrap < in\n"
            "color color=black size=640x360 rate=25 duration=0.000001\n"
            "format pix_fmts=gray < 1\n"
            "geq lum=255*clip((180-hypot((X+0.5-320),(Y+0.5-180))+0.5)/1,0,1) < 2\n"
            "alphamerge < 0 < 3\n");
}

TEST(Mask, multiplies_the_alpha_that_is_there) {
  EXPECT_EQ(text_of(build("mask", {{"shape", "rounded"}, {"radius", 40.0}, {"feather", "10%"}},
                          context_of(640, 360, true))),
            "format pix_fmts=yuva420p|yuva422p|yuva444p|rgba|gbrap < in\n"
            "split outputs=2 < 0\n"
            "alphaextract < 1.1\n"
            "color color=black size=640x360 rate=25 duration=0.000001\n"
            "format pix_fmts=gray < 3\n"
            "geq lum=255*clip((40-hypot(max((abs((X+0.5-320))-280),0),max((abs((Y+0.5-180))-140),0))-"
            "min(max((abs((X+0.5-320))-280),(abs((Y+0.5-180))-140)),0)+0.5)/36,0,1) < 4\n"
            "blend all_mode=multiply < 2 < 5\n"
            "alphamerge < 1 < 6\n");
  const FramePtr out = masked({}, 128);
  EXPECT_NEAR(at(out, 3, 60, 40), 128, 1);
  EXPECT_EQ(at(out, 3, 2, 2), 0);
}

TEST(Mask, a_circle_fills_the_height_and_has_the_area_of_one) {
  const FramePtr out = masked({});
  EXPECT_EQ(at(out, 3, 60, 40), 255);
  EXPECT_EQ(at(out, 3, 18, 40), 0);
  EXPECT_EQ(at(out, 3, 23, 40), 255);
  EXPECT_NEAR(area(out), std::numbers::pi * 40 * 40, 30);
}

TEST(Mask, the_radius_is_in_pixels_or_per_cent_of_the_shorter_side) {
  EXPECT_NEAR(area(masked({{"radius", 20.0}})), std::numbers::pi * 400, 20);
  EXPECT_NEAR(area(masked({{"radius", "25%"}})), std::numbers::pi * 400, 20);
}

TEST(Mask, an_ellipse_touches_all_sides) {
  const FramePtr out = masked({{"shape", "ellipse"}});
  EXPECT_NEAR(area(out), std::numbers::pi * 60 * 40, 40);
  EXPECT_EQ(at(out, 3, 2, 40), 255);
  EXPECT_EQ(at(out, 3, 60, 2), 255);
  EXPECT_EQ(at(out, 3, 8, 8), 0);
}

TEST(Mask, rounded_corners_cut_four_corners_only) {
  const FramePtr out = masked({{"shape", "rounded"}, {"radius", 20.0}});
  EXPECT_NEAR(area(out), kMaskWidth * kMaskHeight - (4 - std::numbers::pi) * 400, 30);
  EXPECT_EQ(at(out, 3, 0, 0), 0);
  EXPECT_EQ(at(out, 3, 0, 40), 255);
  EXPECT_EQ(at(out, 3, 119, 40), 255);
}

TEST(Mask, feather_softens_inwards) {
  const FramePtr out = masked({{"feather", 20.0}});
  EXPECT_EQ(at(out, 3, 60, 40), 255);
  EXPECT_NEAR(at(out, 3, 30, 40), 255 * 11 / 20, 2);
  EXPECT_EQ(at(out, 3, 19, 40), 0);
}

TEST(Mask, one_mask_serves_every_frame) {
  const Context context = context_of(kMaskWidth, kMaskHeight, false);
  const FramePtr picture = convert(paint(kMaskWidth, kMaskHeight,
                                         [](int, int) {
                                           return Rgba{200, 90, 40};
                                         }),
                                   "yuv420p");
  const auto out = run(build("mask", {}, context), context, repeat(picture, 200, 1000), {"yuva420p"});
  ASSERT_EQ(out.size(), 200u);
  EXPECT_EQ(out.back()->pts, 1199);
  EXPECT_EQ(at(out.back(), 3, 60, 40), 255);
  EXPECT_EQ(at(out.back(), 3, 0, 0), 0);
  EXPECT_EQ(at(out.back(), 0, 60, 40), at(picture, 0, 60, 40));
}

}  // namespace
}  // namespace avstage::filters::test
