#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "avstage/error.h"
#include "filters/filter.h"
#include "media/filter_graph.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

/// What every filter test needs: tiny pictures in, the filter's graph, pictures out.
namespace avstage::filters::test {

using media::FramePtr;
using Params = std::map<std::string, ParamValue>;

inline FilterSpec spec_of(std::string name, Params params = {}) {
  FilterSpec spec{.name = std::move(name), .params = std::move(params)};
  spec.mark = {.file = "job.json", .line = 3, .column = 5, .pointer = "/clips/0/filters/0"};
  return spec;
}

inline FilterSpec lavfi_spec(std::string name, Params params = {}) {
  FilterSpec spec = spec_of("lavfi", std::move(params));
  spec.lavfi = std::move(name);
  return spec;
}

inline Context context_of(int width, int height, bool alpha, std::int64_t frames = 50) {
  return {.width = width, .height = height, .fps = Rational(25), .frames = frames, .alpha = alpha};
}

inline Graph build(const std::string& name, Params params, const Context& context) {
  const Filter* filter = find(name);
  if (filter == nullptr) throw Error(ErrorCode::bug, "no filter " + name);
  return filter->build(validate(*filter, spec_of(name, std::move(params))), context);
}

/// One line a node, as a golden text: "gblur sigma=6 planes=1 < 0". A conversion is its "format" alone:
/// how it is done is the same everywhere and has a test of its own.
inline std::string text_of(const Graph& graph) {
  std::string out;
  std::vector<std::string> names;  // of each node, as later lines refer to it
  int lines = 0;
  for (const Node& node : graph) {
    std::vector<std::string> inputs;
    for (const Link& link : node.inputs) {
      inputs.push_back(link.node < 0 ? "in" : names.at(static_cast<std::size_t>(link.node)));
      if (link.pad > 0) inputs.back() += fmt::format(".{}", link.pad);
    }
    if (node.filter == "scale" || node.filter == "setparams") {
      names.push_back(inputs.at(0));
      continue;
    }
    out += node.filter;
    for (const auto& [key, value] : node.options) out += fmt::format(" {}={}", key, value);
    for (const std::string& input : inputs) out += fmt::format(" < {}", input);
    out += "\n";
    names.push_back(std::to_string(lines++));
  }
  return out;
}

/// The message of the usage error that `action` throws.
inline std::string usage_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::usage) << e.message();
    return e.message();
  }
  ADD_FAILURE() << "no error";
  return "";
}

inline std::string error_of(const std::string& name, Params params) {
  return usage_error([&] { validate(*find(name), spec_of(name, std::move(params))); });
}

struct Rgba {
  int r = 0, g = 0, b = 0, a = 255;
};

inline FramePtr new_frame(AVPixelFormat format, int width, int height) {
  FramePtr frame = media::make_frame();
  frame->format = format;
  frame->width = width;
  frame->height = height;
  frame->sample_aspect_ratio = {1, 1};
  media::check(av_frame_get_buffer(frame.get(), 0), "buffer", "test picture");
  return frame;
}

inline FramePtr paint(int width, int height, const std::function<Rgba(int, int)>& color) {
  FramePtr frame = new_frame(AV_PIX_FMT_RGBA, width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      std::uint8_t* p = frame->data[0] + y * frame->linesize[0] + 4 * x;
      const Rgba c = color(x, y);
      const int parts[] = {c.r, c.g, c.b, c.a};
      for (int i = 0; i < 4; ++i) p[i] = static_cast<std::uint8_t>(parts[i]);
    }
  }
  return frame;
}

