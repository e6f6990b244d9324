#include "media/filter_graph.h"

#include <fmt/format.h>

#include "media/filter_options.h"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/channel_layout.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
}

namespace avstage::media {
namespace {

// For the scalers libavfilter inserts by itself; pinned, because other flags give other pixels.
constexpr const char* kAutoScaleFlags = "flags=bicubic+accurate_rnd+bitexact+full_chroma_int";

AVFilterContext* allocate(AVFilterGraph* graph, const std::string& filter, int number) {
  const AVFilter* f = avfilter_get_by_name(filter.c_str());
  if (f == nullptr) throw Error(ErrorCode::usage, fmt::format("there is no libavfilter filter '{}'", filter));
  AVFilterContext* context =
      avfilter_graph_alloc_filter(graph, f, fmt::format("{}_{}", filter, number).c_str());
  if (context == nullptr) throw std::bad_alloc();
  return context;
}

void initialise(AVFilterContext* context) {
  AVDictionary* none = nullptr;  // scale reads through the pointer it is given
  int ret = avfilter_init_dict(context, &none);
  av_dict_free(&none);
  check(ret, "cannot be set up", context->filter->name, ErrorCode::usage);
}

AVFilterContext* create(AVFilterGraph* graph, const std::string& filter, const Options& options, int number) {
  AVFilterContext* context = allocate(graph, filter, number);
  for (const auto& [key, value] : options) set_filter_option(*context, key, value);
  initialise(context);
  return context;
}

void set_up_sink(AVFilterContext* context, int ret) {
  check(ret, "options", context->filter->name, ErrorCode::bug);
  initialise(context);
}

// A source's pictures must stay what the graph was configured for: libavfilter does not notice in all
// filters.
void require_same_picture(const AVFilterLink& link, const AVFrame& frame) {
  if (link.type != AVMEDIA_TYPE_VIDEO) return;
  if (frame.width == link.w && frame.height == link.h && frame.format == link.format) return;
  throw Error(ErrorCode::input,
              fmt::format("the picture changes from {}x{} {} to {}x{} {} within one medium", link.w, link.h,
                          av_get_pix_fmt_name(static_cast<AVPixelFormat>(link.format)), frame.width,
                          frame.height, av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format))));
}

}  // namespace

FilterGraph::FilterGraph(int threads) {
  init_logging();
  graph_ = avfilter_graph_alloc();
  if (graph_ == nullptr) throw std::bad_alloc();
  graph_->nb_threads = threads;
  graph_->scale_sws_opts = av_strdup(kAutoScaleFlags);
}

FilterGraph::~FilterGraph() {
  avfilter_graph_free(&graph_);
}

FilterGraph::FilterGraph(FilterGraph&& other) noexcept {
  *this = std::move(other);
}

FilterGraph& FilterGraph::operator=(FilterGraph&& other) noexcept {
  std::swap(graph_, other.graph_);
  std::swap(sinks_, other.sinks_);
  std::swap(names_, other.names_);
  return *this;
}

FilterGraph::Pad FilterGraph::add_video_source(const AVFrame& like, Rational time_base, Rational fps) {
  const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(like.format));
  Options options = {{"video_size", fmt::format("{}x{}", like.width, like.height)},
                     {"pix_fmt", format != nullptr ? format : "none"},
                     {"time_base", fmt::format("{}/{}", time_base.num, time_base.den)}};
  if (AVRational sar = like.sample_aspect_ratio; sar.num > 0 && sar.den > 0) {
    options.emplace_back("pixel_aspect", fmt::format("{}/{}", sar.num, sar.den));
  }
  if (fps.num > 0) options.emplace_back("frame_rate", fmt::format("{}/{}", fps.num, fps.den));
  return {create(graph_, "buffer", options, names_++), 0};
}

FilterGraph::Pad FilterGraph::add_audio_source(int sample_rate) {
  Options options = {{"sample_rate", std::to_string(sample_rate)},
                     {"sample_fmt", "flt"},
                     {"channel_layout", "stereo"},
                     {"time_base", fmt::format("1/{}", sample_rate)}};
  return {create(graph_, "abuffer", options, names_++), 0};
}

