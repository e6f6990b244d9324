#include <cmath>

#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

using testing::HasSubstr;

constexpr int kWidth = 160, kHeight = 96;

/// A figure with a soft outline: skin above, grey, white and yellow clothing below; alpha is the truth.
Rgba figure(int x, int y) {
  const double dx = (x + 0.5 - 80) / 46, dy = (y + 0.5 - 52) / 44;
  const double distance = (1 - std::hypot(dx, dy)) * 45;
  const int alpha = static_cast<int>(std::lround(255 * std::clamp(distance / 3 + 0.5, 0.0, 1.0)));
  if (y < 44) return {222, 172, 142, alpha};
  if (x < 66) return {128, 128, 130, alpha};
  return x < 94 ? Rgba{235, 235, 238, alpha} : Rgba{230, 200, 40, alpha};
}

/// The figure in front of `key`, as a camera would see it.
FramePtr screen(Color key) {
  return paint(kWidth, kHeight, [=](int x, int y) {
    const Rgba f = figure(x, y);
    const auto mix = [&](int front, int back) { return (front * f.a + back * (255 - f.a) + 127) / 255; };
    return Rgba{mix(f.r, key.r), mix(f.g, key.g), mix(f.b, key.b), 255};
  });
}

Context yuv_context(const std::string& matrix = "bt709", bool full = false) {
  Context context = context_of(kWidth, kHeight, false);
  context.color_matrix = matrix;
  context.full_range = full;
  return context;
}

FramePtr keyed(Color key, Params params, const std::string& matrix = "bt709", bool full = false) {
  const std::string range = full ? "full" : "limited";
  const FramePtr picture = convert(screen(key), "yuv420p", matrix, range);
  params["color"] = key.hex();
  const FramePtr out =
      filter_one("chroma_key", std::move(params), yuv_context(matrix, full), picture, "yuva420p");
  return convert(out, "rgba", matrix, range);
}

struct Matte {
  double error = 0;        ///< mean absolute, of all samples
  int least_inside = 255;  ///< alpha where the figure is opaque, 3 px from its outline
  int most_outside = 0;    ///< alpha where only the screen is, 3 px from the outline
};

bool around(int x, int y, int alpha) {
  for (int dy = -3; dy <= 3; ++dy) {
    for (int dx = -3; dx <= 3; ++dx) {
      if (figure(x + dx, y + dy).a != alpha) return false;
    }
  }
  return true;
}

Matte measure(const FramePtr& out) {
  Matte m;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const int alpha = rgba_at(out, x, y).a;
      m.error += std::abs(alpha - figure(x, y).a) / double(kWidth * kHeight);
      if (around(x, y, 255)) m.least_inside = std::min(m.least_inside, alpha);
      if (around(x, y, 0)) m.most_outside = std::max(m.most_outside, alpha);
    }
  }
  return m;
}

/// Mean excess of green over the mean of red and blue where the figure's edge is seen.
double green_excess(const FramePtr& out) {
  double sum = 0;
  int count = 0;
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const Rgba p = rgba_at(out, x, y);
      if (figure(x, y).a == 0 || figure(x, y).a == 255 || p.a < 26) continue;
      sum += std::max(0.0, p.g - (p.r + p.b) / 2.0) * p.a / 255;
      ++count;
    }
  }
  return sum / count;
}

TEST(ChromaKey, multiplies_the_alpha_that_is_there) {
  const FramePtr picture = paint(16, 16, [](int x, int) {
    return Rgba{x < 8 ? 0 : 200, x < 8 ? 255 : 60, 0, 128};
  });
  const FramePtr out = filter_one("chroma_key", {{"color", "#00ff00"}}, context_of(16, 16, true),
                                  convert(picture, "yuva420p"), "yuva420p");
  EXPECT_EQ(at(out, 3, 2, 8), 0);
  EXPECT_NEAR(at(out, 3, 13, 8), 128, 1);
}

TEST(ChromaKey, the_key_is_the_colour_in_the_pictures_own_matrix_and_range) {
  for (const auto& [matrix, full] : {std::pair("bt709", false),
                                     {"bt709", true},
                                     {"smpte170m", false},
                                     {"smpte170m", true},
                                     {"bt2020", false}}) {
    for (const Color key : {Color{0, 255, 0}, {0, 128, 0}, {0, 177, 64}, {0, 71, 187}}) {
      const std::string range = full ? "full" : "limited";
      const FramePtr flat = convert(paint(16, 16,
                                          [=](int, int) {
                                            return Rgba{key.r, key.g, key.b};
                                          }),
                                    "yuv420p", matrix, range);
      Context context = yuv_context(matrix, full);
      context.width = context.height = 16;
      const Params params{{"color", key.hex()}, {"similarity", 0.04}, {"blend", 0.04}};
      EXPECT_EQ(at(filter_one("chroma_key", params, context, flat, "yuva420p"), 3, 8, 8), 0)
          << matrix << key.hex();
    }
  }
}

