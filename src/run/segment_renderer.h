#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "media/encoder.h"
#include "media/gops.h"
#include "run/compose/compositor.h"
#include "run/segment_store.h"

namespace avstage::run {

/// How a deliverable is encoded, beside nothing that is copied.
media::VideoEncoderSettings encoder_settings(const Job& job, const OutputSpec& output);

/// Renders segments of one composition: composes each frame once and encodes it for every deliverable that
/// still lacks it. One thread.
class SegmentRenderer {
 public:
  SegmentRenderer(const plan::Plan& plan, int composition, const plan::RenderPlan& render,
                  const MediaAccess& media, Mattes& mattes, SegmentStore& store,
                  std::function<void(int clip, std::int64_t frames)> on_decoded);

  /// Copies the segment for deliverables that take a copy, encodes it for the others. Returns the keys it has
  /// encoded (none: all were in the store or copied). `unproven` as for SegmentStore. Error{proof} named
  /// "copy" for a copy that went wrong: nothing of it is kept.
  std::vector<std::string> render(const plan::Segment& segment, const std::set<int>& unproven,
                                  const std::function<void(std::int64_t)>& on_frame,
                                  const std::stop_token& stop);

 private:
  class Target;
  void copy(const plan::Segment& segment, const std::string& key, const std::stop_token& stop);

  const plan::Plan& plan_;
  const plan::Composition& composition_;
  plan::Timing timing_;
  plan::CopyChoice copy_;
  SegmentStore& store_;
  Compositor compositor_;
  std::optional<media::GopReader> copier_;  ///< of the file that was copied from last
};

}  // namespace avstage::run
