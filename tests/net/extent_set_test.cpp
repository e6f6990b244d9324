#include "net/extent_set.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace avstage::net {
namespace {

TEST(ExtentSet, has_nothing_at_first) {
  ExtentSet set;
  EXPECT_FALSE(set.contains(0));
  EXPECT_EQ(set.total(), 0u);
  EXPECT_EQ(set.first_gap(0, 10), (Gap{0, 10}));
  EXPECT_EQ(set.first_gap(0, std::nullopt), (Gap{0, std::nullopt}));
}

TEST(ExtentSet, joins_ranges_that_touch_or_overlap) {
  ExtentSet set;
  set.add(0, 5);
  set.add(10, 15);
  set.add(5, 7);
  EXPECT_EQ(set.run_end(0), 7u);
  set.add(6, 12);
  EXPECT_EQ(set.run_end(3), 15u);
  EXPECT_EQ(set.total(), 15u);
}

TEST(ExtentSet, ignores_an_empty_range) {
  ExtentSet set;
  set.add(4, 4);
  EXPECT_EQ(set.total(), 0u);
  EXPECT_FALSE(set.contains(4));
}

TEST(ExtentSet, finds_the_gap_between_two_ranges) {
  ExtentSet set;
  set.add(0, 5);
  set.add(8, 10);
  EXPECT_EQ(set.first_gap(0, 20), (Gap{5, 8}));
  EXPECT_EQ(set.first_gap(6, 20), (Gap{6, 8}));
  EXPECT_EQ(set.first_gap(8, 20), (Gap{10, 20}));
  EXPECT_EQ(set.first_gap(8, 10), std::nullopt);
  EXPECT_EQ(set.first_gap(8, std::nullopt), (Gap{10, std::nullopt}));
}

TEST(ExtentSet, agrees_with_a_plain_array_of_flags) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    ExtentSet set;
    std::vector<bool> flags(64);
    for (int step = 0; step < 12; ++step) {
      std::uint64_t begin = random() % 64, end = begin + random() % (65 - begin);
      set.add(begin, end);
      for (std::uint64_t i = begin; i < end; ++i) flags[i] = true;
    }
    std::uint64_t total = 0;
    for (std::uint64_t i = 0; i < 64; ++i) {
      ASSERT_EQ(set.contains(i), flags[i]) << "byte " << i << " in round " << round;
      total += flags[i] ? 1 : 0;
    }
    ASSERT_EQ(set.total(), total);
  }
}

}  // namespace
}  // namespace avstage::net
