#pragma once

#include "media/av.h"

namespace avstage::media {

/// Memory for pictures of one kind, used again when one is given back: what is new from the system costs a
/// page fault every 4 KiB, which takes longer than to fill it. Frames may outlive the pool. One thread; a
/// frame may be freed by any.
class PicturePool {
 public:
  PicturePool() = default;
  ~PicturePool();
  PicturePool(const PicturePool&) = delete;
  PicturePool& operator=(const PicturePool&) = delete;

  /// Copies the samples where somebody else refers to them as well; tags and times stay.
  void make_writable(FramePtr& frame);

 private:
  AVBufferPool* pool_ = nullptr;
  int size_ = 0;  ///< of each of its buffers, in bytes
};

}  // namespace avstage::media
