#pragma once

#include <map>
#include <mutex>
#include <optional>

namespace avstage::run {

/// How much of a keyed clip's pictures is visible, over all that a run has rendered of it. Any thread.
class Mattes {
 public:
  /// `share` of one picture, 0 to 1.
  void add(int clip, double share) {
    std::lock_guard lock(mutex_);
    Sum& sum = sums_[clip];
    sum.visible += share;
    ++sum.pictures;
  }
  /// The mean; nullopt where no picture was looked at.
  std::optional<double> visible(int clip) const {
    std::lock_guard lock(mutex_);
    auto it = sums_.find(clip);
    if (it == sums_.end()) return std::nullopt;
    return it->second.visible / it->second.pictures;
  }

 private:
  struct Sum {
    double visible = 0;
    int pictures = 0;
  };
  mutable std::mutex mutex_;
  std::map<int, Sum> sums_;
};

}  // namespace avstage::run
