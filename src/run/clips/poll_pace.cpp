#include "run/clips/poll_pace.h"

#include <algorithm>

namespace avstage::run {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kFewest = 3, kMost = 20;  ///< purchases to learn from
constexpr std::int64_t kLongestSeen = 3600;     ///< seconds; what is longer was taken up by a later run

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

milliseconds PollPace::next(milliseconds elapsed) const {
  milliseconds wait = elapsed / 8;
  if (expected_ && elapsed < *expected_ * 3 / 2) {
    const milliseconds soon = *expected_ * 3 / 4;
    wait = elapsed < soon ? soon - elapsed : *expected_ / 16;
  }
  return std::clamp(wait, least_, most_);
}

std::optional<milliseconds> expected_making(const std::vector<ledger::Entry>& purchases,
                                            const std::string& dialect, double seconds) {
  std::vector<double> made, share;
  for (const ledger::Entry& e : purchases) {
    if (made.size() == kMost) break;
    const std::int64_t took = e.settled_at - e.submitted_at;
    const bool counts = e.state == ledger::State::completed && e.dialect == dialect && e.submitted_at > 0 &&
                        took > 0 && took <= kLongestSeen && e.duration && *e.duration > 0;
    if (!counts) continue;
    made.push_back(static_cast<double>(took));
    share.push_back(static_cast<double>(took) / *e.duration);
  }
  if (made.size() < kFewest) return std::nullopt;
  const double expected = seconds > 0 ? median(share) * seconds : median(made);
  return milliseconds(static_cast<std::int64_t>(expected * 1000));
}

}  // namespace avstage::run
