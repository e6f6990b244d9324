#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace avstage::run {

/// Encoded segments by content key: `cache_dir`/segments, shared by runs and processes, and a folder of this
/// run for what may not be shared yet because a clip it was read from is not proven complete. Any thread.
class SegmentStore {
 public:
  /// Creates the folders; removes what runs that are no more left behind. Error{local}.
  explicit SegmentStore(const std::string& cache_dir);
  ~SegmentStore();  ///< removes this run's folder
  SegmentStore(const SegmentStore&) = delete;
  SegmentStore& operator=(const SegmentStore&) = delete;

  /// The file of `key`, shared or this run's own; "" when there is none.
  std::string find(const std::string& key) const;
  /// A path to write to; hand it to keep() when the file is finished.
  std::string part_path(const std::string& key) const;
  /// Publishes a finished part under `key`. `unproven`: purchases it was read from whose stream is not proven
  /// complete; until proven() was called for all of them the file is this run's own.
  void keep(const std::string& part, const std::string& key, const std::set<int>& unproven);
  /// The stream of `purchase` is complete: what waited for it alone is shared now.
  void proven(int purchase);
  /// A folder for other files of this run.
  const std::string& run_dir() const { return run_dir_; }

 private:
  std::string shared_path(const std::string& key) const;
  std::string own_path(const std::string& key) const { return run_dir_ + "/" + key + ".mp4"; }

  std::string root_;
  std::string run_dir_;
  int run_lock_ = -1;
  mutable std::mutex mutex_;
  std::map<std::string, std::set<int>> unproven_;  ///< key → purchases
};

}  // namespace avstage::run
