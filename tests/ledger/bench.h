#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "avstage/error.h"
#include "ledger/ledger.h"
#include "support/temp_dir.h"

namespace avstage::ledger {

/// Every question is a second later than the one before.
class TickingClock : public Clock {
 public:
  std::int64_t unix_seconds() const override { return ++seconds_; }

 private:
  mutable std::int64_t seconds_ = 1000;
};

inline const std::string realm = "https://api.heygen.com";

class LedgerTest : public testing::Test {
 protected:
  std::unique_ptr<Ledger> open() { return Ledger::open(state_, clock_); }
  Entry begin(Ledger& ledger, const std::string& key = "key") {
    return ledger.begin(realm, key, "v3", R"({"say":"hi"})", "Hello");
  }
  std::string file() const { return state_ + "/ledger.sqlite"; }

  Error error_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {ErrorCode::bug, ""};
  }

  test::TempDir dir_;
  std::string state_ = dir_ / "deep/state";
  TickingClock clock_;
};

}  // namespace avstage::ledger
