#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "sandbox/store.h"

namespace avstage::sandbox {

/// Makes the clips of ordered videos, one after the other, on a thread of its own. A clip that was made
/// before for equal words and looks is taken from the folder. Any thread.
class Workshop {
 public:
  /// Takes up what an earlier run left unfinished.
  Workshop(Store& store, const std::string& folder);
  ~Workshop();  ///< gives up the clip in work; the next run makes it

  void order(const std::string& video_id);
  /// The finished file of a video whose clip key is known.
  std::string file_of(const Video& video) const {
    return folder_ + "/" + video.clip + "." + container_of(video.spec);
  }
  bool started(const std::string& video_id) const;

 private:
  void run(const std::stop_token& stop);
  void make(const std::string& video_id, const std::stop_token& stop);
  std::vector<double> scene_ends(const Video& video, const std::stop_token& stop);

  Store& store_;
  std::string folder_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::string> waiting_;
  std::jthread thread_;
};

std::int64_t unix_milliseconds();

}  // namespace avstage::sandbox
