#pragma once

#include <map>
#include <memory>

#include "media/picture_pool.h"
#include "run/compose/layer_renderer.h"

namespace avstage::run {

/// Composes spans for one canvas, frame by frame. Layer renderers, with the films they read, live on from
/// span to span while their clip is shown. One thread.
class Compositor {
 public:
  explicit Compositor(LayerRenderer::Context context);
  ~Compositor();

  /// Frame `n` of a span, 0 … span.frames − 1: yuv420p, canvas size, BT.709 limited. Fastest in their order.
  media::FramePtr compose(const plan::Span& span, std::int64_t n);
  /// Closes the sources of clips that `next` does not show, after checking their mattes.
  void keep_only(const std::vector<plan::Layer>& next);

 private:
  LayerRenderer& renderer(int clip);
  bool is_all(const LayerRenderer& layer, const AVFrame& picture) const;
  const AVFrame& background();

  LayerRenderer::Context context_;
  std::map<int, std::unique_ptr<LayerRenderer>> renderers_;
  media::FramePtr background_;
  media::PicturePool pictures_;
};

}  // namespace avstage::run
