#include "run/compose/filter_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "filters/nodes.h"
#include "run/compose/picture.h"

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

/// The nodes of a filter of ours or of lavfi, and its native work; `context` becomes what the next filter may
/// know.
struct Work {
  filters::Graph graph;
  filters::Native native;
};
Work work_of(const FilterSpec& spec, filters::Context& context) {
  const filters::Filter* filter = filters::find(spec.name);
  if (!filter) return {filters::lavfi_graph(spec, context), nullptr};
  const filters::Values values = filters::validate(*filter, spec);
  Work work;
  try {
    work.graph = filter->build(values, context);
    if (filter->native) work.native = filter->native(values, context);
  } catch (const Error& e) {
    throw e.within(spec.mark.str());
  }
  context = filters::context_after(*filter, values, context);
  return work;
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

void add_steps(FilterChain& chain, const Steps& steps) {
  for (const auto& [filter, options] : steps) chain.add(filter, options);
}

void add_orientation(FilterChain& chain, const media::Orientation& orientation) {
  if (orientation.mirrored) chain.add("hflip", {});
  const int rotation = orientation.rotation;
  if (rotation == 90) chain.add("transpose", {{"dir", "clock"}});
  if (rotation == 270) chain.add("transpose", {{"dir", "cclock"}});
  if (rotation == 180) {
    chain.add("hflip", {});
    chain.add("vflip", {});
  }
}

/// `box`'s crop in samples instead of square pixels, even, so that chroma stays on its grid.
void crop_in_samples(plan::Box& box, const AVFrame& like, int display_width, int display_height) {
  auto even = [](double v) { return static_cast<int>(std::lround(v / 2)) * 2; };
  double x = double(like.width) / display_width, y = double(like.height) / display_height;
  if (like.width != display_width) {
    box.crop_x = even(box.crop_x * x);
    box.crop_width = std::min(std::max(2, even(box.crop_width * x)), like.width - box.crop_x);
  }
  if (like.height != display_height) {
    box.crop_y = even(box.crop_y * y);
    box.crop_height = std::min(std::max(2, even(box.crop_height * y)), like.height - box.crop_y);
  }
}

}  // namespace

std::pair<int, int> display_size(const AVFrame& frame, int rotation) {
  if (square(frame)) return {frame.width, frame.height};
  const Rational sar = media::from_av(frame.sample_aspect_ratio);
  if (rotation % 180 == 0) return {static_cast<int>((Rational(frame.width) * sar).round()), frame.height};
  return {frame.width, static_cast<int>((Rational(frame.height) / sar).round())};
}

filters::Link FilterChain::last() const {
  return {static_cast<int>(stages_.back().nodes.size()) - 1, 0};  // −1: what comes in
}

void FilterChain::add(const std::string& filter, const media::Options& options) {
  stages_.back().nodes.push_back({filter, options, {last()}});
}

void FilterChain::add(const FilterSpec& spec, filters::Context& context) {
  const bool rgb = filters::is_rgb(context);
  Work work = work_of(spec, context);
  const filters::Link input = last();
  const int offset = input.node + 1;
  for (filters::Node& node : work.graph) {
    for (filters::Link& link : node.inputs)
      link = link.node < 0 ? input : filters::Link{link.node + offset, link.pad};
    stages_.back().nodes.push_back(std::move(node));
  }
  if (!work.native) return;
  stages_.back().native = std::move(work.native);
  stages_.emplace_back();
  if (!rgb) return;
  add("scale", {{"in_color_matrix", filters::scale_matrix(context)},
                {"in_range", filters::scale_range(context)},
                {"flags", filters::kScalerFlags}});
  add("format", {{"pix_fmts", filters::kRgb.alpha}});
}

void FilterChain::make_graph(Stage& stage, const AVFrame& like) const {
  stage.graph = std::make_unique<media::FilterGraph>();
  stage.source = stage.graph->add_video_source(like, Rational(1) / fps_, fps_);
  std::vector<media::FilterGraph::Pad> made;
  for (const filters::Node& node : stage.nodes) {
    std::vector<media::FilterGraph::Pad> inputs;
    for (const filters::Link& link : node.inputs) {
      inputs.push_back(link.node < 0 ? stage.source
                                     : media::FilterGraph::Pad{made.at(link.node).filter, link.pad});
    }
    made.push_back(stage.graph->add(node.filter, node.options, inputs));
  }
  stage.sink = stage.graph->add_video_sink(made.empty() ? stage.source : made.back(), stage.pix_fmts);
  stage.graph->configure();
}

