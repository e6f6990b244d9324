#include <algorithm>

#include "filter_bench.h"

namespace avstage::filters::test {
namespace {

using testing::HasSubstr;

Params required_params(const Filter& filter) {
  Params params;
  for (const Param& p : filter.params) {
    if (p.required) params[std::string(p.name)] = "#00ff00";
  }
  return params;
}

FramePtr test_picture(bool alpha) {
  return paint(64, 36, [&](int x, int y) {
    return Rgba{x * 4, 255 - y * 7, (x * y) % 256, alpha ? x * 4 : 255};
  });
}

struct Kind {
  const char* format;
  const char* matrix;
  bool alpha;
};

constexpr Kind kKinds[] = {
    {"yuv420p", "bt709", false},   {"yuv444p", "smpte170m", false}, {"yuv422p", "bt709", false},
    {"yuva420p", "bt709", true},   {"yuva444p", "bt709", true},     {"rgb24", "gbr", false},
    {"rgba", "gbr", true},         {"gbrap", "gbr", true},          {"rgba", "bt709", true},
    {"rgb24", "smpte170m", false},
};

std::vector<FramePtr> run_kind(const Graph& graph, const Context& context, const Kind& kind, int frames,
                               std::int64_t first) {
  return run(graph, context, repeat(convert(test_picture(kind.alpha), kind.format), frames, first));
}

Context context_for(const Kind& kind) {
  Context context = context_of(64, 36, kind.alpha, 20);
  context.color_matrix = kind.matrix;
  return context;
}

std::vector<std::uint8_t> bytes(const FramePtr& frame) {
  const auto format = static_cast<AVPixelFormat>(frame->format);
  const int size = av_image_get_buffer_size(format, frame->width, frame->height, 1);
  std::vector<std::uint8_t> out(static_cast<std::size_t>(size));
  av_image_copy_to_buffer(out.data(), size, frame->data, frame->linesize, format, frame->width, frame->height,
                          1);
  return out;
}

void expect_frames(const std::vector<FramePtr>& out, std::size_t count, std::int64_t first, bool alpha) {
  ASSERT_EQ(out.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(out[i]->pts, first + static_cast<std::int64_t>(i));
    const auto* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(out[i]->format));
    EXPECT_EQ((format->flags & AV_PIX_FMT_FLAG_ALPHA) != 0, alpha) << format->name;
  }
}

TEST(Registry, filters_are_in_alphabetical_order_and_found_by_name) {
  ASSERT_GE(all().size(), 8u);
  EXPECT_TRUE(std::ranges::is_sorted(all(), {}, &Filter::name));
  for (const Filter* filter : all()) EXPECT_EQ(find(filter->name), filter);
  EXPECT_EQ(find("no_such_filter"), nullptr);
  EXPECT_EQ(find(""), nullptr);
}

TEST(Registry, every_table_is_complete_and_its_defaults_are_valid) {
  for (const Filter* filter : all()) {
    SCOPED_TRACE(filter->name);
    EXPECT_FALSE(filter->summary.empty());
    ASSERT_NE(filter->build, nullptr);
    const Values values = validate(*filter, spec_of(std::string(filter->name), required_params(*filter)));
    EXPECT_EQ(values.all().size(), filter->params.size());
    for (const Param& p : filter->params) {
      SCOPED_TRACE(p.name);
      EXPECT_FALSE(p.doc.empty());
      EXPECT_EQ(p.required, p.default_value.empty());
      EXPECT_EQ(p.type == ParamType::choice, !p.choices.empty());
      if (p.type == ParamType::choice) {
        EXPECT_NE(std::ranges::find(p.choices, p.default_value), p.choices.end());
      }
      if (p.type == ParamType::number && !p.required && p.default_value != "auto") {
        EXPECT_GE(values.number(p.name), p.min);
        EXPECT_LE(values.number(p.name), p.max);
      }
    }
  }
}

TEST(Registry, every_filter_keeps_count_and_time_of_frames_and_the_alpha_in_every_format) {
  for (const Filter* filter : all()) {
    for (const Kind& kind : kKinds) {
      SCOPED_TRACE(std::string(filter->name) + " " + kind.format);
      const Context context = context_for(kind);
      const Graph graph = build(std::string(filter->name), required_params(*filter), context);
      expect_frames(run_kind(graph, context, kind, 5, 0), 5, 0, kind.alpha || filter->makes_alpha);
    }
  }
}

TEST(Registry, the_next_filter_is_told_what_comes_out) {
  const std::pair<const char*, Params> cases[] = {
      {"crop", {{"width", "50%"}, {"height", 11.0}}}, {"rotate", {}}, {"mask", {}}};
  for (const auto& [name, params] : cases) {
    SCOPED_TRACE(name);
    const Filter& filter = *find(name);
    const Context context = context_for(kKinds[0]);
    const Context after = context_after(filter, validate(filter, spec_of(name, params)), context);
    const auto out = run_kind(build(name, params, context), context, kKinds[0], 1, 0);
    EXPECT_EQ(after.width, out.at(0)->width);
    EXPECT_EQ(after.height, out.at(0)->height);
    EXPECT_EQ(after.alpha, filter.makes_alpha);
  }
}

/// The alpha plane as grey bytes.
std::vector<std::uint8_t> alpha_of(const FramePtr& frame) {
  const Graph graph{{"alphaextract", {}, {Link{}}}};
  return bytes(run(graph, context_of(frame->width, frame->height, true), repeat(frame, 1)).at(0));
}

TEST(Registry, filters_of_colour_leave_every_alpha_sample_as_it_is) {
  const std::pair<const char*, Params> cases[] = {{"blur", {{"radius", 5.0}}},
                                                  {"grade", {{"gamma", 1.7}}},
                                                  {"grade", {{"temperature", 3000.0}}},
                                                  {"grayscale", {}},
                                                  {"sharpen", {}},
                                                  {"vignette", {}},
                                                  {"fade", {{"in", "1f"}, {"to", "color"}}}};
  for (const auto& [name, params] : cases) {
    for (const Kind& kind : kKinds) {
      if (!kind.alpha) continue;
      SCOPED_TRACE(std::string(name) + " " + kind.format);
      const FramePtr picture = convert(test_picture(true), kind.format);
      const Context context = context_for(kind);
      const auto out = run(build(name, params, context), context, repeat(picture, 3));
      EXPECT_EQ(alpha_of(out.back()), alpha_of(picture));
    }
  }
}

TEST(Registry, a_frame_is_the_same_wherever_its_segment_begins) {
  for (const Filter* filter : all()) {
    SCOPED_TRACE(filter->name);
    Params params = required_params(*filter);
    if (filter->name == "fade") params = {{"in", 0.32}, {"out", "7f"}};
    const Kind kind = kKinds[3];
    const Context context = context_for(kind);
    const Graph graph = build(std::string(filter->name), params, context);
    const auto whole = run_kind(graph, context, kind, 20, 0);
    const auto tail = run_kind(graph, context, kind, 14, 6);
    expect_frames(tail, 14, 6, true);
    for (std::size_t i = 0; i < tail.size(); ++i) EXPECT_EQ(bytes(tail[i]), bytes(whole[i + 6])) << i;
  }
}

TEST(Registry, only_timed_filters_change_a_still_over_time) {
  for (const Filter* filter : all()) {
    SCOPED_TRACE(filter->name);
    Params params = required_params(*filter);
    if (filter->name == "fade") params = {{"in", 0.32}};
    const Context context = context_for(kKinds[3]);
    const auto out = run_kind(build(std::string(filter->name), params, context), context, kKinds[3], 10, 0);
    ASSERT_EQ(out.size(), 10u);
    EXPECT_EQ(bytes(out.front()) != bytes(out.back()), filter->timed);
  }
}

TEST(Registry, every_graph_links_backwards_and_to_existing_libavfilter_filters) {
  for (const Filter* filter : all()) {
    for (bool alpha : {false, true}) {
      const Graph graph =
          build(std::string(filter->name), required_params(*filter), context_of(64, 36, alpha));
      ASSERT_FALSE(graph.empty());
      for (std::size_t i = 0; i < graph.size(); ++i) {
        EXPECT_TRUE(media::filter_options(graph[i].filter)) << graph[i].filter;
        for (const Link& link : graph[i].inputs) EXPECT_LT(link.node, static_cast<int>(i));
      }
    }
  }
}

TEST(Registry, every_conversion_names_matrix_range_and_pinned_flags) {
  for (const Filter* filter : all()) {
    Context context = context_of(64, 36, true);
    context.color_matrix = "bt2020nc";
    context.full_range = true;
    for (const Node& node : build(std::string(filter->name), required_params(*filter), context)) {
      if (node.filter != "scale") continue;
      const decltype(node.options) expected{{"in_color_matrix", "bt2020"},
                                            {"in_range", "full"},
                                            {"out_range", "full"},
                                            {"flags", "bicubic+accurate_rnd+full_chroma_int+bitexact"}};
      EXPECT_EQ(node.options, expected) << filter->name;
    }
  }
}

TEST(Validate, an_unknown_parameter_is_named_with_the_place_and_a_guess) {
  EXPECT_EQ(error_of("blur", {{"radios", 3.0}}),
            "job.json:3:5 (/clips/0/filters/0): filter \"blur\": unknown parameter \"radios\"; did you mean "
            "\"radius\"?; allowed: radius, edges");
}

TEST(Validate, a_number_out_of_range_says_what_is_allowed) {
  EXPECT_THAT(error_of("blur", {{"radius", 900.0}}),
              HasSubstr("filter \"blur\": \"radius\" is 900; allowed 0–200 px"));
  EXPECT_THAT(error_of("blur", {{"radius", -0.5}}), HasSubstr("\"radius\" is -0.5"));
}

TEST(Validate, a_wrong_type_is_refused) {
  EXPECT_THAT(error_of("blur", {{"radius", "six"}}), HasSubstr("\"radius\" is \"six\"; allowed 0–200 px"));
  EXPECT_THAT(error_of("blur", {{"radius", true}}), HasSubstr("\"radius\" is true"));
  EXPECT_THAT(error_of("blur", {{"edges", 1.0}}), HasSubstr("\"edges\" is 1; allowed: true or false"));
  EXPECT_THAT(error_of("flip", {{"direction", "sideways"}}),
              HasSubstr("is \"sideways\"; allowed: \"horizontal\", \"vertical\""));
}

TEST(Validate, a_missing_required_parameter_is_named) {
  EXPECT_THAT(error_of("chroma_key", {}),
              HasSubstr("\"color\" is missing; allowed: a colour as \"#rrggbb\""));
}

TEST(Validate, colours_are_hexadecimal) {
  for (const char* bad :
       {"", "green", "#0f0", "#00ff0", "#00ff0g", "#00ff001", "00ff00", "# 0ff00", "#+1ff00"}) {
    EXPECT_THAT(error_of("chroma_key", {{"color", bad}}), HasSubstr("allowed: a colour as")) << bad;
  }
  const Values values = validate(*find("chroma_key"), spec_of("chroma_key", {{"color", "#0aFf80"}}));
  EXPECT_EQ(values.color("color"), (Color{10, 255, 128, 255}));
}

TEST(Validate, lengths_are_pixels_or_per_cent) {
  const auto crop_width = [](ParamValue value) {
    return validate(*find("crop"), spec_of("crop", {{"width", std::move(value)}})).pixels("width", 640);
  };
  EXPECT_EQ(crop_width(100.0), 100);
  EXPECT_EQ(crop_width("25%"), 160);
  EXPECT_EQ(crop_width("12.5%"), 80);
  for (const char* bad : {"%", "25", "25px", "-1%", "101%", "nan%", "1e400%", "25%%"}) {
    EXPECT_THAT(error_of("crop", {{"width", bad}}), HasSubstr("allowed 1–16384 px, or \"0%\"–\"100%\""))
        << bad;
  }
}

TEST(Validate, durations_are_seconds_or_frames) {
  const auto frames = [](ParamValue value) {
    return validate(*find("fade"), spec_of("fade", {{"in", std::move(value)}})).frames("in", Rational(25));
  };
  EXPECT_EQ(frames(2.0), 50);
  EXPECT_EQ(frames("12f"), 12);
  for (const char* bad : {"f", "12", "1.5f", "-3f", "12 f", "9999999999999f"}) {
    EXPECT_THAT(error_of("fade", {{"in", bad}}), HasSubstr("allowed 0–3600 s, or frames as \"12f\"")) << bad;
  }
}

TEST(Validate, auto_is_for_parameters_that_the_filter_can_choose) {
  const Values values = validate(*find("mask"), spec_of("mask", {{"radius", "auto"}}));
  EXPECT_TRUE(values.automatic("radius"));
  EXPECT_THAT(error_of("mask", {{"feather", "auto"}}), HasSubstr("\"feather\" is \"auto\""));
}

TEST(Validate, messages_stay_on_one_line_and_short_whatever_the_job_says) {
  const std::string hostile = "a\nb\x1b[31m\"" + std::string(5000, 'x');
  for (const std::string& message :
       {error_of("flip", {{"direction", hostile}}), error_of("flip", {{hostile, 1.0}})}) {
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_EQ(message.find('\x1b'), std::string::npos);
    EXPECT_LT(message.size(), 400u);
  }
}

TEST(Validate, equal_values_give_equal_keys) {
  const auto values = [](Params params) {
    return validate(*find("grade"), spec_of("grade", std::move(params)));
  };
  EXPECT_EQ(values({{"brightness", -0.0}}), values({}));
  EXPECT_EQ(values({{"contrast", 1.0}}), values({}));
  EXPECT_NE(values({{"contrast", 1.1}}), values({}));
}

}  // namespace
}  // namespace avstage::filters::test
