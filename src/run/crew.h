#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace avstage::run {

/// Threads that help the caller's with one kind of work. Its members are for the caller's thread.
class Crew {
 public:
  /// Helpers 1 to `helpers` call work(their number) until it returns false, "there is none now", and again
  /// whenever there may be more: after more_work(), and when one of them has done something. After the first
  /// error no helper begins anything; `failed` is called once, on the thread it happened on.
  Crew(std::size_t helpers, std::function<bool(std::size_t)> work, std::function<void()> failed);
  ~Crew();  ///< waits for what is being done
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void more_work();
  /// Until no helper works and none has found any work. Throws the first error.
  void wait_until_idle();
  /// Throws the first error; without one it does nothing.
  void rethrow() const;

 private:
  void help(std::size_t number, const std::stop_token& stop);

  const std::function<bool(std::size_t)> work_;
  const std::function<void()> failed_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t version_ = 0;  ///< of what there is to do
  std::size_t busy_ = 0;
  bool over_ = false;
  std::exception_ptr error_;
  std::vector<std::jthread> threads_;  ///< last: they end before what they use
};

}  // namespace avstage::run
