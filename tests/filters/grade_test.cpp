#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

FramePtr skin(const char* format = "yuva420p") {
  return convert(paint(32, 16, [](int x, int) { return Rgba{200 - x, 150, 120, 8 * x}; }), format);
}

FramePtr graded(Params params, const char* format = "yuva420p") {
  return filter_one("grade", std::move(params), context_of(32, 16, true), skin(), format);
}

Rgba middle(Params params) {
  return rgba_at(convert(graded(std::move(params)), "rgba"), 16, 8);
}

TEST(Grade, needs_no_rgb_unless_the_temperature_changes) {
  EXPECT_EQ(text_of(build("grade", {{"contrast", 1.2}}, context_of(32, 16, false))),
            "format pix_fmts=yuv420p|yuv422p|yuv444p < in\n"
            "eq brightness=0 contrast=1.2 saturation=1 gamma=1 < 0\n"
            "format pix_fmts=yuv420p|yuv422p|yuv444p < 1\n");
  EXPECT_EQ(text_of(build("grade", {{"temperature", 5000.0}}, context_of(32, 16, true))),
            "split outputs=2 < in\n"
            "format pix_fmts=yuv420p|yuv422p|yuv444p < 0\n"
            "eq brightness=0 contrast=1 saturation=1 gamma=1 < 1\n"
            "format pix_fmts=gbrp < 2\n"
            "colortemperature temperature=5000 pl=1 < 3\n"
            "format pix_fmts=yuv420p < 4\n"
            "format pix_fmts=yuva420p|yuva422p|yuva444p < 5\n"
            "alphaextract < 0.1\n"
            "alphamerge < 6 < 7\n");
}

TEST(Grade, changes_nothing_by_default) {
  const FramePtr before = skin(), after = graded({});
  for (int plane = 0; plane < 4; ++plane) {
    for (int x = 0; x < 16; ++x) ASSERT_EQ(at(after, plane, x, 4), at(before, plane, x, 4));
  }
}

TEST(Grade, each_control_does_what_it_says) {
  const Rgba before = middle({});
  EXPECT_GT(middle({{"brightness", 0.2}}).g, before.g + 30);
  EXPECT_GT(middle({{"contrast", 1.5}}).r, before.r + 8);
  EXPECT_GT(middle({{"gamma", 2.0}}).g, before.g + 20);
  const Rgba gray = middle({{"saturation", 0.0}});
  EXPECT_NEAR(gray.r, gray.b, 3);
  const Rgba warm = middle({{"temperature", 3000.0}}), cold = middle({{"temperature", 12000.0}});
  EXPECT_GT(warm.r - warm.b, before.r - before.b + 20);
  EXPECT_LT(cold.r - cold.b, before.r - before.b - 10);
}

TEST(Grade, alpha_stays_whatever_is_changed) {
  const FramePtr picture = skin();
  const FramePtr out =
      graded({{"brightness", 0.3}, {"contrast", 2.0}, {"gamma", 0.5}, {"temperature", 3000.0}});
  for (int x = 0; x < 32; ++x) ASSERT_EQ(at(out, 3, x, 8), at(picture, 3, x, 8));
}

TEST(Grade, ranges_are_checked) {
  EXPECT_THAT(error_of("grade", {{"gamma", 0.0}}), testing::HasSubstr("\"gamma\" is 0; allowed 0.1–10"));
  EXPECT_THAT(error_of("grade", {{"temperature", 500.0}}), testing::HasSubstr("allowed 1000–40000 K"));
}

}  // namespace
}  // namespace avstage::filters::test
