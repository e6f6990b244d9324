#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

FramePtr edge_picture() {
  return convert(paint(64, 16,
                       [](int x, int) {
                         return x < 32 ? Rgba{70, 60, 80, 50} : Rgba{170, 180, 160, 50};
                       }),
                 "yuva420p");
}

TEST(Sharpen, sharpens_brightness_alone) {
  EXPECT_EQ(text_of(build("sharpen", {{"amount", 1.5}, {"size", "7"}}, context_of(64, 16, false))),
            "format pix_fmts=yuv420p|yuv422p|yuv444p < in\n"
            "unsharp luma_msize_x=7 luma_msize_y=7 luma_amount=1.5 < 0\n"
            "format pix_fmts=yuv420p|yuv422p|yuv444p < 1\n");
}

TEST(Sharpen, steepens_edges_and_leaves_flat_parts_chroma_and_alpha) {
  const FramePtr picture = edge_picture();
  const FramePtr out =
      filter_one("sharpen", {{"amount", 1.0}}, context_of(64, 16, true), picture, "yuva420p");
  EXPECT_GT(at(out, 0, 32, 8), at(picture, 0, 32, 8) + 10);
  EXPECT_LT(at(out, 0, 31, 8), at(picture, 0, 31, 8) - 10);
  EXPECT_NEAR(at(out, 0, 8, 8), at(picture, 0, 8, 8), 1);
  for (int x = 0; x < 32; ++x) ASSERT_EQ(at(out, 1, x, 4), at(picture, 1, x, 4));
  for (int x = 0; x < 64; ++x) ASSERT_EQ(at(out, 3, x, 8), 50);
}

TEST(Sharpen, nothing_for_an_amount_of_zero) {
  const FramePtr picture = edge_picture();
  const FramePtr out =
      filter_one("sharpen", {{"amount", 0.0}}, context_of(64, 16, true), picture, "yuva420p");
  for (int x = 0; x < 64; ++x) ASSERT_EQ(at(out, 0, x, 8), at(picture, 0, x, 8));
}

}  // namespace
}  // namespace avstage::filters::test
