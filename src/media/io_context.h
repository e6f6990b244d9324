#pragma once

#include <exception>
#include <memory>

#include "base/byte_source.h"
#include "media/av.h"

namespace avstage::media {

/// An AVIOContext that reads from a ByteSource it owns. An exception inside the callback is stashed, libav
/// sees AVERROR_EXTERNAL (never EOF), and rethrow_stashed() throws the cause after the C call returned.
/// One thread at a time.
class IoContext {
 public:
  explicit IoContext(std::unique_ptr<ByteSource> source);
  ~IoContext();
  IoContext(const IoContext&) = delete;
  IoContext& operator=(const IoContext&) = delete;

  AVIOContext* get() const { return context_; }
  ByteSource& source() { return *source_; }
  void rethrow_stashed();

 private:
  static int read_callback(void* opaque, std::uint8_t* buffer, int size) noexcept;
  static std::int64_t seek_callback(void* opaque, std::int64_t offset, int whence) noexcept;

  std::unique_ptr<ByteSource> source_;
  std::uint64_t position_ = 0;
  std::exception_ptr stashed_;
  AVIOContext* context_ = nullptr;
};

}  // namespace avstage::media
