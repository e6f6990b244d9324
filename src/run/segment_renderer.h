#pragma once

#include <functional>
#include <stop_token>

#include "run/compositor.h"
#include "run/segment_store.h"

namespace avstage::run {

/// Renders segments of one composition: composes each frame once and encodes it for every deliverable that
/// still lacks it. The render thread only.
class SegmentRenderer {
 public:
  SegmentRenderer(const plan::Plan& plan, int composition, const plan::Timing& timing,
                  const MediaAccess& media, SegmentStore& store,
                  std::function<void(int clip, std::int64_t frames)> on_decoded);

  /// Returns how many deliverables it encoded (0: all were in the store). `unproven` as for SegmentStore.
  int render(const plan::Segment& segment, const std::set<int>& unproven,
             const std::function<void(std::int64_t)>& on_frame, const std::stop_token& stop);

 private:
  class Target;
  const plan::Plan& plan_;
  const plan::Composition& composition_;
  plan::Timing timing_;
  SegmentStore& store_;
  Compositor compositor_;
};

}  // namespace avstage::run
