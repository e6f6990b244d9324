#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "avstage/error.h"
#include "base/byte_source.h"
#include "support/error_of.h"

namespace avstage::test {

/// Bytes in memory that may fail from one byte on, and that remember how far they were read.
class MemorySource : public ByteSource {
 public:
  struct Record {
    std::uint64_t furthest = 0;
    int seeks = 0;
  };

  explicit MemorySource(std::string bytes, std::shared_ptr<Record> record = std::make_shared<Record>())
      : bytes_(std::move(bytes)), record_(std::move(record)) {}

  /// Reading byte `position` throws Error{network} "connection lost".
  MemorySource& fail_at(std::uint64_t position) {
    fail_at_ = position;
    return *this;
  }
  MemorySource& hide_size() {
    size_known_ = false;
    return *this;
  }

  std::size_t read(std::span<std::byte> out) override {
    if (position_ >= fail_at_) throw Error(ErrorCode::network, "connection lost", "test_fault");
    if (position_ >= bytes_.size()) return 0;
    std::uint64_t end = std::min<std::uint64_t>({bytes_.size(), fail_at_, position_ + out.size()});
    std::size_t count = static_cast<std::size_t>(end - position_);
    count = std::min<std::size_t>(count, 1000);  // short reads, as a network gives them
    std::memcpy(out.data(), bytes_.data() + position_, count);
    position_ += count;
    record_->furthest = std::max(record_->furthest, position_);
    return count;
  }
  void seek(std::uint64_t position) override {
    position_ = position;
    ++record_->seeks;
  }
  std::optional<std::uint64_t> size() override {
    return size_known_ ? std::optional<std::uint64_t>(bytes_.size()) : std::nullopt;
  }
  void abort() noexcept override { fail_at_ = 0; }

 private:
  std::string bytes_;
  std::shared_ptr<Record> record_;
  std::uint64_t position_ = 0;
  std::uint64_t fail_at_ = std::numeric_limits<std::uint64_t>::max();
  bool size_known_ = true;
};

}  // namespace avstage::test
