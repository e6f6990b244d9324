#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace avstage {

/// A queue between threads with a limit; both ends may close it, with or without an error.
/// All members may be called by any thread.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t limit) : limit_(limit) {}

  /// Waits for room. Returns false, and drops `value`, when the queue was closed.
  /// Rethrows the error it was closed with.
  bool push(T value) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.size() < limit_; });
    if (error_) std::rethrow_exception(error_);
    if (closed_) return false;
    items_.push_back(std::move(value));
    news_.notify_one();
    return true;
  }

  /// Waits for a value. nullopt: closed and empty, or `stop` was requested.
  /// Rethrows the error it was closed with once the values before it are taken.
  std::optional<T> pop(const std::stop_token& stop = {}) {
    std::unique_lock lock(mutex_);
    news_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    if (!items_.empty()) {
      T value = std::move(items_.front());
      items_.pop_front();
      room_.notify_one();
      return value;
    }
    if (error_) std::rethrow_exception(error_);
    return std::nullopt;
  }

  /// A value if one is there now.
  std::optional<T> try_pop() {
    std::lock_guard lock(mutex_);
    if (items_.empty()) return std::nullopt;
    T value = std::move(items_.front());
    items_.pop_front();
    room_.notify_one();
    return value;
  }

  void close(std::exception_ptr error = nullptr) {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    error_ = std::move(error);
    news_.notify_all();
    room_.notify_all();
  }

 private:
  std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable_any news_;
  std::condition_variable room_;
  std::deque<T> items_;
  bool closed_ = false;
  std::exception_ptr error_;
};

}  // namespace avstage
