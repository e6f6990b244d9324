#include "run/compositor.h"

#include <algorithm>

#include "run/picture.h"

namespace avstage::run {
namespace {

/// Every picture that leaves the compositor is tagged as what it is, whatever its source said, and carries
/// nothing else: captions or light levels of one source are not the film's.
void tag(AVFrame& frame) {
  frame.colorspace = AVCOL_SPC_BT709;
  frame.color_primaries = AVCOL_PRI_BT709;
  frame.color_trc = AVCOL_TRC_BT709;
  frame.color_range = AVCOL_RANGE_MPEG;
  frame.chroma_location = AVCHROMA_LOC_LEFT;
  frame.sample_aspect_ratio = {1, 1};
  frame.interlaced_frame = 0;
  while (frame.nb_side_data > 0) av_frame_remove_side_data(&frame, frame.side_data[0]->type);
}

}  // namespace

/// The overlay graph of one span.
class Compositor::Stack {
 public:
  Stack(const AVFrame& base, Rational fps)
      : fps_(fps), base_(graph_.add_video_source(base, Rational(1) / fps, fps)), top_(base_) {}

  void add(LayerRenderer& layer, std::int64_t first, const AVFrame& like) {
    auto source = graph_.add_video_source(like, Rational(1) / fps_, fps_);
    const media::FilterGraph::Pad inputs[] = {top_, source};
    top_ = graph_.add("overlay",
                      {{"x", std::to_string(layer.x())},
                       {"y", std::to_string(layer.y())},
                       {"eval", "init"},
                       {"format", "yuv420"},
                       {"eof_action", "repeat"}},
                      inputs);
    layers_.push_back({&layer, first, source});
  }

  void configure() {
    sink_ = graph_.add_video_sink(top_, {"yuv420p"});
    graph_.configure();
  }

  media::FramePtr frame(const AVFrame& base, std::int64_t n) {
    push(base_, base, n);
    for (const Entry& entry : layers_) {
      if (entry.layer->constant()) {
        if (n > 0) continue;
        push(entry.source, entry.layer->picture(0), 0);
        graph_.push(entry.source, nullptr);
      } else {
        push(entry.source, entry.layer->picture(entry.first + n), n);
      }
    }
    media::FramePtr out = graph_.pull(sink_);
    if (!out) throw Error(ErrorCode::bug, "the overlay graph held a frame back");
    return out;
  }

 private:
  struct Entry {
    LayerRenderer* layer;
    std::int64_t first;
    media::FilterGraph::Pad source;
  };

  void push(media::FilterGraph::Pad source, const AVFrame& picture, std::int64_t n) {
    media::FramePtr frame = media::ref_frame(picture);
    frame->pts = n;
    tag(*frame);
    graph_.push(source, frame.get());
  }

  media::FilterGraph graph_;
  Rational fps_;
  media::FilterGraph::Pad base_, top_;
  std::vector<Entry> layers_;
  int sink_ = 0;
};

Compositor::Compositor(LayerRenderer::Context context) : context_(std::move(context)) {}
Compositor::~Compositor() = default;

LayerRenderer& Compositor::renderer(int clip) {
  auto& slot = renderers_[clip];
  if (!slot) slot = std::make_unique<LayerRenderer>(context_, clip);
  return *slot;
}

const AVFrame& Compositor::background() {
  if (!background_) {
    const Canvas& c = context_.canvas;
    background_ = convert_once(*solid_rgba(c.width, c.height, c.background), c.width, c.height, "yuv420p");
    tag(*background_);
  }
  return *background_;
}

void Compositor::compose(const plan::Span& span, const std::function<void(media::FramePtr)>& sink) {
  LayerRenderer* base = nullptr;
  std::int64_t base_first = 0;
  std::size_t next = 0;
  if (!span.layers.empty()) {
    LayerRenderer& lowest = renderer(span.layers[0].clip);
    const AVFrame& picture = lowest.picture(span.layers[0].first);
    bool exact = picture.width == context_.canvas.width && picture.height == context_.canvas.height;
    if (exact && lowest.covers_canvas() && !has_alpha(picture)) {
      base = &lowest;
      base_first = span.layers[0].first;
      next = 1;
    }
  }
  std::unique_ptr<Stack> stack;
  if (next < span.layers.size()) {
    stack = std::make_unique<Stack>(base ? base->picture(base_first) : background(), context_.canvas.fps);
    for (std::size_t i = next; i < span.layers.size(); ++i) {
      LayerRenderer& layer = renderer(span.layers[i].clip);
      stack->add(layer, span.layers[i].first, layer.picture(span.layers[i].first));
    }
    stack->configure();
  }
  for (std::int64_t n = 0; n < span.frames; ++n) {
    const AVFrame& bottom = base ? base->picture(base_first + n) : background();
    media::FramePtr frame = stack ? stack->frame(bottom, n) : media::ref_frame(bottom);
    tag(*frame);
    sink(std::move(frame));
  }
}

void Compositor::keep_only(const std::vector<plan::Layer>& next) {
  for (auto it = renderers_.begin(); it != renderers_.end();) {
    it->second->check_matte();
    bool shown =
        std::any_of(next.begin(), next.end(), [&](const plan::Layer& l) { return l.clip == it->first; });
    it = shown ? std::next(it) : renderers_.erase(it);
  }
}

}  // namespace avstage::run
