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

/// A segment of a composition.
struct Part {
  std::size_t composition = 0;
  plan::Segment segment;
};

/// Renders segments: composes each frame once and encodes it for every deliverable of its composition that
/// still lacks it, each on a thread of its own. One thread.
class SegmentRenderer {
 public:
  SegmentRenderer(const plan::Plan& plan, const plan::RenderPlan& render, const MediaAccess& media,
                  Mattes& mattes, SegmentStore& store,
                  const std::function<void(int clip, std::int64_t frames)>& on_decoded);

  /// Renders segments of different compositions that show the same time, frame by frame, in step; copies for
  /// deliverables that take a copy. Returns the keys it has encoded (none: all were in the store or copied).
  /// `unproven` as for SegmentStore. `on_frame` hears how many frames are done, of all parts. Error{proof}
  /// named "copy" for a copy that went wrong: nothing of it is kept.
  std::vector<std::string> render(const std::vector<Part>& parts, const std::set<int>& unproven,
                                  const std::function<void(std::int64_t)>& on_frame,
                                  const std::stop_token& stop);

 private:
  class Target;
  struct Step;
  Step prepare(const Part& part, const std::stop_token& stop);
  void copy(const plan::Segment& segment, const std::string& key, const std::stop_token& stop);
  media::VideoEncoderSettings settings_for(const Part& part, std::size_t output) const;

  const plan::Plan& plan_;
  plan::Timing timing_;
  std::vector<plan::CopyChoice> copies_;  ///< by composition
  SegmentStore& store_;
  FilmReaders films_;
  std::vector<std::unique_ptr<Compositor>> compositors_;  ///< by composition
  std::optional<media::GopReader> copier_;                ///< of the file that was copied from last
};

}  // namespace avstage::run