media::FramePtr FilterChain::run(Stage& stage, const AVFrame& frame) const {
  if (!stage.graph) make_graph(stage, frame);
  stage.graph->push(stage.source, &frame);
  media::FramePtr out = stage.graph->pull(stage.sink);
  if (!out) {
    throw Error(ErrorCode::bug, fmt::format("the filters up to {} held a frame back",
                                            stage.nodes.empty() ? "the first" : stage.nodes.back().filter));
  }
  if (!stage.native) return out;
  media::check(av_frame_make_writable(out.get()), "cannot allocate", "picture", ErrorCode::local);
  stage.native(native_picture(*out));
  return out;
}

media::FramePtr FilterChain::run(const AVFrame& frame) {
  media::FramePtr out;
  for (Stage& stage : stages_) {
    if (&stage != &stages_.front() && stage.nodes.empty() && stage.pix_fmts.empty()) continue;
    out = run(stage, out ? *out : frame);
  }
  return out;
}

std::unique_ptr<FilterChain> make_prepare_chain(const Clip& clip, const std::optional<Color>& key_color,
                                                const AVFrame& like, const media::Orientation& orientation,
                                                Rational fps, std::int64_t clip_frames) {
  const int rotation = orientation.rotation;
  const bool turned = rotation != 0 || orientation.mirrored;
  if (!turned && clip.filters.empty()) return nullptr;
  auto chain = std::make_unique<FilterChain>(fps);
  filters::Context context = context_for(like, fps, clip_frames);
  if (!clip.filters.empty()) std::tie(context.width, context.height) = display_size(like, 0);
  const std::string filterable = clip.filters.empty() ? "" : filterable_format(like);
  if (turned || context.width != like.width || !filterable.empty()) {
    // Turned with the picture, subsampled chroma would lie where no tag can say.
    add_steps(*chain, same_color_steps(like, context.width, context.height,
                                       filterable.empty() ? full_chroma_format(like) : filterable));
  }
  if (context.width != like.width) chain->add("setsar", {{"sar", "1"}});
  add_orientation(*chain, orientation);
  if (rotation == 90 || rotation == 270) std::swap(context.width, context.height);
  if (!clip.filters.empty() && clip.key) chain->add(key_spec(clip, *key_color), context);
  for (const FilterSpec& spec : clip.filters) chain->add(spec, context);
  chain->finish({});
  return chain;
}

std::unique_ptr<FilterChain> make_fit_chain(const Clip& clip, const std::optional<Color>& key_color,
                                            const AVFrame& like, int rotation, plan::Box box,
                                            bool wants_alpha, Rational fps, std::int64_t clip_frames) {
  auto chain = std::make_unique<FilterChain>(fps);
  auto [display_width, display_height] = display_size(like, rotation);
  bool as_is = is_canvas_picture(like, box.width, box.height);
  if (box.cropped(display_width, display_height)) {
    crop_in_samples(box, like, display_width, display_height);
    as_is = as_is && box.crop_width == box.width && box.crop_height == box.height;
    chain->add("crop", {{"w", std::to_string(box.crop_width)},
                        {"h", std::to_string(box.crop_height)},
                        {"x", std::to_string(box.crop_x)},
                        {"y", std::to_string(box.crop_y)},
                        {"exact", "1"}});
  }
  bool key_here = clip.key && clip.filters.empty();
  bool alpha = wants_alpha || has_alpha(like);
  bool same_format = alpha == (like.format == AV_PIX_FMT_YUVA420P);
  if (!as_is || (!same_format && !key_here)) {
    add_steps(*chain, canvas_steps(like, box.width, box.height));
  }
  chain->add("setsar", {{"sar", "1"}});
  if (key_here) {
    filters::Context context = context_for(like, fps, clip_frames);
    context.width = box.width;
    context.height = box.height;
    context.color_matrix = "bt709";
    context.full_range = false;
    context.alpha = has_alpha(like);
    chain->add("format", {{"pix_fmts", "yuva420p"}});
    chain->add(key_spec(clip, *key_color), context);
    return chain;
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
  for (const FilterSpec& spec : clip.filters) work_of(spec, context);
}

}  // namespace avstage::run
