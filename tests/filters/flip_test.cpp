#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

FramePtr quarter_picture() {
  return paint(16, 12, [](int x, int y) {
    return x < 8 && y < 6 ? Rgba{255, 0, 0, 255} : Rgba{0, 0, 0, 99};
  });
}

TEST(Flip, mirrors_left_and_right_by_default) {
  const Context context = context_of(16, 12, true);
  EXPECT_EQ(text_of(build("flip", {}, context)), "hflip < in\n");
  const FramePtr out = filter_one("flip", {}, context, quarter_picture(), "rgba");
  EXPECT_EQ(rgba_at(out, 15, 0).r, 255);
  EXPECT_EQ(rgba_at(out, 15, 0).a, 255);
  EXPECT_EQ(rgba_at(out, 0, 0).a, 99);
}

TEST(Flip, mirrors_top_and_bottom) {
  const Context context = context_of(16, 12, true);
  const Params params{{"direction", "vertical"}};
  EXPECT_EQ(text_of(build("flip", params, context)), "vflip < in\n");
  const FramePtr out = filter_one("flip", params, context, quarter_picture(), "rgba");
  EXPECT_EQ(rgba_at(out, 0, 11).r, 255);
  EXPECT_EQ(rgba_at(out, 0, 0).a, 99);
}

}  // namespace
}  // namespace avstage::filters::test
