#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

using testing::HasSubstr;

FramePtr picture() {
  return convert(paint(16, 16, [](int, int) { return Rgba{200, 40, 40, 255}; }), "yuv420p");
}

std::vector<FramePtr> faded(Params params, const Context& context, const char* format) {
  return run(build("fade", std::move(params), context), context,
             repeat(picture(), static_cast<int>(context.frames)), {format});
}

TEST(Fade, goes_by_timestamps_so_that_a_segment_may_begin_anywhere) {
  EXPECT_EQ(text_of(build("fade", {{"in", "10f"}, {"out", 0.4}}, context_of(16, 16, false))),
            "format pix_fmts=yuva420p|yuva422p|yuva444p|rgba|gbrap < in\n"
            "fade type=in start_time=0.000000 duration=0.400000 alpha=1 < 0\n"
            "fade type=out start_time=1.560000 duration=0.400000 alpha=1 < 1\n");
}

TEST(Fade, to_a_colour_goes_through_rgb) {
  EXPECT_EQ(
      text_of(build("fade", {{"in", 1.0}, {"to", "color"}, {"color", "#ff0000"}}, context_of(16, 16, false))),
      "format pix_fmts=gbrp|rgb24|rgba < in\n"
      "fade type=in start_time=0.000000 duration=1.000000 color=#ff0000 < 0\n"
      "format pix_fmts=yuv420p < 1\n"
      "format pix_fmts=yuva420p|yuva422p|yuva444p|rgba|gbrap < 2\n");
}

TEST(Fade, alpha_rises_frame_by_frame_and_falls_as_its_mirror_image) {
  const auto out = faded({{"in", "10f"}, {"out", "10f"}}, context_of(16, 16, false, 30), "yuva420p");
  ASSERT_EQ(out.size(), 30u);
  for (int i = 0; i < 30; ++i) {
    const int expected = i < 10 ? 255 * i / 10 : i > 19 ? 255 * (29 - i) / 10 : 255;
    EXPECT_NEAR(at(out[static_cast<std::size_t>(i)], 3, 8, 8), expected, 1) << i;
    EXPECT_EQ(at(out[static_cast<std::size_t>(i)], 0, 8, 8), at(picture(), 0, 8, 8)) << i;
  }
}

TEST(Fade, works_at_rates_that_are_no_whole_number) {
  Context context = context_of(16, 16, false, 30);
  context.fps = Rational(30000, 1001);
  const auto out = faded({{"in", "10f"}, {"out", "10f"}}, context, "yuva420p");
  ASSERT_EQ(out.size(), 30u);
  EXPECT_NEAR(at(out[5], 3, 8, 8), 127, 1);
  EXPECT_EQ(at(out[10], 3, 8, 8), 255);
  EXPECT_NEAR(at(out[24], 3, 8, 8), 127, 1);
  EXPECT_LE(at(out[29], 3, 8, 8), 1);
}

TEST(Fade, multiplies_the_alpha_that_is_there) {
  const FramePtr half = convert(paint(16, 16, [](int, int) { return Rgba{200, 40, 40, 128}; }), "yuva420p");
  const Context context = context_of(16, 16, true, 10);
  const auto out = run(build("fade", {{"in", "4f"}}, context), context, repeat(half, 10), {"yuva420p"});
  EXPECT_NEAR(at(out[2], 3, 8, 8), 64, 1);
  EXPECT_EQ(at(out[9], 3, 8, 8), at(half, 3, 8, 8));
}

TEST(Fade, to_a_colour_starts_with_that_colour_and_stays_opaque) {
  const auto out = faded({{"in", "10f"}, {"to", "color"}, {"color", "#ffffff"}},
                         context_of(16, 16, false, 20), "yuva420p");
  EXPECT_NEAR(at(out[0], 0, 8, 8), 235, 1);
  EXPECT_NEAR(at(out[19], 0, 8, 8), at(picture(), 0, 8, 8), 2);
  EXPECT_EQ(at(out[0], 3, 8, 8), 255);
}

TEST(Fade, black_is_the_black_of_the_range) {
  const auto out = faded({{"out", "10f"}, {"to", "color"}}, context_of(16, 16, false, 20), "yuv420p");
  EXPECT_NEAR(at(out[19], 0, 8, 8), 16, 1);
  EXPECT_NEAR(at(out[19], 1, 4, 4), 128, 1);
}

TEST(Fade, may_fill_the_clip_but_not_more) {
  EXPECT_EQ(faded({{"out", "20f"}}, context_of(16, 16, false, 20), "yuva420p").size(), 20u);
  EXPECT_EQ(faded({{"in", "1f"}}, context_of(16, 16, false, 1), "yuva420p").size(), 1u);
  EXPECT_THAT(usage_error([] {
                build("fade", {{"in", 1.0}, {"out", "30f"}}, context_of(16, 16, false, 50));
              }),
              HasSubstr("\"in\" + \"out\" are 55 frames; allowed 0–50, the clip's length"));
}

}  // namespace
}  // namespace avstage::filters::test
