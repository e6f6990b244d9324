#include "run/segment_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::run {
namespace {

namespace fs = std::filesystem;
using test::read_bytes;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kPlenty = 1'000'000;

class Store : public testing::Test {
 protected:
  std::unique_ptr<SegmentStore> open(std::uint64_t limit = kPlenty) {
    return std::make_unique<SegmentStore>(dir / "cache", limit);
  }
  void keep(SegmentStore& store, const std::string& key, const std::set<int>& unproven = {},
            std::size_t bytes = 100) {
    test::write_bytes(store.part_path(key), key + std::string(bytes - key.size(), '.'));
    store.keep(store.part_path(key), key, unproven);
  }
  /// Keys of the shared segments, least recently used first.
  std::vector<std::string> shared() const {
    std::vector<std::string> keys;
    for (const CacheEntry& e : cache_entries(dir / "cache")) {
      if (e.kind == "segment") keys.push_back(fs::path(e.path).stem().string());
    }
    return keys;
  }
  /// Sets when a shared segment was used last, in minutes ago.
  void used(const std::string& key, int minutes) const {
    const std::string path = dir / ("cache/segments/" + key.substr(0, 2) + "/" + key + ".mp4");
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::minutes(minutes));
  }
  std::uint64_t shared_bytes() const {
    std::uint64_t sum = 0;
    for (const CacheEntry& e : cache_entries(dir / "cache")) sum += e.kind == "segment" ? e.bytes : 0;
    return sum;
  }
  int folders_of_runs() const {
    return static_cast<int>(std::distance(fs::directory_iterator(dir / "cache/runs"), {}));
  }

  test::TempDir dir;
};

TEST_F(Store, EvictsWhatWasUsedLeastRecently) {
  {
    auto store = open();
    for (const char* key : {"aa1", "bb2", "cc3", "dd4"}) keep(*store, key);
  }
  used("aa1", 40), used("bb2", 30), used("cc3", 20), used("dd4", 10);
  EXPECT_THAT(shared(), ElementsAre("aa1", "bb2", "cc3", "dd4"));
  EXPECT_NE(open()->find("aa1"), "");  // and so it was used now
  EXPECT_THAT(shared(), ElementsAre("bb2", "cc3", "dd4", "aa1"));
  const Removed removed = trim_segments(dir / "cache", 250);
  EXPECT_EQ(removed.entries, 2);
  EXPECT_EQ(removed.bytes, 200U);
  EXPECT_THAT(shared(), ElementsAre("dd4", "aa1"));
  EXPECT_EQ(trim_segments(dir / "cache", 200).entries, 0) << "as much as allowed is allowed";
}

TEST_F(Store, WhatARunHasFoundOrMadeCannotBeTakenFromIt) {
  keep(*open(), "aa1");
  auto finder = open(), maker = open();
  const std::string found = finder->find("aa1");
  keep(*maker, "bb2");
  const std::string made = maker->find("bb2");
  EXPECT_EQ(clear_cache(dir / "cache").entries, 2);
  EXPECT_THAT(shared(), IsEmpty());
  EXPECT_EQ(read_bytes(found).substr(0, 3), "aa1");
  EXPECT_EQ(finder->find("aa1"), found) << "found again, not missed";
  EXPECT_EQ(read_bytes(made).substr(0, 3), "bb2");
  EXPECT_EQ(finder->find("bb2"), "") << "others miss it and make it anew";
  finder.reset(), maker.reset();
  EXPECT_FALSE(fs::exists(found));
  EXPECT_EQ(folders_of_runs(), 0);
}

TEST_F(Store, StaysNearItsLimitWhileARunGoesOnAndBelowItAfterwards) {
  auto store = open(1600);
  std::uint64_t most = 0;
  for (int i = 0; i < 40; ++i) {
    keep(*store, "k" + std::to_string(100 + i));
    most = std::max(most, shared_bytes());
  }
  EXPECT_LE(most, 1700U);
  EXPECT_GE(most, 1600U);
  for (int i = 0; i < 40; ++i) EXPECT_NE(store->find("k" + std::to_string(100 + i)), "") << i;
  store.reset();
  EXPECT_EQ(shared_bytes(), 1600U);
  open(0).reset();
  EXPECT_EQ(shared_bytes(), 0U);
}

TEST_F(Store, NothingFromAStreamIsSharedBeforeItIsProven) {
  auto store = open(), other = open();
  keep(*store, "aa1", {0, 1});
  keep(*store, "bb2", {1});
  EXPECT_EQ(other->find("aa1"), "");
  EXPECT_NE(store->find("aa1"), "");
  store->proven(1);
  EXPECT_EQ(other->find("aa1"), "");
  EXPECT_NE(other->find("bb2"), "");
  store->proven(0);
  EXPECT_NE(other->find("aa1"), "");
  keep(*store, "cc3", {0, 1});
  EXPECT_NE(other->find("cc3"), "") << "finished after the proof";
}

TEST_F(Store, TheFirstOfTwoEqualSegmentsStays) {
  auto first = open(), second = open();
  keep(*first, "aa1");
  keep(*second, "aa1");
  EXPECT_THAT(shared(), ElementsAre("aa1"));
  EXPECT_NE(first->find("aa1"), second->find("aa1"));
  first.reset();
  EXPECT_EQ(read_bytes(second->find("aa1")).substr(0, 3), "aa1");
}

TEST_F(Store, KnowsARunThatIsNoMoreByItsLock) {
  auto alive = open();
  fs::create_directories(dir / "cache/runs/dead");
  test::write_bytes(dir / "cache/runs/dead/lock", "");
  test::write_bytes(dir / "cache/runs/dead/x.part", "12345");
  fs::create_directories(dir / "cache/runs/new-young");
  fs::create_directories(dir / "cache/runs/new-old");
  fs::last_write_time(dir / "cache/runs/new-old", fs::file_time_type::clock::now() - std::chrono::hours(2));
  const Removed removed = remove_left_behind(dir / "cache");
  EXPECT_EQ(removed.entries, 2);
  EXPECT_EQ(removed.bytes, 5U);
  EXPECT_TRUE(fs::exists(dir / "cache/runs/new-young")) << "another run is just taking its lock";
  keep(*alive, "aa1");
  EXPECT_NE(alive->find("aa1"), "");
}

// Stores that come and go, find, keep, trim and clear at once: none fails, none loses what it has.
TEST_F(Store, ManyUseOneFolder) {
  std::atomic<int> lost = 0;
  std::atomic<bool> over = false;
  std::jthread cleaner([&] {
    for (int i = 0; !over; ++i) {
      if (i % 2 == 0) clear_cache(dir / "cache");
      trim_segments(dir / "cache", 300);
      remove_left_behind(dir / "cache");
    }
  });
  {
    std::vector<std::jthread> users;
    for (int u = 0; u < 4; ++u) {
      users.emplace_back([&, u] {
        for (int run = 0; run < 12; ++run) {
          auto store = open(300);
          for (int i = 0; i < 6; ++i) {
            const std::string key = "k" + std::to_string((u + i * run) % 9);
            if (store->find(key).empty()) keep(*store, key);
            const std::string path = store->find(key);
            lost += path.empty() || read_bytes(path).substr(0, 2) != key;
          }
        }
      });
    }
  }
  over = true;
  cleaner.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(folders_of_runs(), 0);
  EXPECT_LE(shared_bytes(), 300U);
}

}  // namespace
}  // namespace avstage::run
