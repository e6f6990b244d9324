#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.h"

namespace avstage::run {

/// How long to wait before the vendor is asked again how a clip stands: seldom while it cannot be ready,
/// often about when it should be, and otherwise in proportion to how long it has taken already, so that the
/// news is never late by more than a small share of the making. A value; pure.
class PollPace {
 public:
  using milliseconds = std::chrono::milliseconds;

  /// Every wait is from `least` to `most`. `expected`: from order to completed, where that can be guessed.
  PollPace(milliseconds least, milliseconds most, std::optional<milliseconds> expected)
      : least_(least), most_(most), expected_(expected) {}

  /// The next wait, so long after the order.
  milliseconds next(milliseconds elapsed) const;

 private:
  milliseconds least_, most_;
  std::optional<milliseconds> expected_;
};

/// How long the making of a clip of `seconds` (0: unknown) may take, from what the ledger knows of the latest
/// purchases in this dialect; nullopt where it knows too few. `purchases`: newest first.
std::optional<std::chrono::milliseconds> expected_making(const std::vector<ledger::Entry>& purchases,
                                                         const std::string& dialect, double seconds);

}  // namespace avstage::run
