#pragma once

#include <map>
#include <memory>

#include "media/picture_pool.h"
#include "run/compose/layer_renderer.h"

namespace avstage::run {

/// Composes spans for one canvas, frame by frame. Layer renderers, with their open decoders, live on from
/// span to span while their clip is shown. One thread.
class Compositor {
 public:
  explicit Compositor(LayerRenderer::Context context);
  ~Compositor();

  /// Calls `sink` with frames 0 … span.frames − 1: yuv420p, canvas size, BT.709 limited.
  void compose(const plan::Span& span, const std::function<void(media::FramePtr)>& sink);
  /// Closes the sources of clips that `next` does not show, after checking their mattes.
  void keep_only(const std::vector<plan::Layer>& next);

 private:
  LayerRenderer& renderer(int clip);
  const AVFrame& background();

  LayerRenderer::Context context_;
  std::map<int, std::unique_ptr<LayerRenderer>> renderers_;
  media::FramePtr background_;
  media::PicturePool pictures_;
};

}  // namespace avstage::run