FilterGraph::Pad FilterGraph::add(const std::string& filter, const Options& options,
                                  std::span<const Pad> inputs) {
  AVFilterContext* context = create(graph_, filter, options, names_++);
  if (context->nb_inputs != inputs.size()) {
    throw Error(ErrorCode::usage, fmt::format("filter '{}' takes {} inputs, it is given {}", filter,
                                              context->nb_inputs, inputs.size()));
  }
  for (unsigned i = 0; i < inputs.size(); ++i) {
    check(avfilter_link(inputs[i].filter, static_cast<unsigned>(inputs[i].index), context, i),
          fmt::format("input {} does not fit", i), filter, ErrorCode::usage);
  }
  return {context, 0};
}

FilterGraph::Pad FilterGraph::add(const std::string& filter, const Options& options, Pad input) {
  return add(filter, options, std::span<const Pad>(&input, 1));
}

int FilterGraph::add_video_sink(Pad from, const std::vector<std::string>& pix_fmts) {
  std::vector<AVPixelFormat> formats;
  for (const std::string& name : pix_fmts) {
    formats.push_back(av_get_pix_fmt(name.c_str()));
    if (formats.back() == AV_PIX_FMT_NONE) {
      throw Error(ErrorCode::usage, fmt::format("there is no pixel format '{}'", name));
    }
  }
  AVFilterContext* context = allocate(graph_, "buffersink", names_++);
  int size = static_cast<int>(formats.size() * sizeof(AVPixelFormat));
  set_up_sink(context, size == 0 ? 0
                                 : av_opt_set_bin(context, "pix_fmts",
                                                  reinterpret_cast<const std::uint8_t*>(formats.data()), size,
                                                  AV_OPT_SEARCH_CHILDREN));
  check(avfilter_link(from.filter, static_cast<unsigned>(from.index), context, 0), "cannot be an output",
        from.filter->filter->name, ErrorCode::usage);
  sinks_.push_back(context);
  return static_cast<int>(sinks_.size()) - 1;
}

int FilterGraph::add_audio_sink(Pad from, int sample_rate) {
  // aformat instead of the sink's own lists: its options are plain key/value pairs.
  Pad pad = add(
      "aformat",
      {{"sample_fmts", "flt"}, {"sample_rates", std::to_string(sample_rate)}, {"channel_layouts", "stereo"}},
      from);
  AVFilterContext* context = allocate(graph_, "abuffersink", names_++);
  set_up_sink(context, 0);
  check(avfilter_link(pad.filter, 0, context, 0), "cannot be an output", from.filter->filter->name,
        ErrorCode::usage);
  sinks_.push_back(context);
  return static_cast<int>(sinks_.size()) - 1;
}

void FilterGraph::configure() {
  check(avfilter_graph_config(graph_, nullptr), "cannot be configured", "filter graph", ErrorCode::usage);
}

void FilterGraph::push(Pad source, const AVFrame* frame) {
  if (frame == nullptr) {
    check(av_buffersrc_add_frame_flags(source.filter, nullptr, 0), "end of input", "filter graph");
    return;
  }
  require_same_picture(*source.filter->outputs[0], *frame);
  FramePtr copy = ref_frame(*frame);
  check(av_buffersrc_add_frame_flags(source.filter, copy.get(), 0), "input", "filter graph");
}

FramePtr FilterGraph::pull(int sink) {
  FramePtr frame = make_frame();
  int ret = av_buffersink_get_frame(sinks_.at(static_cast<std::size_t>(sink)), frame.get());
  if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF) return nullptr;
  check(ret, "output", "filter graph");
  return frame;
}

void check_filter(const std::string& filter, const Options& options) {
  init_logging();
  AVFilterGraph* scratch = avfilter_graph_alloc();
  if (scratch == nullptr) throw std::bad_alloc();
  auto free_graph = [](AVFilterGraph* g) { avfilter_graph_free(&g); };
  std::unique_ptr<AVFilterGraph, decltype(free_graph)> guard(scratch, free_graph);
  create(scratch, filter, options, 0);
}

}  // namespace avstage::media
