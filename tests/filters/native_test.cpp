#include <random>

#include "filter_bench.h"
#include "filters/native/blend.h"
#include "filters/native/chroma_key.h"
#include "filters/native/vectorized.h"

namespace avstage::filters::native {
namespace {

/// A 4:2:0 or 4:4:4 picture that owns its pixels, filled with smooth noise.
struct Owned {
  Owned(int width, int height, bool subsampled, unsigned seed) {
    picture = {.width = width, .height = height, .subsampled = subsampled};
    std::mt19937 random(seed);
    for (int plane = 0; plane < 4; ++plane) {
      const bool chroma = plane == 1 || plane == 2;
      const int w = chroma ? picture.chroma_width() : width, h = chroma ? picture.chroma_height() : height;
      picture.stride[plane] = w + 5;
      planes[plane].resize(static_cast<std::size_t>(w + 5) * h);
      int value = 128;
      for (std::uint8_t& p : planes[plane]) {
        value = std::clamp<int>(value + int(random() % 61) - 30, 0, 255);
        p = static_cast<std::uint8_t>(value);
      }
      picture.data[plane] = planes[plane].data();
    }
  }
  Picture picture;
  std::vector<std::uint8_t> planes[4];
};

struct WithoutVectors {
  WithoutVectors() { use_vectors = false; }
  ~WithoutVectors() { use_vectors = before; }
  const bool before = use_vectors;
};

void expect_equal(const Owned& a, const Owned& b, const std::string& what) {
  for (int plane = 0; plane < 4; ++plane)
    EXPECT_EQ(a.planes[plane], b.planes[plane]) << what << " plane " << plane;
}

TEST(Native, KeyGivesTheSameBytesWithAndWithoutVectors) {
  for (const auto& [width, height] : {std::pair(64, 32), {37, 21}, {8, 2}, {2, 2}, {131, 5}}) {
    for (const bool subsampled : {true, false}) {
      for (const bool multiply : {true, false}) {
        Owned fast(width, height, subsampled, 3), slow(width, height, subsampled, 3);
        const KeySettings settings{.y = 173, .u = 42, .v = 26, .multiply = multiply};
        ChromaKey(settings).apply(fast.picture);
        {
          const WithoutVectors plain;
          ChromaKey(settings).apply(slow.picture);
        }
        expect_equal(fast, slow, fmt::format("{}x{} {}", width, height, subsampled));
      }
    }
  }
}

TEST(Native, BlendGivesTheSameBytesWithAndWithoutVectors) {
  for (const auto& [x, y] : {std::pair(0, 0), {6, 4}, {-6, -2}, {40, 20}, {200, 0}, {0, -200}}) {
    Owned fast(64, 36, true, 1), slow(64, 36, true, 1);
    const Owned layer(48, 30, true, 2);
    blend(fast.picture, layer.picture, x, y);
    {
      const WithoutVectors plain;
      blend(slow.picture, layer.picture, x, y);
    }
    expect_equal(fast, slow, fmt::format("at {},{}", x, y));
  }
}

/// The formula in floating point, pixel by pixel.
TEST(Native, BlendIsTheFormula) {
  const Owned before(64, 36, true, 1), layer(48, 30, true, 2);
  Owned after(64, 36, true, 1);
  blend(after.picture, layer.picture, 10, -4);
  for (int y = 0; y < 36; ++y) {
    for (int x = 0; x < 64; ++x) {
      double expected = before.picture.row(0, y)[x];
      const int lx = x - 10, ly = y + 4;
      if (lx >= 0 && lx < 48 && ly >= 0 && ly < 30) {
        const double a = layer.picture.row(3, ly)[lx] / 255.0;
        expected = a * layer.picture.row(0, ly)[lx] + (1 - a) * expected;
      }
      ASSERT_NEAR(after.picture.row(0, y)[x], expected, 0.51) << x << "," << y;
    }
  }
}

/// Chroma lies on the left column of each pair, between its two rows.
TEST(Native, BlendFindsALineOfOneColumnWhereverItStands) {
  constexpr int width = 43, height = 8;
  const Owned before(width, height, true, 7);
  for (int column = 0; column < width; ++column) {
    Owned after(width, height, true, 7), layer(width, height, true, 8);
    std::fill(layer.planes[3].begin(), layer.planes[3].end(), 0);
    for (int y : {3, 4}) layer.picture.row(3, y)[column] = 200;
    blend(after.picture, layer.picture, 0, 0);
    const auto alpha = [&](int x, int y) {
      return layer.picture.row(3, std::min(y, height - 1))[std::clamp(x, 0, width - 1)] / 255.0;
    };
    for (int plane = 0; plane < 3; ++plane) {
      const int step = plane == 0 ? 1 : 2;
      for (int y = 0; y < height / step; ++y) {
        for (int x = 0; x < (width + step - 1) / step; ++x) {
          double a = alpha(x, y);
          if (plane > 0) {
            a = 0;
            for (int i : {0, 1})
              a += (alpha(2 * x - 1, 2 * y + i) + 2 * alpha(2 * x, 2 * y + i) + alpha(2 * x + 1, 2 * y + i)) /
                   8;
          }
          const int was = before.picture.row(plane, y)[x];
          const double expected = a * layer.picture.row(plane, y)[x] + (1 - a) * was;
          ASSERT_NEAR(after.picture.row(plane, y)[x], a == 0 ? was : expected, a == 0 ? 0 : 1.01)
              << plane << " " << x << "," << y << ", line at " << column;
        }
      }
    }
  }
}

TEST(Native, BlendOfNothingAndOfAllIsExact) {
  const Owned before(32, 16, true, 4);
  Owned layer(32, 16, true, 5), after(32, 16, true, 4);
  std::fill(layer.planes[3].begin(), layer.planes[3].end(), 0);
  blend(after.picture, layer.picture, 0, 0);
  expect_equal(after, before, "transparent");
  std::fill(layer.planes[3].begin(), layer.planes[3].end(), 255);
  blend(after.picture, layer.picture, 0, 0);
  for (int plane = 0; plane < 3; ++plane) {
    for (int y = 0; y < (plane == 0 ? 16 : 8); ++y) {
      for (int x = 0; x < (plane == 0 ? 32 : 16); ++x) {
        ASSERT_EQ(after.picture.row(plane, y)[x], layer.picture.row(plane, y)[x])
            << plane << " " << x << "," << y;
      }
    }
  }
  Owned opaque(32, 16, true, 4);
  layer.picture.data[3] = nullptr;
  blend(opaque.picture, layer.picture, 0, 0);
  EXPECT_EQ(opaque.planes[0], after.planes[0]);
}

/// A line two pixels wide, one cell, in front of a screen: alpha and colours around it are the same wherever
/// it is.
TEST(Native, KeyFindsALineOfOneCellWhereverItStands) {
  constexpr int width = 86, height = 12, margin = 2;
  const auto keyed = [](int column) {
    Owned picture(width, height, true, 1);
    const int screen[] = {150, 42, 26, 0}, figure[] = {60, 100, 90, 0};
    for (int plane = 0; plane < 4; ++plane) {
      std::fill(picture.planes[plane].begin(), picture.planes[plane].end(), screen[plane]);
      const int rows = plane == 0 ? height : height / 2;
      for (int y = rows / 2; y < rows; ++y) {
        std::uint8_t* row = picture.picture.row(plane, y);
        if (plane == 0) row[2 * column + 1] = figure[0];
        if (plane == 1 || plane == 2) row[column] = static_cast<std::uint8_t>(figure[plane]);
      }
    }
    ChromaKey({.y = 173, .u = 42, .v = 26}).apply(picture.picture);
    return picture;
  };
  const Owned reference = keyed(margin);
  EXPECT_GT(reference.picture.row(3, 8)[2 * margin + 1], 128);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int alpha = reference.picture.row(3, y)[x];
      if (alpha == 0) continue;
      EXPECT_NE(reference.picture.row(0, y)[x], 150) << x << "," << y << ", alpha " << alpha;
    }
  }
  for (int column = margin; column < width / 2 - margin; ++column) {
    const Owned there = keyed(column);
    for (int plane = 0; plane < 4; ++plane) {
      const int step = plane == 0 || plane == 3 ? 2 : 1, around = step * margin;
      for (int y = 0; y < height * step / 2; ++y) {
        for (int x = -around; x < around; ++x) {
          ASSERT_EQ(there.picture.row(plane, y)[step * column + x],
                    reference.picture.row(plane, y)[around + x])
              << plane << " " << x << "," << y << ", line at " << column;
        }
      }
    }
  }
}

TEST(Native, KeyOfTheScreenIsNothingAndOfGreyIsAll) {
  for (const bool subsampled : {true, false}) {
    Owned screen(40, 20, subsampled, 1);
    const auto fill = [&](int y, int u, int v) {
      const int values[] = {y, u, v};
      for (int i = 0; i < 3; ++i) std::fill(screen.planes[i].begin(), screen.planes[i].end(), values[i]);
    };
    const auto alpha = [&] {
      ChromaKey(KeySettings{.y = 173, .u = 42, .v = 26}).apply(screen.picture);
      return static_cast<int>(screen.picture.row(3, 10)[20]);
    };
    fill(173, 42, 26);
    EXPECT_EQ(alpha(), 0);
    fill(90, 128, 128);
    EXPECT_EQ(alpha(), 255);
    fill((173 + 90) / 2, (42 + 128) / 2, (26 + 128) / 2);
    EXPECT_NEAR(alpha(), 128, 8);
    EXPECT_NEAR(screen.picture.row(0, 10)[20], 90, 12);  // the key's half is taken out
    EXPECT_NEAR(screen.planes[1][0], 128, 8);
  }
}

}  // namespace
}  // namespace avstage::filters::native
