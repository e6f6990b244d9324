#pragma once

#include <exception>
#include <stop_token>
#include <utility>

#include "base/log.h"

namespace avstage::run {

/// The first failure is the run's; the others are told of, unless the run was stopped. One thread at a time.
class FirstFailure {
 public:
  explicit FirstFailure(std::stop_token stop) : stop_(std::move(stop)) {}

  void add(std::exception_ptr failure) {
    if (!first_) {
      first_ = std::move(failure);
      return;
    }
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      if (!stop_.stop_requested()) log::warning("{}", e.what());
    }
  }
  bool empty() const { return !first_; }
  /// Throws the first one; without one it does nothing.
  void rethrow() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::stop_token stop_;
  std::exception_ptr first_;
};

}  // namespace avstage::run
