#include "run/compose/compositor.h"

#include <algorithm>

#include "filters/native/blend.h"
#include "run/compose/picture.h"

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
  for (std::int64_t n = 0; n < span.frames; ++n) {
    media::FramePtr frame = media::ref_frame(base ? base->picture(base_first + n) : background());
    if (next < span.layers.size()) pictures_.make_writable(frame);
    for (std::size_t i = next; i < span.layers.size(); ++i) {
      LayerRenderer& layer = renderer(span.layers[i].clip);
      const AVFrame& picture = layer.picture(span.layers[i].first + (layer.constant() ? 0 : n));
      filters::native::blend(native_picture(*frame), native_picture(picture), layer.x(), layer.y());
    }
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
