#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

using testing::HasSubstr;

std::string build_error(Params params) {
  return usage_error([&] { build("crop", std::move(params), context_of(640, 360, false)); });
}

TEST(Crop, takes_pixels_and_per_cent) {
  EXPECT_EQ(text_of(build("crop", {{"x", "25%"}, {"y", 10.0}, {"width", 320.0}, {"height", "50%"}},
                          context_of(640, 360, false))),
            "crop w=320 h=180 x=160 y=10 exact=1 < in\n");
}

TEST(Crop, keeps_the_whole_picture_by_default) {
  EXPECT_EQ(text_of(build("crop", {}, context_of(640, 360, false))),
            "crop w=640 h=360 x=0 y=0 exact=1 < in\n");
}

TEST(Crop, keeps_exactly_the_rectangle_at_odd_places_too) {
  const FramePtr picture = convert(paint(32, 20,
                                         [](int x, int y) {
                                           return Rgba{x * 8, x * 8, x * 8, 10 * y};
                                         }),
                                   "yuva420p");
  const Params params{{"x", 5.0}, {"y", 3.0}, {"width", 11.0}, {"height", 9.0}};
  const FramePtr out = filter_one("crop", params, context_of(32, 20, true), picture, "yuva420p");
  ASSERT_EQ(out->width, 11);
  ASSERT_EQ(out->height, 9);
  for (int y = 0; y < 9; ++y) {
    for (int x = 0; x < 11; ++x) {
      ASSERT_EQ(at(out, 0, x, y), at(picture, 0, x + 5, y + 3));
      ASSERT_EQ(at(out, 3, x, y), 10 * (y + 3));
    }
  }
}

TEST(Crop, refuses_what_leaves_the_picture) {
  EXPECT_THAT(build_error({{"x", 400.0}, {"width", 300.0}}),
              HasSubstr("\"x\" 400 + \"width\" 300 leave the picture; allowed within 640 px"));
  EXPECT_THAT(build_error({{"y", "60%"}, {"height", "50%"}}), HasSubstr("\"height\" 180 leave the picture"));
  EXPECT_THAT(build_error({{"width", "0%"}}), HasSubstr("\"width\" 0"));
  EXPECT_THAT(build_error({{"x", "100%"}, {"width", 1.0}}), HasSubstr("\"x\" 640"));
}

TEST(Crop, refuses_negative_and_huge_numbers) {
  EXPECT_THAT(error_of("crop", {{"x", -1.0}}), HasSubstr("\"x\" is -1; allowed 0–16384 px"));
  EXPECT_THAT(error_of("crop", {{"height", 1e300}}), HasSubstr("\"height\" is 1e+300"));
}

}  // namespace
}  // namespace avstage::filters::test
