#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace avstage::net {

/// Half-open: [begin, end). Without `end`: to wherever the resource ends.
struct Gap {
  std::uint64_t begin = 0;
  std::optional<std::uint64_t> end;
  friend bool operator==(const Gap&, const Gap&) = default;
};

/// Which bytes of a file are present, as disjoint ranges. Not for concurrent use.
class ExtentSet {
 public:
  /// [begin, end) is present from now on; it may overlap or touch what already is. Empty ranges are ignored.
  void add(std::uint64_t begin, std::uint64_t end);

  /// Where the run of present bytes that holds `at` ends; `at` itself when that byte is missing.
  std::uint64_t run_end(std::uint64_t at) const;
  bool contains(std::uint64_t at) const { return run_end(at) > at; }

  /// The first missing range at or after `from` in a file of `size` bytes (unknown: it has no end);
  /// nullopt when nothing is missing there.
  std::optional<Gap> first_gap(std::uint64_t from, std::optional<std::uint64_t> size) const;

  std::uint64_t total() const { return total_; }

 private:
  std::map<std::uint64_t, std::uint64_t> runs_;  // begin -> end, neither overlapping nor touching
  std::uint64_t total_ = 0;
};

}  // namespace avstage::net
