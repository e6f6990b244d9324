#include <cmath>
#include <random>

#include "filter_bench.h"

/// The key beside what an ffmpeg user writes, `chromakey,despill`, on pictures whose alpha is known. The peer
/// is given the best of a grid of settings for each picture; ours has none.
namespace avstage::filters::test {
namespace {

constexpr int kStageWidth = 640, kStageHeight = 360;

double clamp01(double v) {
  return std::clamp(v, 0.0, 1.0);
}

/// How much of a hair 0.6 to 1.6 pixels wide covers the pixel: 40 of them stand around the head.
double hair(double x, double y) {
  double most = 0;
  for (int i = 0; i < 40; ++i) {
    const double angle = 3.3 + 2.8 * i / 39, width = 0.6 + 0.25 * (i % 5), reach = 60 + 7 * (i % 6);
    const double along = (x - 200) * std::cos(angle) + (y - 130) * std::sin(angle);
    const double across = std::abs((y - 130) * std::cos(angle) - (x - 200) * std::sin(angle));
    if (along > 30 && along < 30 + reach) most = std::max(most, clamp01(width / 2 + 0.5 - across));
  }
  return most;
}

/// A head with hair and shoulders; right of them an arm that moves, blurred over 24 pixels.
Rgba draw_figure(int px, int py) {
  const double x = px + 0.5, y = py + 0.5;
  const double head = clamp01(60 - std::hypot(x - 200, y - 130) + 0.5);
  const double body = clamp01((1 - std::hypot((x - 200) / 150, (y - 380) / 190)) * 150 + 0.5);
  const double arm = y > 60 && y < 300 ? clamp01((36 - std::abs(x - 480)) / 24 + 0.5) : 0;
  const double strands = hair(x, y);
  const int alpha = static_cast<int>(std::lround(255 * std::max({head, body, arm, strands})));
  if (arm > 0) return {205, 160, 130, alpha};
  if (head > 0.5) return {222, 172, 142, alpha};
  if (body > 0) return x < 200 ? Rgba{120, 122, 128, alpha} : Rgba{232, 232, 236, alpha};
  return {70, 48, 34, alpha};
}

const Rgba& presenter(int x, int y) {
  static const std::vector<Rgba> drawn = [] {
    std::vector<Rgba> all;
    for (int i = 0; i < kStageWidth * kStageHeight; ++i)
      all.push_back(draw_figure(i % kStageWidth, i / kStageWidth));
    return all;
  }();
  return drawn[static_cast<std::size_t>(y) * kStageWidth + x];
}

int mix(int front, int back, int alpha) {
  return (front * alpha + back * (255 - alpha) + 127) / 255;
}

FramePtr over(const std::function<Rgba(int, int)>& back) {
  return paint(kStageWidth, kStageHeight, [&](int x, int y) {
    const Rgba f = presenter(x, y), b = back(x, y);
    return Rgba{mix(f.r, b.r, f.a), mix(f.g, b.g, f.a), mix(f.b, b.b, f.a)};
  });
}

Rgba new_background(int x, int y) {
  return {40 + x / 8, 60 + y / 6, 120 + (x + y) / 16};
}

/// The figure over the key as a decoder gives it: 4:2:0 and noisy by ±2.
FramePtr noisy_screen(Color key) {
  FramePtr picture = convert(over([=](int, int) { return Rgba{key.r, key.g, key.b}; }), "yuv420p");
  std::mt19937 random(7);
  for (int plane = 0; plane < 3; ++plane) {
    const int width = plane == 0 ? kStageWidth : kStageWidth / 2,
              height = plane == 0 ? kStageHeight : kStageHeight / 2;
    for (int y = 0; y < height; ++y) {
      std::uint8_t* row = picture->data[plane] + y * picture->linesize[plane];
      for (int x = 0; x < width; ++x) {
        row[x] = static_cast<std::uint8_t>(std::clamp<int>(row[x] + int(random() % 5) - 2, 16, 240));
      }
    }
  }
  return picture;
}

struct Quality {
  double matte = 0;  ///< mean |alpha − truth| of 255, whole picture
  double edges = 0;  ///< the same where the truth is neither 0 nor 255
  double color = 0;  ///< mean |R, G, B − truth| of 255 at those edges, over a new background
};

Quality quality_of(const FramePtr& keyed) {
  const FramePtr truth = over(new_background);
  Quality q;
  int edges = 0;
  for (int y = 0; y < kStageHeight; ++y) {
    for (int x = 0; x < kStageWidth; ++x) {
      const Rgba got = rgba_at(keyed, x, y), back = new_background(x, y), want = rgba_at(truth, x, y);
      const int alpha = presenter(x, y).a, difference = std::abs(got.a - alpha);
      q.matte += difference;
      if (alpha == 0 || alpha == 255) continue;
      ++edges;
      q.edges += difference;
      q.color +=
          (std::abs(mix(got.r, back.r, got.a) - want.r) + std::abs(mix(got.g, back.g, got.a) - want.g) +
           std::abs(mix(got.b, back.b, got.a) - want.b)) /
          3.0;
    }
  }
  q.matte /= double(kStageWidth) * kStageHeight;
  q.edges /= edges;
  q.color /= edges;
  return q;
}

FramePtr keyed_by(const Graph& graph, const FramePtr& picture) {
  return convert(
      std::move(
          run(graph, context_of(kStageWidth, kStageHeight, false), repeat(picture, 1), {"yuva420p"}).front()),
      "rgba");
}

Quality ours(Color key, const FramePtr& picture) {
  return quality_of(convert(filter_one("chroma_key", {{"color", key.hex()}},
                                       context_of(kStageWidth, kStageHeight, false), picture, "yuva420p"),
                            "rgba"));
}

Quality peer(Color key, const FramePtr& picture, double similarity, double blend) {
  const Graph graph{{"chromakey",
                     {{"color", key.hex()},
                      {"similarity", fmt::format("{}", similarity)},
                      {"blend", fmt::format("{}", blend)}},
                     {Link{}}},
                    {"scale", {{"in_color_matrix", "bt709"}, {"in_range", "limited"}}, {Link{0}}},
                    {"format", {{"pix_fmts", "rgba"}}, {Link{1}}},
                    {"despill", {{"type", "green"}}, {Link{2}}},
                    {"scale", {{"out_color_matrix", "bt709"}, {"out_range", "limited"}}, {Link{3}}},
                    {"format", {{"pix_fmts", "yuva420p"}}, {Link{4}}}};
  return quality_of(keyed_by(graph, picture));
}

/// The setting with the least matte error.
Quality best_peer(Color key, const FramePtr& picture) {
  Quality best{255, 255, 255};
  for (double similarity : {0.05, 0.08, 0.11, 0.15}) {
    for (double blend : {0.0, 0.1, 0.2}) {
      const Quality q = peer(key, picture, similarity, blend);
      if (q.matte < best.matte) best = q;
    }
  }
  return best;
}

TEST(KeyQuality, OnKnownAlphaItIsNotWorseThanChromakeyAndDespill) {
  for (const Color key : {Color{0, 255, 0}, {0, 177, 64}, {0, 128, 0}}) {
    const FramePtr picture = noisy_screen(key);
    const Quality us = ours(key, picture), usual = peer(key, picture, 0.1, 0.1),
                  best = best_peer(key, picture);
    for (const auto& [name, q] :
         {std::pair("ours", us), {"chromakey 0.1/0.1", usual}, {"chromakey best", best}}) {
      fmt::print("{} {:18} matte {:5.2f} edges {:6.2f} colour {:6.2f}\n", key.hex(), name, q.matte, q.edges,
                 q.color);
    }
    EXPECT_LE(us.matte, best.matte) << key.hex();
    EXPECT_LE(us.edges, best.edges) << key.hex();
    EXPECT_LE(us.color, best.color) << key.hex();
  }
}

}  // namespace
}  // namespace avstage::filters::test