TEST(ChromaKey, the_matte_is_near_the_truth_for_the_usual_screens) {
  for (const Color key : {Color{0, 255, 0}, {0, 128, 0}, {0, 177, 64}}) {
    const Matte matte = measure(keyed(key, {}));
    RecordProperty("matte_error_" + key.hex().substr(1), std::to_string(matte.error));
    EXPECT_LT(matte.error, 3.0) << key.hex();
    EXPECT_EQ(matte.least_inside, 255) << key.hex();
    EXPECT_EQ(matte.most_outside, 0) << key.hex();
  }
}

TEST(ChromaKey, works_the_same_in_every_matrix_and_range) {
  for (const auto& [matrix, full] :
       {std::pair("smpte170m", false), {"smpte170m", true}, {"bt709", true}, {"bt2020", false}}) {
    const Matte matte = measure(keyed({0, 255, 0}, {}, matrix, full));
    EXPECT_LT(matte.error, 3.0) << matrix;
    EXPECT_EQ(matte.least_inside, 255) << matrix;
    EXPECT_EQ(matte.most_outside, 0) << matrix;
  }
}

TEST(ChromaKey, keys_an_rgb_picture_and_leaves_it_rgb) {
  Context context = yuv_context("gbr");
  const FramePtr out = filter_one("chroma_key", {{"color", "#00ff00"}}, context, screen({0, 255, 0}), "rgba");
  const Matte matte = measure(out);
  EXPECT_LT(matte.error, 3.0);
  EXPECT_EQ(matte.least_inside, 255);
  EXPECT_EQ(matte.most_outside, 0);
  EXPECT_NEAR(rgba_at(out, 80, 30).r, 222, 2);
}

TEST(ChromaKey, despill_takes_green_off_the_edges_by_default) {
  const double spilled = green_excess(keyed({0, 255, 0}, {{"despill", 0.0}}));
  const double half = green_excess(keyed({0, 255, 0}, {{"despill", 0.5}}));
  const double clean = green_excess(keyed({0, 255, 0}, {}));
  EXPECT_GT(spilled, 15);
  EXPECT_LT(half, spilled * 0.75);
  EXPECT_LT(clean, spilled * 0.25);
}

TEST(ChromaKey, despill_leaves_the_inside_of_the_figure_alone) {
  const Rgba tie = rgba_at(keyed({0, 255, 0}, {}), 106, 60);
  EXPECT_NEAR(tie.r, 230, 4);
  EXPECT_NEAR(tie.g, 200, 4);
  EXPECT_NEAR(tie.b, 40, 8);
}

TEST(ChromaKey, a_blue_screen_loses_its_blue) {
  const Color blue{0, 0, 255};
  const Matte matte = measure(keyed(blue, {}));
  EXPECT_LT(matte.error, 3.5);
  EXPECT_EQ(matte.most_outside, 0);
}

TEST(ChromaKey, any_strong_colour_can_be_the_screen) {
  const Matte matte = measure(keyed({255, 0, 255}, {}));
  EXPECT_LT(matte.error, 3.5);
  EXPECT_EQ(matte.most_outside, 0);
}

TEST(ChromaKey, a_wide_similarity_takes_more_than_a_narrow_one) {
  const auto outside = [](double similarity) {
    // A darker, greyer green than the key, as a badly lit corner of the screen.
    const FramePtr picture = convert(paint(16, 16, [](int, int) { return Rgba{40, 190, 40}; }), "yuv420p");
    const Params params{{"color", "#00ff00"}, {"similarity", similarity}, {"blend", 0.1}};
    Context context = yuv_context();
    context.width = context.height = 16;
    return at(filter_one("chroma_key", params, context, picture, "yuva420p"), 3, 8, 8);
  };
  EXPECT_EQ(outside(0.05), 255);
  EXPECT_EQ(outside(0.6), 0);
}

TEST(ChromaKey, a_colour_too_grey_to_key_is_refused) {
  for (const char* color : {"#808080", "#000000", "#ffffff", "#708070"}) {
    EXPECT_THAT(usage_error([&] {
                  build("chroma_key", {{"color", color}}, yuv_context());
                }),
                HasSubstr("too grey to key; allowed: a strong colour"))
        << color;
  }
}

TEST(ChromaKey, ranges_are_checked) {
  EXPECT_THAT(error_of("chroma_key", {{"color", "#00ff00"}, {"similarity", 0.0}}),
              HasSubstr("\"similarity\" is 0; allowed 0.01–1, or \"auto\""));
  EXPECT_THAT(error_of("chroma_key", {{"color", "#00ff00"}, {"despill", 2.0}}), HasSubstr("allowed 0–1"));
}

}  // namespace
}  // namespace avstage::filters::test
