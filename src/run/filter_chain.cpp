#include "run/filter_chain.h"

#include <fmt/format.h>

#include "run/picture.h"

namespace avstage::run {
namespace {

FilterSpec key_spec(const Clip& clip, const Color& color) {
  FilterSpec spec;
  spec.name = "chroma_key";
  spec.mark = clip.key->mark;
  spec.params["color"] = color.hex();
  if (clip.key->similarity) spec.params["similarity"] = *clip.key->similarity;
  if (clip.key->blend) spec.params["blend"] = *clip.key->blend;
  return spec;
}

/// The nodes of a filter of ours or of lavfi; `context` becomes what the next filter may know.
filters::Graph nodes_of(const FilterSpec& spec, filters::Context& context) {
  const filters::Filter* filter = filters::find(spec.name);
  if (!filter) return filters::lavfi_graph(spec, context);
  const filters::Values values = filters::validate(*filter, spec);
  filters::Graph graph;
  try {
    graph = filter->build(values, context);
  } catch (const Error& e) {
    throw e.within(spec.mark.str());
  }
  context = filters::context_after(*filter, values, context);
  return graph;
}

filters::Context context_for(const AVFrame& frame, Rational fps, std::int64_t clip_frames) {
  filters::Context context;
  context.width = frame.width;
  context.height = frame.height;
  context.fps = fps;
  context.frames = clip_frames;
  context.color_matrix = matrix_of(frame);
  context.full_range = is_full_range(frame);
  context.alpha = has_alpha(frame);
  return context;
}

bool square(const AVFrame& frame) {
  return frame.sample_aspect_ratio.num == 0 || frame.sample_aspect_ratio.num == frame.sample_aspect_ratio.den;
}

void add_rotation(FilterChain& chain, int rotation) {
  if (rotation == 90) chain.add("transpose", {{"dir", "clock"}});
  if (rotation == 270) chain.add("transpose", {{"dir", "cclock"}});
  if (rotation == 180) {
    chain.add("hflip", {});
    chain.add("vflip", {});
  }
}

/// The size in square pixels, before rotation, as probing states it: the longer side is kept or grows.
std::pair<int, int> square_size(const AVFrame& frame) {
  double sar = av_q2d(frame.sample_aspect_ratio);
  return {static_cast<int>(std::lround(frame.width * sar / 2)) * 2, frame.height};
}

}  // namespace

FilterChain::FilterChain(const AVFrame& like, Rational fps)
    : source_(graph_.add_video_source(like, Rational(1) / fps, fps)), last_(source_) {}

void FilterChain::add(const std::string& filter, const media::Options& options) {
  last_ = graph_.add(filter, options, last_);
  what_ = filter;
}

void FilterChain::add(const FilterSpec& spec, filters::Context& context) {
  what_ = spec.name;
  const media::FilterGraph::Pad input = last_;
  std::vector<media::FilterGraph::Pad> nodes;
  for (const filters::Node& node : nodes_of(spec, context)) {
    std::vector<media::FilterGraph::Pad> inputs;
    for (const filters::Link& link : node.inputs) {
      inputs.push_back(link.node < 0 ? input : media::FilterGraph::Pad{nodes.at(link.node).filter, link.pad});
    }
    nodes.push_back(graph_.add(node.filter, node.options, inputs));
  }
  if (!nodes.empty()) last_ = nodes.back();
}

void FilterChain::finish(const std::vector<std::string>& pix_fmts) {
  sink_ = graph_.add_video_sink(last_, pix_fmts);
  graph_.configure();
}

media::FramePtr FilterChain::run(const AVFrame& frame) {
  graph_.push(source_, &frame);
  media::FramePtr out = graph_.pull(sink_);
  if (!out) throw Error(ErrorCode::bug, "filter " + what_ + " held a frame back");
  return out;
}

std::unique_ptr<FilterChain> make_prepare_chain(const Clip& clip, const std::optional<Color>& key_color,
                                                const AVFrame& like, int rotation, Rational fps,
                                                std::int64_t clip_frames) {
  if (rotation == 0 && clip.filters.empty() && square(like)) return nullptr;
  auto chain = std::make_unique<FilterChain>(like, fps);
  filters::Context context = context_for(like, fps, clip_frames);
  if (!square(like)) {
    auto [width, height] = square_size(like);
    chain->add("scale", {{"w", std::to_string(width)}, {"h", std::to_string(height)}, {"flags", kScalerFlags}});
    chain->add("setsar", {{"sar", "1"}});
    context.width = width;
  }
  add_rotation(*chain, rotation);
  if (rotation == 90 || rotation == 270) std::swap(context.width, context.height);
  if (!clip.filters.empty() && clip.key) chain->add(key_spec(clip, *key_color), context);
  for (const FilterSpec& spec : clip.filters) chain->add(spec, context);
  chain->finish({});
  return chain;
}

std::unique_ptr<FilterChain> make_fit_chain(const Clip& clip, const std::optional<Color>& key_color,
                                            const AVFrame& like, const plan::Box& box, bool wants_alpha,
                                            Rational fps, std::int64_t clip_frames) {
  auto chain = std::make_unique<FilterChain>(like, fps);
  if (box.cropped(like.width, like.height)) {
    chain->add("crop", {{"w", std::to_string(box.crop_width)},
                        {"h", std::to_string(box.crop_height)},
                        {"x", std::to_string(box.crop_x)},
                        {"y", std::to_string(box.crop_y)},
                        {"exact", "1"}});
  }
  bool key_here = clip.key && clip.filters.empty();
  bool alpha = wants_alpha || has_alpha(like);
  bool same_format = alpha == (like.format == AV_PIX_FMT_YUVA420P);
  if (!is_canvas_picture(like, box.width, box.height) || (!same_format && !key_here)) {
    chain->add("scale", scale_options(like, box.width, box.height));
  }
  chain->add("setsar", {{"sar", "1"}});
  if (key_here) {
    chain->add("format", {{"pix_fmts", "yuv420p"}});
    filters::Context context = context_for(like, fps, clip_frames);
    context.width = box.width;
    context.height = box.height;
    context.color_matrix = "bt709";
    context.full_range = false;
    context.alpha = false;
    chain->add(key_spec(clip, *key_color), context);
    alpha = true;
  }
  chain->finish({alpha ? "yuva420p" : "yuv420p"});
  return chain;
}

void check_filters(const Clip& clip) {
  filters::Context any_size;
  any_size.width = 1920;
  any_size.height = 1080;
  for (const FilterSpec& spec : clip.filters) {
    if (const filters::Filter* filter = filters::find(spec.name)) {
      filters::validate(*filter, spec);
      continue;
    }
    for (const filters::Node& node : filters::lavfi_graph(spec, any_size)) {
      try {
        media::check_filter(node.filter, node.options);
      } catch (const Error& e) {
        throw e.within(spec.mark.str());
      }
    }
  }
  if (!clip.key) return;
  FilterSpec key = key_spec(clip, clip.key->color.value_or(Color{0, 255, 0, 255}));
  filters::validate(*filters::find("chroma_key"), key);
}

void check_filters(const Clip& clip, int width, int height, Rational fps, std::int64_t clip_frames) {
  filters::Context context;
  context.width = width;
  context.height = height;
  context.fps = fps;
  context.frames = clip_frames;
  for (const FilterSpec& spec : clip.filters) nodes_of(spec, context);
}

}  // namespace avstage::run
