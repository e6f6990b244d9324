#include "net/extent_set.h"

#include <algorithm>
#include <iterator>

namespace avstage::net {

void ExtentSet::add(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto it = runs_.upper_bound(begin);
  if (it != runs_.begin() && std::prev(it)->second >= begin) --it;
  while (it != runs_.end() && it->first <= end) {
    begin = std::min(begin, it->first);
    end = std::max(end, it->second);
    total_ -= it->second - it->first;
    it = runs_.erase(it);
  }
  runs_.emplace(begin, end);
  total_ += end - begin;
}

std::uint64_t ExtentSet::run_end(std::uint64_t at) const {
  auto it = runs_.upper_bound(at);
  if (it == runs_.begin()) return at;
  return std::max(at, std::prev(it)->second);
}

std::optional<Gap> ExtentSet::first_gap(std::uint64_t from, std::optional<std::uint64_t> size) const {
  Gap gap{run_end(from), size};
  if (size && gap.begin >= *size) return std::nullopt;
  auto next = runs_.upper_bound(gap.begin);
  if (next != runs_.end()) gap.end = size ? std::min(*size, next->first) : next->first;
  return gap;
}

}  // namespace avstage::net
