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

/// Nothing below it is seen.
bool Compositor::is_all(const LayerRenderer& layer, const AVFrame& picture) const {
  return layer.covers_canvas() && picture.width == context_.canvas.width &&
         picture.height == context_.canvas.height && !has_alpha(picture);
}

media::FramePtr Compositor::compose(const plan::Span& span, std::int64_t n) {
  media::FramePtr frame;
  for (const plan::Layer& shown : span.layers) {
    LayerRenderer& layer = renderer(shown.clip);
    const AVFrame& picture = layer.picture(shown.first + (layer.constant() ? 0 : n));
    if (!frame && is_all(layer, picture)) {
      frame = media::ref_frame(picture);
      continue;
    }
    if (!frame) frame = media::ref_frame(background());
    pictures_.make_writable(frame);
    filters::native::blend(native_picture(*frame), native_picture(picture), layer.x(), layer.y());
  }
  if (!frame) frame = media::ref_frame(background());
  tag(*frame);
  return frame;
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
