#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

FramePtr gray_picture() {
  return convert(paint(64, 64, [](int x, int) { return Rgba{180, 180, 180, 4 * x}; }), "yuva420p");
}

TEST(Vignette, carries_the_alpha_around_a_filter_that_has_none) {
  EXPECT_EQ(text_of(build("vignette", {}, context_of(64, 64, true))),
            "split outputs=2 < in\n"
            "format pix_fmts=yuv420p|yuv422p|yuv444p < 0\n"
            "vignette angle=0.628319 dither=0 < 1\n"
            "format pix_fmts=yuva420p|yuva422p|yuva444p < 2\n"
            "alphaextract < 0.1\n"
            "alphamerge < 3 < 4\n");
}

TEST(Vignette, darkens_corners_leaves_the_middle_and_keeps_alpha) {
  const FramePtr picture = gray_picture();
  const FramePtr out = filter_one("vignette", {}, context_of(64, 64, true), picture, "yuva420p");
  EXPECT_NEAR(at(out, 0, 32, 32), at(picture, 0, 32, 32), 2);
  EXPECT_LT(at(out, 0, 0, 0), at(picture, 0, 0, 0) - 40);
  for (int x = 0; x < 64; ++x) ASSERT_EQ(at(out, 3, x, 5), at(picture, 3, x, 5));
}

TEST(Vignette, is_stronger_with_more_strength_and_nothing_at_zero) {
  const FramePtr picture = gray_picture();
  int before = at(picture, 0, 0, 0) + 1;
  for (double strength : {0.0, 0.3, 0.6, 1.0}) {
    const FramePtr out =
        filter_one("vignette", {{"strength", strength}}, context_of(64, 64, true), picture, "yuva420p");
    EXPECT_LT(at(out, 0, 0, 0), before) << strength;
    before = at(out, 0, 0, 0);
  }
}

}  // namespace
}  // namespace avstage::filters::test
