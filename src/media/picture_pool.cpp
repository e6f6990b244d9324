#include "media/picture_pool.h"

extern "C" {
#include <libavutil/imgutils.h>
}

namespace avstage::media {
namespace {

constexpr int kAlignment = 64;   // of lines, as the widest vector instructions want them
constexpr int kReadBehind = 64;  // libswscale's may read behind the last sample

}  // namespace

PicturePool::~PicturePool() {
  av_buffer_pool_uninit(&pool_);
}

void PicturePool::make_writable(FramePtr& frame) {
  if (av_frame_is_writable(frame.get()) > 0) return;
  const auto format = static_cast<AVPixelFormat>(frame->format);
  const int size = check(av_image_get_buffer_size(format, frame->width, frame->height, kAlignment),
                         "cannot allocate", "picture", ErrorCode::local) +
                   kReadBehind;
  if (size != size_) {
    av_buffer_pool_uninit(&pool_);
    pool_ = av_buffer_pool_init(static_cast<std::size_t>(size), nullptr);
    size_ = size;
  }
  FramePtr copy = make_frame();
  copy->format = frame->format;
  copy->width = frame->width;
  copy->height = frame->height;
  copy->buf[0] = pool_ ? av_buffer_pool_get(pool_) : nullptr;
  if (copy->buf[0] == nullptr) throw std::bad_alloc();
  for (int ret : {av_image_fill_arrays(copy->data, copy->linesize, copy->buf[0]->data, format, copy->width,
                                       copy->height, kAlignment),
                  av_frame_copy_props(copy.get(), frame.get()), av_frame_copy(copy.get(), frame.get())})
    check(ret, "cannot copy", "picture", ErrorCode::local);
  frame = std::move(copy);
}

}  // namespace avstage::media
