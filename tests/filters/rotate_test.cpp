#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

FramePtr corner_picture() {
  return paint(16, 12, [](int x, int y) {
    return x < 4 && y < 4 ? Rgba{255, 0, 0, 255} : Rgba{0, 0, 0, 99};
  });
}

FramePtr rotated(const char* degrees) {
  Context context = context_of(16, 12, true);
  context.color_matrix = "gbr";
  return filter_one("rotate", {{"degrees", degrees}}, context, corner_picture(), "rgba");
}

TEST(Rotate, a_quarter_turn_clockwise_by_default) {
  const Context context = context_of(16, 12, false);
  EXPECT_EQ(text_of(build("rotate", {}, context)),
            "format pix_fmts=yuv420p|yuv444p|rgb24|gbrp < in\n"
            "transpose dir=clock < 0\n");
}

TEST(Rotate, moves_the_top_left_corner_clockwise_with_its_alpha) {
  const FramePtr quarter = rotated("90"), half = rotated("180"), three = rotated("270");
  ASSERT_EQ(quarter->width, 12);
  ASSERT_EQ(quarter->height, 16);
  ASSERT_EQ(half->width, 16);
  ASSERT_EQ(three->width, 12);
  EXPECT_EQ(rgba_at(quarter, 11, 0).r, 255);
  EXPECT_EQ(rgba_at(quarter, 0, 0).a, 99);
  EXPECT_EQ(rgba_at(half, 15, 11).r, 255);
  EXPECT_EQ(rgba_at(three, 0, 15).r, 255);
  EXPECT_EQ(rgba_at(three, 11, 0).a, 99);
}

TEST(Rotate, turns_pictures_whose_chroma_is_halved_in_one_direction) {
  const FramePtr picture = convert(corner_picture(), "yuva422p");
  const FramePtr out = filter_one("rotate", {}, context_of(16, 12, true), picture, "rgba");
  EXPECT_NEAR(rgba_at(out, 11, 0).r, 255, 12);
  EXPECT_EQ(rgba_at(out, 0, 15).a, 99);
}

TEST(Rotate, only_quarter_turns_are_allowed) {
  EXPECT_THAT(error_of("rotate", {{"degrees", "45"}}),
              testing::HasSubstr("allowed: \"90\", \"180\", \"270\""));
}

}  // namespace
}  // namespace avstage::filters::test
