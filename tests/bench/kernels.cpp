#include <benchmark/benchmark.h>

#include <cmath>
#include <random>

#include "filters/native/blend.h"
#include "filters/native/chroma_key.h"
#include "media/filter_graph.h"

/// The native kernels beside what libavfilter has for the same frames, in one process and one thread. Either
/// side copies what it changes, and nothing else.
namespace avstage {
namespace {

using filters::native::ChromaKey;
using filters::native::KeySettings;
using media::FilterGraph;
using media::FramePtr;

// #00b140 as limited-range BT.709 has it, and the noise that a decoder leaves.
constexpr int kKey[] = {129, 96, 55};
constexpr int kFigure[] = {120, 118, 146};
constexpr const char* kKeyOption = "0x816037";
const KeySettings kSettings{.y = kKey[0], .u = kKey[1], .v = kKey[2]};

FramePtr allocate(int width, int height, AVPixelFormat format) {
  FramePtr frame = media::make_frame();
  frame->width = width;
  frame->height = height;
  frame->format = format;
  frame->sample_aspect_ratio = {1, 1};
  frame->colorspace = AVCOL_SPC_BT709;
  frame->color_range = AVCOL_RANGE_MPEG;
  media::check(av_frame_get_buffer(frame.get(), 0), "cannot allocate", "frame", ErrorCode::local);
  return frame;
}

/// A figure with a soft edge before a green screen; opaque.
FramePtr speaker(int width, int height) {
  FramePtr frame = allocate(width, height, AV_PIX_FMT_YUVA420P);
  std::mt19937 random(1);
  for (int plane = 0; plane < 4; ++plane) {
    const bool chroma = plane == 1 || plane == 2;
    const int w = chroma ? width / 2 : width, h = chroma ? height / 2 : height;
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        const double away = std::hypot((x - 0.5 * w) / (0.16 * w), (y - 0.6 * h) / (0.5 * h));
        const double share = std::clamp((1 - away) * 30, 0.0, 1.0);
        const double level = plane == 3 ? 255
                                        : share * kFigure[plane] + (1 - share) * kKey[plane] +
                                              static_cast<int>(random() % 5) - 2;
        frame->data[plane][y * frame->linesize[plane] + x] = static_cast<std::uint8_t>(level);
      }
    }
  }
  return frame;
}

FramePtr film(int width, int height) {
  FramePtr frame = allocate(width, height, AV_PIX_FMT_YUV420P);
  for (int plane = 0; plane < 3; ++plane) {
    const int h = plane ? height / 2 : height;
    for (int i = 0; i < h * frame->linesize[plane]; ++i)
      frame->data[plane][i] = static_cast<std::uint8_t>(60 + i % 120);
  }
  return frame;
}

filters::native::Picture picture(const AVFrame& frame) {
  filters::native::Picture p{.width = frame.width, .height = frame.height};
  for (int i = 0; i < 4; ++i) p.data[i] = frame.data[i], p.stride[i] = frame.linesize[i];
  return p;
}

FramePtr writable(const AVFrame& frame) {
  FramePtr copy = media::ref_frame(frame);
  media::check(av_frame_make_writable(copy.get()), "cannot allocate", "frame", ErrorCode::local);
  return copy;
}

/// The size of the canvas; the layer is all of it, or a third of it across.
struct Sizes {
  int width, height, layer_width, layer_height;
};
Sizes sizes(const benchmark::State& state) {
  const int height = static_cast<int>(state.range(0)), width = height * 16 / 9,
            part = static_cast<int>(state.range(1));
  return {width, height, width / part / 2 * 2, height / part / 2 * 2};
}

void key_native(benchmark::State& state) {
  const Sizes s = sizes(state);
  const FramePtr frame = speaker(s.layer_width, s.layer_height);
  ChromaKey key(kSettings);
  for (auto _ : state) {
    const FramePtr copy = writable(*frame);
    key.apply(picture(*copy));
    benchmark::DoNotOptimize(copy->data[3]);
  }
}

void key_libavfilter(benchmark::State& state) {
  const Sizes s = sizes(state);
  const FramePtr frame = speaker(s.layer_width, s.layer_height);
  FilterGraph graph(1);
  const auto source = graph.add_video_source(*frame, Rational(1, 25), Rational(25));
  const auto key = graph.add(
      "chromakey", {{"color", kKeyOption}, {"similarity", "0.07"}, {"blend", "0.1"}, {"yuv", "1"}}, source);
  const int sink = graph.add_video_sink(key, {"yuva420p"});
  graph.configure();
  std::int64_t n = 0;
  for (auto _ : state) {
    const FramePtr input = media::ref_frame(*frame);
    input->pts = n++;
    graph.push(source, input.get());
    benchmark::DoNotOptimize(graph.pull(sink));
  }
}

void composite_native(benchmark::State& state) {
  const Sizes s = sizes(state);
  const FramePtr frame = speaker(s.layer_width, s.layer_height), base = film(s.width, s.height);
  ChromaKey key(kSettings);
  for (auto _ : state) {
    const FramePtr layer = writable(*frame), canvas = writable(*base);
    key.apply(picture(*layer));
    filters::native::blend(picture(*canvas), picture(*layer), s.width - s.layer_width,
                           s.height - s.layer_height);
    benchmark::DoNotOptimize(canvas->data[0]);
  }
}

void composite_libavfilter(benchmark::State& state) {
  const Sizes s = sizes(state);
  const FramePtr frame = speaker(s.layer_width, s.layer_height), base = film(s.width, s.height);
  FilterGraph graph(1);
  const auto under = graph.add_video_source(*base, Rational(1, 25), Rational(25));
  const auto source = graph.add_video_source(*frame, Rational(1, 25), Rational(25));
  auto layer = graph.add(
      "chromakey", {{"color", kKeyOption}, {"similarity", "0.07"}, {"blend", "0.1"}, {"yuv", "1"}}, source);
  layer = graph.add("despill", {{"type", "green"}}, layer);
  const FilterGraph::Pad inputs[] = {under, layer};
  const auto out = graph.add("overlay", {{"x", "W-w"}, {"y", "H-h"}}, inputs);
  const int sink = graph.add_video_sink(out, {"yuv420p"});
  graph.configure();
  std::int64_t n = 0;
  for (auto _ : state) {
    const FramePtr a = media::ref_frame(*base), b = media::ref_frame(*frame);
    a->pts = b->pts = n++;
    graph.push(under, a.get());
    graph.push(source, b.get());
    // overlay shows a frame once it has seen the next one: one in, one out, but for the first.
    benchmark::DoNotOptimize(graph.pull(sink));
  }
}

void all_sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"lines", "part"})->Unit(benchmark::kMillisecond);
  for (const int lines : {720, 1080}) {
    for (const int part : {1, 3}) b->Args({lines, part});
  }
}

BENCHMARK(key_native)->Apply(all_sizes);
BENCHMARK(key_libavfilter)->Apply(all_sizes);
BENCHMARK(composite_native)->Apply(all_sizes);
BENCHMARK(composite_libavfilter)->Apply(all_sizes);

}  // namespace
}  // namespace avstage

BENCHMARK_MAIN();
