#pragma once

#include <map>
#include <memory>

#include "run/clips/media_access.h"

namespace avstage::run {

/// The films that a worker reads: renderers of several compositions that go through one in step share its
/// reader, so that each of its frames is decoded once. One thread.
class FilmReaders {
 public:
  explicit FilmReaders(const MediaAccess& media) : media_(media) {}

  /// Of a clip's picture; closed when nobody holds it any more.
  std::shared_ptr<media::VideoReader> open(int clip);

 private:
  const MediaAccess& media_;
  std::map<int, std::weak_ptr<media::VideoReader>> open_;  ///< by clip
};

}  // namespace avstage::run
