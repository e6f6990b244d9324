#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace avstage {

/// Bytes that can be read and sought in: the one meeting point of net/ (which implements it) and media/
/// (which reads from it). Used by one thread at a time; abort() may come from any thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Fills at most `out.size()` bytes from the current position; blocks until at least one byte is there.
  /// Returns 0 only at the true end. A failure or an abort throws Error; the position is then unchanged.
  virtual std::size_t read(std::span<std::byte> out) = 0;

  /// The next read starts at `position` (absolute). Seeking past the end is allowed; the read returns 0.
  virtual void seek(std::uint64_t position) = 0;

  /// Total length; nullopt when it cannot be known before the end. May block until headers are there.
  virtual std::optional<std::uint64_t> size() = 0;

  /// Makes a blocked and every later read throw Error{interrupted}. Never blocks.
  virtual void abort() noexcept = 0;
};

}  // namespace avstage
