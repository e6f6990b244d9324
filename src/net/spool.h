#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>

#include "net/extent_set.h"

namespace avstage::net {

/// The bytes of one resource as far as they have arrived: a file, which of its ranges are present, and the
/// waiting for more. Any number of readers on any threads; only the net thread writes.
class Spool {
 public:
  /// Creates the file, or empties it; Error{local} when that fails.
  explicit Spool(const std::string& path);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // The writing side.

  /// The head of an answer is there. A known size is reserved on the disk; Error{local} "no_space" when it
  /// has no room, with what is missing. `seekable`: far readers may be served apart (wait_for_far_reader).
  void announce(std::optional<std::uint64_t> size, bool seekable);
  /// The resource ends here.
  void set_end(std::uint64_t size);
  /// Stores the first bytes of `data` at `at`, up to the first that is already present, and returns how many
  /// (0: the byte at `at` is present). Error{local} when the disk fails.
  std::size_t write(std::uint64_t at, std::span<const std::byte> data);
  /// Whether the bytes at `at`, all of them present, are these.
  bool holds(std::uint64_t at, std::span<const std::byte> data) const;
  /// All bytes are there. / They never will be: the first cause stays. / Nobody wants them any more.
  void finish();
  void fail(std::exception_ptr cause);
  void abort() noexcept;

  std::optional<Gap> first_gap(std::uint64_t from) const;
  std::optional<std::uint64_t> size() const;
  std::uint64_t received() const;
  bool finished() const;
  /// Waits until a reader waits for a byte more than `distance` beyond the first missing one, and returns its
  /// position; nullopt on `stop` and once the spool is finished, failed or aborted.
  std::optional<std::uint64_t> wait_for_far_reader(std::uint64_t distance, const std::stop_token& stop);

  // The reading side. `gone` is the reader's own wish to stop, see wake().

  /// At least one byte from `at`, waiting for it; 0 only at or behind the end. Throws the cause of a failure
  /// when the byte is missing, Error{interrupted} after abort() or when `gone`.
  std::size_t read(std::uint64_t at, std::span<std::byte> out, const std::atomic<bool>& gone);
  /// Likewise, but never waits: 0 also where the byte at `at` has not arrived yet.
  std::size_t read_arrived(std::uint64_t at, std::span<std::byte> out) const;
  /// Counts somebody who does not wait here as a reader waiting for the byte at `at`, until unwant().
  void want(std::uint64_t at);
  void unwant(std::uint64_t at) noexcept;
  /// Waits for the head of the first answer.
  std::optional<std::uint64_t> wait_size(const std::atomic<bool>& gone);
  void wait_finished(const std::stop_token& stop);
  /// Sets `gone` so that a reader that waits sees it.
  void wake(std::atomic<bool>& gone) noexcept;

 private:
  void reserve(std::uint64_t size) const;
  std::size_t read_present(std::uint64_t at, std::span<std::byte> out) const;
  [[noreturn]] void fail_disk(const std::string& what, int error) const;
  void throw_if_ended(const std::atomic<bool>& gone) const;
  bool over() const { return finished_ || aborted_ || failure_ != nullptr; }
  std::optional<std::uint64_t> far_reader(std::uint64_t distance) const;

  const std::string path_;
  int fd_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  ExtentSet present_;
  std::optional<std::uint64_t> size_;
  bool announced_ = false, seekable_ = false, finished_ = false, aborted_ = false;
  std::exception_ptr failure_;
  std::multiset<std::uint64_t> waiting_;  // positions of the readers that wait
};

}  // namespace avstage::net
