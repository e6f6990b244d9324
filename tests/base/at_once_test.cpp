#include "base/at_once.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/cores.h"

namespace avstage {
namespace {

TEST(AtOnce, EachIsDoneOnce) {
  for (std::size_t count : {0u, 1u, 2u, 100u}) {
    std::vector<std::atomic<int>> done(count);
    at_once(count, 3, [&](std::size_t i) { ++done.at(i); });
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(done[i], 1) << i << " of " << count;
  }
}

TEST(AtOnce, NoMoreThanAllowedAreUnderWay) {
  std::atomic<int> now = 0, most = 0;
  at_once(20, 2, [&](std::size_t) {
    const int n = ++now;
    for (int seen = most; n > seen && !most.compare_exchange_weak(seen, n);) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --now;
  });
  EXPECT_LE(most, 2);
}

TEST(AtOnce, WithTwoCoresTwoAreDoneBesideEachOther) {
  if (usable_cores() < 2) GTEST_SKIP() << "one core";
  std::latch both(2);
  at_once(2, 2, [&](std::size_t) { both.arrive_and_wait(); });  // alone, the first would wait for ever
  EXPECT_TRUE(both.try_wait());
}

TEST(AtOnce, TheFirstErrorIsThrownWhenAllHaveEnded) {
  std::atomic<int> begun = 0, ended = 0;
  auto work = [&](std::size_t i) {
    ++begun;
    if (i == 3) {
      ++ended;
      throw std::runtime_error("third");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ++ended;
  };
  EXPECT_THROW(at_once(1000, 4, work), std::runtime_error);
  EXPECT_EQ(begun, ended);
  EXPECT_LT(begun, 100) << "the rest was not begun";
}

}  // namespace
}  // namespace avstage
