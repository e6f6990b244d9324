#include "run/crew.h"

#include <utility>

namespace avstage::run {

Crew::Crew(std::size_t helpers, std::function<bool(std::size_t)> work, std::function<void()> failed)
    : work_(std::move(work)), failed_(std::move(failed)), busy_(helpers) {
  for (std::size_t number = 1; number <= helpers; ++number)
    threads_.emplace_back([this, number](const std::stop_token& stop) { help(number, stop); });
}

Crew::~Crew() {
  std::lock_guard lock(mutex_);
  over_ = true;
  changed_.notify_all();
}

void Crew::more_work() {
  std::lock_guard lock(mutex_);
  ++version_;
  changed_.notify_all();
}

void Crew::wait_until_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return busy_ == 0; });
  if (error_) std::rethrow_exception(error_);
}

void Crew::rethrow() const {
  std::lock_guard lock(mutex_);
  if (error_) std::rethrow_exception(error_);
}

void Crew::help(std::size_t number, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!over_ && !stop.stop_requested()) {
    const std::uint64_t seen = version_;
    lock.unlock();
    bool done = false;
    std::exception_ptr error;
    try {
      done = work_(number);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error && !std::exchange(over_, true)) {
      error_ = error;
      lock.unlock();
      failed_();
      lock.lock();
    }
    if (done) ++version_;
    if (done || over_ || seen != version_) {
      changed_.notify_all();
      continue;
    }
    --busy_;
    changed_.notify_all();
    changed_.wait(lock, stop, [&] { return over_ || seen != version_; });
    ++busy_;
  }
  --busy_;
  changed_.notify_all();
}

}  // namespace avstage::run