/// Runs `frames` through `graph`; what comes out is in one of `formats` (all, when empty).
inline std::vector<FramePtr> run(const Graph& graph, const Context& context,
                                 const std::vector<FramePtr>& frames, std::vector<std::string> formats = {}) {
  using media::FilterGraph;
  FilterGraph pipeline(1);
  const FilterGraph::Pad source =
      pipeline.add_video_source(*frames.front(), Rational(1) / context.fps, context.fps);
  std::vector<FilterGraph::Pad> pads;
  const auto pad_of = [&](const Link& link) {
    FilterGraph::Pad pad = link.node < 0 ? source : pads.at(static_cast<std::size_t>(link.node));
    pad.index = link.pad;
    return pad;
  };
  for (const Node& node : graph) {
    std::vector<FilterGraph::Pad> inputs;
    for (const Link& link : node.inputs) inputs.push_back(pad_of(link));
    pads.push_back(pipeline.add(node.filter, node.options, inputs));
  }
  const int sink = pipeline.add_video_sink(pads.back(), formats);
  pipeline.configure();
  std::vector<FramePtr> out;
  const auto drain = [&] {
    while (FramePtr frame = pipeline.pull(sink)) out.push_back(std::move(frame));
  };
  for (const FramePtr& frame : frames) {
    pipeline.push(source, frame.get());
    drain();
    // The renderer waits for each frame before it asks for the next.
    EXPECT_EQ(out.size(), static_cast<std::size_t>(&frame - frames.data()) + 1) << "a frame was held back";
  }
  pipeline.push(source, nullptr);
  drain();
  return out;
}

/// `count` references of one picture with pts `first`, `first` + 1 …
inline std::vector<FramePtr> repeat(const FramePtr& frame, int count, std::int64_t first = 0) {
  std::vector<FramePtr> out;
  for (int i = 0; i < count; ++i) {
    out.push_back(media::ref_frame(*frame));
    out.back()->pts = first + i;
  }
  return out;
}

/// The picture as the colour matrix and range of `context` have it.
inline FramePtr convert(const FramePtr& frame, const std::string& format, const std::string& matrix = "bt709",
                        const std::string& range = "limited") {
  const Graph graph{{"scale",
                     {{"in_color_matrix", matrix},
                      {"out_color_matrix", matrix},
                      {"in_range", range},
                      {"out_range", range},
                      {"flags", "bicubic+accurate_rnd+full_chroma_int+bitexact"}},
                     {Link{}}}};
  return std::move(
      run(graph, context_of(frame->width, frame->height, true), repeat(frame, 1), {format}).front());
}

inline native::Picture pixels_of(const FramePtr& frame) {
  native::Picture picture{.width = frame->width, .height = frame->height};
  for (std::size_t i = 0; i < 4; ++i) {
    picture.data[i] = frame->data[i];
    picture.stride[i] = frame->linesize[i];
  }
  picture.subsampled = av_pix_fmt_desc_get(AVPixelFormat(frame->format))->log2_chroma_w > 0;
  return picture;
}

/// Filters one picture with a filter of ours.
inline FramePtr filter_one(const std::string& name, Params params, const Context& context,
                           const FramePtr& frame, const std::string& format) {
  const Filter& filter = *find(name);
  const Values values = validate(filter, spec_of(name, std::move(params)));
  const bool native = filter.native != nullptr;
  auto out = run(filter.build(values, context), context, repeat(frame, 1),
                 native ? std::vector<std::string>{} : std::vector{format});
  EXPECT_EQ(out.size(), 1u);
  if (!native) return std::move(out.at(0));
  media::check(av_frame_make_writable(out[0].get()), "buffer", "test picture");
  filter.native(values, context)(pixels_of(out[0]));
  return convert(out[0], format, context.color_matrix == "gbr" ? "bt709" : context.color_matrix,
                 context.full_range || context.color_matrix == "gbr" ? "full" : "limited");
}

inline int at(const FramePtr& frame, int plane, int x, int y) {
  return frame->data[plane][y * frame->linesize[plane] + x];
}
inline Rgba rgba_at(const FramePtr& frame, int x, int y) {
  return {at(frame, 0, 4 * x, y), at(frame, 0, 4 * x + 1, y), at(frame, 0, 4 * x + 2, y),
          at(frame, 0, 4 * x + 3, y)};
}

}  // namespace avstage::filters::test
