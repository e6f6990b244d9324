#include "media/filter_graph.h"

#include <gmock/gmock.h>

#include "memory_source.h"
#include "support/media_fixtures.h"

namespace avstage::media {
namespace {

using test::error_of;
using test::flat_frame;
using testing::HasSubstr;

FramePtr run_one(const std::string& filter, const Options& options, const AVFrame& input,
                 const std::string& format) {
  FilterGraph graph(1);
  auto source = graph.add_video_source(input, Rational(1, 25), Rational(25));
  int sink = graph.add_video_sink(graph.add(filter, options, source), {format});
  graph.configure();
  graph.push(source, &input);
  graph.push(source, nullptr);
  return graph.pull(sink);
}

TEST(FilterGraph, RunsAFilterWithKeyValueOptions) {
  FramePtr out = run_one("scale", {{"w", "80"}, {"h", "46"}, {"flags", "bicubic+accurate_rnd+bitexact"}},
                         *flat_frame(160, 90, "yuv420p", 100, 90, 200), "yuv420p");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->width, 80);
  EXPECT_EQ(out->height, 46);
  EXPECT_NEAR(test::mean_of(*out).v, 200, 1);
}

TEST(FilterGraph, TheSinkConvertsToTheFormatsItAccepts) {
  FramePtr out = run_one("null", {}, *flat_frame(16, 16, "rgba", 255, 0, 0), "yuv420p");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->format, AV_PIX_FMT_YUV420P);
}

TEST(FilterGraph, OverlaysTwoSourcesInInputOrder) {
  FramePtr base = flat_frame(16, 16, "yuv420p", 50, 128, 128);
  FramePtr top = flat_frame(16, 16, "yuv420p", 200, 128, 128);
  FilterGraph graph(1);
  std::array<FilterGraph::Pad, 2> inputs = {graph.add_video_source(*base, Rational(1, 25), Rational(25)),
                                            graph.add_video_source(*top, Rational(1, 25), Rational(25))};
  int sink =
      graph.add_video_sink(graph.add("overlay", {{"x", "8"}, {"format", "yuv420"}}, inputs), {"yuv420p"});
  graph.configure();
  graph.push(inputs[0], base.get());
  EXPECT_EQ(graph.pull(sink), nullptr) << "one input is still missing";
  graph.push(inputs[1], top.get());
  graph.push(inputs[0], nullptr);
  graph.push(inputs[1], nullptr);
  FramePtr out = graph.pull(sink);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->data[0][0], 50);
  EXPECT_EQ(out->data[0][15], 200);
  EXPECT_EQ(graph.pull(sink), nullptr);
}

TEST(FilterGraph, MixesSoundSampleForSample) {
  FilterGraph graph;
  auto source = graph.add_audio_source(48000);
  int sink =
      graph.add_audio_sink(graph.add("volume", {{"volume", "0.5"}, {"precision", "float"}}, source), 48000);
  graph.configure();
  FramePtr frame = make_frame();
  frame->nb_samples = 100;
  frame->format = AV_SAMPLE_FMT_FLT;
  frame->sample_rate = 48000;
  frame->ch_layout = AV_CHANNEL_LAYOUT_STEREO;
  frame->pts = 0;
  ASSERT_GE(av_frame_get_buffer(frame.get(), 0), 0);
  auto* samples = reinterpret_cast<float*>(frame->data[0]);
  for (int i = 0; i < 200; ++i) samples[i] = 0.5F;
  graph.push(source, frame.get());
  FramePtr out = graph.pull(sink);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->nb_samples, 100);
  EXPECT_FLOAT_EQ(reinterpret_cast<float*>(out->data[0])[199], 0.25F);
}

TEST(FilterGraph, ALeftoverOptionIsAnErrorThatNamesIt) {
  for (const char* filter : {"gblur", "scale", "eq", "null"}) {
    Error e = error_of([&] { check_filter(filter, {{"sigmo", "1"}}); });
    EXPECT_EQ(e.code(), ErrorCode::usage) << filter;
    EXPECT_THAT(e.message(), HasSubstr("'sigmo'")) << filter;
    EXPECT_THAT(e.message(), HasSubstr(filter));
  }
}

TEST(FilterGraph, ABadValueNamesTheOptionAndWhatIsAllowed) {
  Error range = error_of([] { check_filter("gblur", {{"sigma", "99999"}}); });
  EXPECT_EQ(range.code(), ErrorCode::usage);
  EXPECT_THAT(range.message(),
              HasSubstr("'sigma': '99999' is not allowed; allowed is number from 0 to 1024"));
  Error word = error_of([] { check_filter("transpose", {{"passthrough", "sideways"}}); });
  EXPECT_THAT(word.message(), HasSubstr("one of none, portrait, landscape"));
}

TEST(FilterGraph, GoodOptionsPassTheCheck) {
  EXPECT_NO_THROW(check_filter("gblur", {{"sigma", "2.5"}}));
  EXPECT_NO_THROW(check_filter("drawbox", {{"enable", "gt(t,1)"}}));
}

TEST(FilterGraph, AnUnknownFilterIsNamed) {
  EXPECT_THAT(error_of([] { check_filter("nosuch", {}); }).message(), HasSubstr("'nosuch'"));
  EXPECT_EQ(filter_options("nosuch"), std::nullopt);
}

TEST(FilterGraph, ListsTheOptionsOfAFilter) {
  auto options = filter_options("gblur");
  ASSERT_TRUE(options);
  auto is_sigma = [](const FilterOption& o) { return o.name == "sigma" && !o.help.empty(); };
  EXPECT_TRUE(std::any_of(options->begin(), options->end(), is_sigma));
}

TEST(FilterGraph, AWrongNumberOfInputsIsAnError) {
  FilterGraph graph;
  auto source =
      graph.add_video_source(*flat_frame(16, 16, "yuv420p", 0, 0, 0), Rational(1, 25), Rational(25));
  Error e = error_of([&] { graph.add("overlay", {}, source); });
  EXPECT_EQ(e.code(), ErrorCode::usage);
  EXPECT_THAT(e.message(), HasSubstr("takes 2 inputs, it is given 1"));
}

TEST(FilterGraph, APictureThatChangesItsSizeIsAnErrorNotGarbage) {
  FilterGraph graph;
  FramePtr small = flat_frame(16, 16, "yuv420p", 0, 0, 0), large = flat_frame(32, 32, "yuv420p", 0, 0, 0);
  auto source = graph.add_video_source(*small, Rational(1, 25), Rational(25));
  graph.add_video_sink(source, {"yuv420p"});
  graph.configure();
  graph.push(source, small.get());
  EXPECT_THAT(error_of([&] { graph.push(source, large.get()); }).message(),
              HasSubstr("changes from 16x16 yuv420p to 32x32"));
}

}  // namespace
}  // namespace avstage::media
