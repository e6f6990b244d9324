#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "run/cache_folder.h"

namespace avstage::run {

/// Encoded segments by content key: `cache_dir`/segments, shared by runs and processes, and a folder of this
/// run. What the run has found or made has a name in that folder too, a hard link, so that nobody's trimming
/// or clearing can take it away while the run lasts; and what may not be shared yet, because a clip it was
/// read from is not proven complete, has only that name. No process waits for another. Any thread.
class SegmentStore {
 public:
  /// Creates the folders; removes what runs that are no more left behind. `limit`: bytes of shared segments
  /// that are kept, the least recently used go first; while the run lasts it may be more by a sixteenth.
  /// `before_keeping` throws where what was made must not be kept. Error{local}.
  SegmentStore(
      const std::string& cache_dir, std::uint64_t limit, std::function<void()> before_keeping = [] {});
  ~SegmentStore();  ///< removes this run's folder, trims
  SegmentStore(const SegmentStore&) = delete;
  SegmentStore& operator=(const SegmentStore&) = delete;

  /// The file of `key`, this run's from now on: it stays until the store ends. "" when there is none.
  std::string find(const std::string& key) const;
  /// The folder of this run alone, gone with the store.
  const std::string& run_dir() const { return run_.path; }
  /// A path to write to; hand it to keep() when the file is finished.
  std::string part_path(const std::string& key) const;
  /// Publishes a finished part under `key`. `unproven`: purchases it was read from whose stream may not be
  /// proven complete; until proven() was called for all of them the file is this run's own. Error{local}.
  void keep(const std::string& part, const std::string& key, const std::set<int>& unproven);
  /// The stream of `purchase` is complete: what waited for it alone is shared now.
  void proven(int purchase);
  /// Removes the shared file of `key`: what it was made from has proved to be damaged.
  void forget(const std::string& key) const;

 private:
  std::string shared_path(const std::string& key) const;
  std::string own_path(const std::string& key) const { return run_.path + "/" + key + ".mp4"; }
  void share(const std::string& key);

  const std::string cache_dir_;
  const std::uint64_t limit_;
  const std::function<void()> before_keeping_;
  RunFolder run_;
  std::mutex mutex_;
  std::map<std::string, std::set<int>> unproven_;  ///< key → purchases
  std::set<int> proven_;
  std::uint64_t grown_ = 0;  ///< bytes shared since the store was trimmed last
};

}  // namespace avstage::run
