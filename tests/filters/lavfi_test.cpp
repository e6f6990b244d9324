#include <algorithm>

#include "filter_bench.h"

extern "C" {
#include <libavfilter/avfilter.h>
}

namespace avstage::filters::test {
namespace {

using testing::HasSubstr;

/// Options without which a filter does not start.
Params needed_options(std::string_view name) {
  if (name == "delogo") return {{"x", 4.0}, {"y", 4.0}, {"w", 16.0}, {"h", 8.0}};
  if (name == "geq") return {{"lum", "p(X,Y)"}};
  return {};
}

FramePtr picture(const char* format) {
  return convert(paint(64, 36,
                       [](int x, int y) {
                         return Rgba{x * 4, 200 - y * 4, 90, 255 - x * 3};
                       }),
                 format);
}

std::string refused(const std::string& name, Params params = {}) {
  return usage_error([&] { lavfi_graph(lavfi_spec(name, std::move(params)), context_of(64, 36, false)); });
}

TEST(Lavfi, the_list_is_sorted_and_says_what_is_allowed) {
  const auto list = lavfi_list();
  EXPECT_TRUE(std::ranges::is_sorted(list));
  EXPECT_EQ(std::ranges::adjacent_find(list), list.end());
  for (std::string_view name : list) EXPECT_TRUE(lavfi_allowed(name)) << name;
}

TEST(Lavfi, every_allowed_filter_exists_with_one_video_input_and_output) {
  for (std::string_view name : lavfi_list()) {
    SCOPED_TRACE(name);
    const AVFilter* filter = avfilter_get_by_name(std::string(name).c_str());
    ASSERT_NE(filter, nullptr);
    EXPECT_EQ(filter->flags & (AVFILTER_FLAG_DYNAMIC_INPUTS | AVFILTER_FLAG_DYNAMIC_OUTPUTS), 0);
    ASSERT_EQ(avfilter_filter_pad_count(filter, 0), 1u);
    ASSERT_EQ(avfilter_filter_pad_count(filter, 1), 1u);
    EXPECT_EQ(avfilter_pad_get_type(filter->inputs, 0), AVMEDIA_TYPE_VIDEO);
    EXPECT_EQ(avfilter_pad_get_type(filter->outputs, 0), AVMEDIA_TYPE_VIDEO);
  }
}

TEST(Lavfi, nothing_dangerous_is_allowed) {
  // By kind: time; files and code; network and commands; other inputs; frames' identity; memory.
  for (const char* name : {"setpts",
                           "fps",
                           "trim",
                           "loop",
                           "reverse",
                           "select",
                           "framestep",
                           "tinterlace",
                           "minterpolate",
                           "framerate",
                           "tpad",
                           "zoompan",
                           "telecine",
                           "detelecine",
                           "decimate",
                           "mpdecimate",
                           "random",
                           "shuffleframes",
                           "thumbnail",
                           "tile",
                           "untile",
                           "separatefields",
                           "weave",
                           "interlace",
                           "stereo3d",
                           "yadif",
                           "bwdif",
                           "settb",
                           "repeatfields",
                           "pullup",
                           "fieldmatch",
                           "fifo",  //
                           "movie",
                           "amovie",
                           "lut1d",
                           "lut3d",
                           "haldclut",
                           "drawtext",
                           "subtitles",
                           "ass",
                           "frei0r",
                           "removelogo",
                           "find_rect",
                           "cover_rect",
                           "metadata",
                           "signature",
                           "vidstabdetect",
                           "vidstabtransform",
                           "deshake",
                           "nnedi",
                           "sr",
                           "derain",
                           "dnn_processing",
                           "dnn_detect",
                           "dnn_classify",
                           "psnr",
                           "ssim",
                           "vmafmotion",
                           "showinfo",
                           "libplacebo",
                           "program_opencl",  //
                           "zmq",
                           "azmq",
                           "sendcmd",
                           "asendcmd",
                           "realtime",
                           "bench",
                           "cue",
                           "streamselect",  //
                           "overlay",
                           "blend",
                           "alphamerge",
                           "xfade",
                           "hstack",
                           "split",
                           "concat",
                           "buffer",  //
                           "scale",
                           "zscale",
                           "pad",
                           "transpose",
                           "format",
                           "setsar",
                           "setdar",
                           "setparams",
                           "colorspace",
                           "hwupload",
                           "hwmap",
                           "alphaextract",
                           "colorkey",
                           "chromakey",  //
                           "hqdn3d",
                           "atadenoise",
                           "tmix",
                           "lagfun",
                           "deflicker",
                           "tblend",
                           "noise",
                           "elbg",
                           "histeq",
                           "scroll",
                           "vignette",
                           "volume",
                           "anull",
                           "",
                           "eq ",
                           "EQ",
                           "eq=brightness=1",
                           "eq@x",
                           "null,movie"}) {
    EXPECT_FALSE(lavfi_allowed(name)) << name;
    EXPECT_THAT(refused(name), HasSubstr("is not allowed")) << name;
  }
}

TEST(Lavfi, options_that_sound_of_files_are_denied) {
  for (std::string_view name : lavfi_list()) {
    const auto options = media::filter_options(std::string(name));
    ASSERT_TRUE(options);
    for (const media::FilterOption& option : *options) {
      std::string words = option.name + " " + option.help;
      std::ranges::transform(words, words.begin(), [](unsigned char c) { return std::tolower(c); });
      const bool suspicious = std::ranges::any_of(
          std::initializer_list<const char*>{"file", "path", "url", "folder", "director", "gnuplot", "stats"},
          [&](const char* word) { return words.find(word) != std::string::npos; });
      if (!suspicious) continue;
      EXPECT_THAT(refused(std::string(name), {{option.name, "x"}}),
                  HasSubstr("option \"" + option.name + "\" is not allowed"))
          << name;
    }
  }
}

TEST(Lavfi, denied_options_are_named_with_the_reason) {
  EXPECT_EQ(
      refused("curves", {{"psfile", "/etc/passwd"}}),
      "job.json:3:5 (/clips/0/filters/0): lavfi \"curves\": option \"psfile\" is not allowed: it reads a "
      "file");
  EXPECT_THAT(refused("curves", {{"plot", "/tmp/x"}}), HasSubstr("it writes a file"));
  EXPECT_THAT(refused("selectivecolor", {{"psfile", "x"}}), HasSubstr("it reads a file"));
  EXPECT_THAT(refused("rotate", {{"ow", "9999"}}), HasSubstr("it changes the picture's size"));
  EXPECT_THAT(refused("eq", {{"threads", 64.0}}), HasSubstr("option \"threads\" is not allowed"));
}

TEST(Lavfi, expressions_may_use_clip_time_and_nothing_that_hangs_or_depends_on_the_segment) {
  EXPECT_NO_THROW(lavfi_graph(lavfi_spec("hue", {{"h", "360*t/10"}}), context_of(64, 36, false)));
  EXPECT_NO_THROW(lavfi_graph(lavfi_spec("eq", {{"brightness", "0.1*sin(2*PI*t)"}, {"eval", "frame"}}),
                              context_of(64, 36, false)));
  for (const char* bad : {"while(1,0)", "wh ile (1,0)", "0*n", "N+1", "pos", "st(0,1)", "ld(0)", "random(0)",
                          "time(0)", "print(1)", "root(x,1)", "taylor(1,1)", "sin(n/2)"}) {
    EXPECT_THAT(refused("hue", {{"h", bad}}), HasSubstr("allowed are expressions of t, the clip's time"))
        << bad;
  }
  EXPECT_THAT(refused("hue", {{"enable", "gte(n,5)"}}), HasSubstr("not \"n\""));
  EXPECT_THAT(refused("hue", {{"h", std::string(5000, '1')}}), HasSubstr("has 5000 bytes; allowed 4096"));
}

TEST(Lavfi, a_typo_gets_a_guess_and_hostile_names_stay_on_one_line) {
  EXPECT_THAT(refused("gblurr"), HasSubstr("lavfi: \"gblurr\" is not allowed"));
  EXPECT_THAT(refused("gblurr"), HasSubstr("did you mean \"gblur\"?"));
  EXPECT_EQ(refused("a\nb").find('\n'), std::string::npos);
}

TEST(Lavfi, the_graph_brings_the_picture_to_the_filter_and_back) {
  EXPECT_EQ(text_of(lavfi_graph(lavfi_spec("vibrance", {{"intensity", 0.5}, {"gbal", true}}),
                                context_of(64, 36, true))),
            "split outputs=2 < in\n"
            "format pix_fmts=gbrp|rgb24|rgba < 0\n"
            "vibrance gbal=1 intensity=0.5 < 1\n"
            "format pix_fmts=yuva420p < 2\n"
            "alphaextract < 0.1\n"
            "alphamerge < 3 < 4\n");
}

TEST(Lavfi, every_allowed_filter_keeps_frames_size_and_alpha_wherever_a_segment_begins) {
  for (std::string_view name : lavfi_list()) {
    for (const char* format : {"yuv420p", "yuva420p"}) {
      SCOPED_TRACE(std::string(name) + " " + format);
      const bool alpha = std::string_view(format) == "yuva420p";
      const Context context = context_of(64, 36, alpha);
      const Graph graph = lavfi_graph(lavfi_spec(std::string(name), needed_options(name)), context);
      const auto whole = run(graph, context, repeat(picture(format), 6));
      const auto tail = run(graph, context, repeat(picture(format), 2, 4));
      ASSERT_EQ(whole.size(), 6u);
      ASSERT_EQ(tail.size(), 2u);
      EXPECT_EQ(tail[1]->pts, 5);
      EXPECT_EQ(tail[1]->width, 64);
      EXPECT_EQ(tail[1]->height, 36);
      const std::string out_format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(tail[1]->format));
      EXPECT_EQ(out_format.starts_with("yuva"), alpha) << out_format;
      for (int y = 0; y < 36; ++y) {
        for (int x = 0; x < 64; ++x) ASSERT_EQ(at(tail[1], 0, x, y), at(whole[5], 0, x, y));
      }
    }
  }
}

TEST(Lavfi, filters_of_colour_leave_the_alpha_as_it_is_and_moving_ones_take_it_along) {
  const Context context = context_of(64, 36, true);
  const FramePtr before = picture("yuva420p");
  const auto filtered = [&](const char* name, Params params) {
    return std::move(
        run(lavfi_graph(lavfi_spec(name, std::move(params)), context), context, repeat(before, 1)).front());
  };
  const FramePtr negated = filtered("negate", {}), flipped = filtered("hflip", {});
  for (int x = 0; x < 64; ++x) {
    ASSERT_EQ(at(negated, 3, x, 8), at(before, 3, x, 8));
    ASSERT_EQ(at(flipped, 3, x, 8), at(before, 3, 63 - x, 8));
  }
  EXPECT_NE(at(negated, 0, 50, 8), at(before, 0, 50, 8));
}

}  // namespace
}  // namespace avstage::filters::test
