#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "sandbox/api_error.h"
#include "sandbox/knobs.h"
#include "sandbox/store.h"

namespace avstage::sandbox {

/// What was asked about one video since the start.
struct Asked {
  std::size_t polls = 0, completed_polls = 0, downloads = 0;
};

/// Knows which knobs hold for which request and how often each video was asked about. Any thread.
class Director {
 public:
  /// Error{usage} for a bad script; an empty path is an empty script.
  explicit Director(const std::string& script_path);

  int concurrency() const { return script_.concurrency; }
  const std::string& webhook_secret() const { return script_.webhook_secret; }

  /// `header`: X-Sandbox-Fault, "" without one; ApiError 400 for a bad one.
  Knobs of_request(const std::string& header) const;
  /// Those the video was ordered with, then those of this request.
  Knobs of_video(const Video& video, const std::string& header = "") const;
  /// The reply word for the next create request of that rule; `order` has what rules look at.
  std::string next_create(const Video& order, const Knobs& knobs);

  /// Counted before they return.
  std::string next_poll(const Video& video, const Knobs& knobs);
  CdnFault next_download(const Video& video, const Knobs& knobs);
  /// Whether a status call that says completed still says no URL.
  bool withholds_url(const Video& video, const Knobs& knobs);
  /// The scripted word; "" without a script. `call`: a status call asks, which may move the script on.
  std::string scripted_status(const Video& video, const Knobs& knobs, bool call);
  Asked asked(const std::string& video_id) const;

 private:
  struct Life {
    Asked asked;
    std::size_t step = 0;
    bool said = false;            ///< the step's word, to a status call
    std::int64_t entered_ms = 0;  ///< 0: not yet
  };

  const Rule* rule_of(const Video& video) const;

  Script script_;
  mutable std::mutex mutex_;
  std::map<const Rule*, std::size_t> creates_;
  std::map<std::string, Life> lives_;
};

/// What a reply word other than ok, drop, drop_before and truncated is answered with.
ApiError scripted_error(const std::string& word, const Knobs& knobs);

}  // namespace avstage::sandbox
