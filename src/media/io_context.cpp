#include "media/io_context.h"

#include <cstdio>
#include <utility>

extern "C" {
#include <libavutil/mem.h>
}

namespace avstage::media {

IoContext::IoContext(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kIoBufferSize));
  if (buffer == nullptr) throw std::bad_alloc();
  context_ = avio_alloc_context(buffer, kIoBufferSize, 0, this, read_callback, nullptr, seek_callback);
  if (context_ == nullptr) {
    av_free(buffer);
    throw std::bad_alloc();
  }
}

IoContext::~IoContext() {
  av_freep(&context_->buffer);  // libav may have replaced the one it was given
  avio_context_free(&context_);
}

void IoContext::rethrow_stashed() {
  if (stashed_) std::rethrow_exception(std::exchange(stashed_, nullptr));
}

int IoContext::read_callback(void* opaque, std::uint8_t* buffer, int size) noexcept {
  auto& self = *static_cast<IoContext*>(opaque);
  if (self.stashed_) return AVERROR_EXTERNAL;
  try {
    auto out = std::as_writable_bytes(std::span(buffer, static_cast<std::size_t>(size)));
    std::size_t got = self.source_->read(out);
    self.position_ += got;
    return got == 0 ? AVERROR_EOF : static_cast<int>(got);
  } catch (...) {
    self.stashed_ = std::current_exception();
    return AVERROR_EXTERNAL;
  }
}

std::int64_t IoContext::seek_callback(void* opaque, std::int64_t offset, int whence) noexcept {
  auto& self = *static_cast<IoContext*>(opaque);
  if (self.stashed_) return AVERROR_EXTERNAL;
  try {
    auto size = [&]() -> std::int64_t {
      auto known = self.source_->size();
      return known ? static_cast<std::int64_t>(*known) : AVERROR(ENOSYS);
    };
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE) return size();
    std::int64_t base = 0;
    if (whence == SEEK_CUR) base = static_cast<std::int64_t>(self.position_);
    if (whence == SEEK_END && (base = size()) < 0) return base;
    if (base + offset < 0) return AVERROR(EINVAL);
    self.source_->seek(static_cast<std::uint64_t>(base + offset));
    self.position_ = static_cast<std::uint64_t>(base + offset);
    return base + offset;
  } catch (...) {
    self.stashed_ = std::current_exception();
    return AVERROR_EXTERNAL;
  }
}

}  // namespace avstage::media
