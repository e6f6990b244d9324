#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

const Rgba kOrange{240, 130, 20, 70};

FramePtr orange() {
  return paint(16, 16, [](int, int) { return kOrange; });
}

TEST(Grayscale, is_a_saturation_of_nothing) {
  EXPECT_EQ(text_of(build("grayscale", {}, context_of(16, 16, false))),
            "format pix_fmts=yuv420p|yuv422p|yuv444p < in\n"
            "hue s=0 < 0\n"
            "format pix_fmts=yuv420p|yuv422p|yuv444p < 1\n");
}

TEST(Grayscale, takes_the_colour_and_keeps_brightness_and_alpha) {
  const FramePtr picture = convert(orange(), "yuva420p");
  const FramePtr out = filter_one("grayscale", {}, context_of(16, 16, true), picture, "yuva420p");
  EXPECT_EQ(at(out, 0, 8, 8), at(picture, 0, 8, 8));
  EXPECT_EQ(at(out, 1, 4, 4), 128);
  EXPECT_EQ(at(out, 2, 4, 4), 128);
  EXPECT_EQ(at(out, 3, 8, 8), 70);
}

TEST(Grayscale, amount_goes_part_of_the_way) {
  const FramePtr picture = convert(orange(), "yuv420p");
  const FramePtr out =
      filter_one("grayscale", {{"amount", 0.5}}, context_of(16, 16, false), picture, "yuv420p");
  EXPECT_NEAR(at(out, 1, 4, 4) - 128, (at(picture, 1, 4, 4) - 128) / 2.0, 1.5);
}

TEST(Grayscale, an_rgb_picture_stays_rgb) {
  Context context = context_of(16, 16, true);
  context.color_matrix = "gbr";
  const FramePtr out = filter_one("grayscale", {}, context, orange(), "rgba");
  const Rgba pixel = rgba_at(out, 8, 8);
  EXPECT_NEAR(pixel.r, pixel.g, 1);
  EXPECT_NEAR(pixel.b, pixel.g, 1);
  EXPECT_NEAR(pixel.g, 0.2126 * 240 + 0.7152 * 130 + 0.0722 * 20, 2);
  EXPECT_EQ(pixel.a, 70);
}

}  // namespace
}  // namespace avstage::filters::test
