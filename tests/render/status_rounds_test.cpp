#include "run/clips/status_rounds.h"
#include "render/vendor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <deque>
#include <thread>

#include "support/fault_server.h"

/// How many requests it takes to wait for many clips, and what one of them can do to the others.
namespace avstage::test {
namespace {

/// Repeats without delay.
class QuickClock : public Clock {
 public:
  bool sleep(std::chrono::milliseconds, const std::stop_token& stop) override {
    return !stop.stop_requested();
  }
};

/// A vendor whose videos are as `words` says; "" leaves one out of the bulk answer.
class Statuses : public testing::Test {
 protected:
  void answer(const HttpRequest& r, Connection& c) {
    std::lock_guard lock(mutex);
    const std::string bulk = "/v3/videos/statuses?video_ids=";
    if (!r.target.starts_with(bulk)) {
      const std::string id = r.target.substr(r.target.rfind('/') + 1);
      ++singles[id];
      std::string word = words.contains(id) && !words[id].empty() ? words[id] : "processing";
      c.respond(200,
                fmt::format(R"({{"data":{{"status":"{}","video_url":"https://host/{}.mp4"}}}})", word, id),
                kJson);
      return;
    }
    ++bulks;
    if (bulk_status != 200) return void(c.respond(bulk_status, "{}", kJson));
    if (dropped-- > 0) return c.reset();
    std::string items, ids = r.target.substr(bulk.size()) + ",";
    for (std::size_t at = 0, comma = 0; (comma = ids.find(',', at)) != std::string::npos; at = comma + 1) {
      const std::string id = ids.substr(at, comma - at);
      const std::string word = words.contains(id) ? words[id] : "processing";
      if (word.empty()) continue;
      items += fmt::format(R"({}{{"video_id":"{}","status":"{}"}})", items.empty() ? "" : ",", id, word);
    }
    largest = std::max(largest, std::count(ids.begin(), ids.end(), ','));
    c.respond(200, fmt::format(R"({{"data":[{}]}})", items), kJson);
  }

  void watch(int count) {
    for (int i = 0; i < count; ++i) watches.emplace_back(rounds, fmt::format("v{}", i));
  }

  /// Everybody's turn, one after the other.
  std::vector<std::string> turn() {
    std::vector<std::string> out;
    for (auto& watch : watches) out.push_back(watch.ask({}).word);
    return out;
  }

  int single_requests() {
    int n = 0;
    for (const auto& [id, count] : singles) n += count;
    return n;
  }

  std::mutex mutex;
  std::map<std::string, std::string> words;
  std::map<std::string, int> singles;
  int bulks = 0, bulk_status = 200, dropped = 0;
  std::ptrdiff_t largest = 0;
  FaultServer server{[this](const HttpRequest& r, Connection& c) { answer(r, c); }};
  QuickClock quick;
  net::Client client{{.allow_http = true}};
  std::unique_ptr<heygen::Provider> provider = heygen::make_v3(client, {server.url(""), "key"}, quick);
  run::StatusRounds rounds{*provider, system_clock()};
  std::deque<run::StatusRounds::Watch> watches;
};

TEST_F(Statuses, AHundredAndTwentyClipsTakeTwoRequestsARound) {
  constexpr int clips = 120, turns = 4;
  watch(clips);
  std::vector<int> after;
  std::barrier everybody(clips, [&]() noexcept { after.push_back(bulks); });
  {
    std::vector<std::jthread> threads;
    for (auto& watch : watches) {
      threads.emplace_back([&] {
        for (int i = 0; i < turns; ++i) {
          EXPECT_EQ(watch.ask({}).word, "processing");
          everybody.arrive_and_wait();
        }
      });
    }
  }
  EXPECT_THAT(after, testing::ElementsAre(2, 4, 6, 8));
  EXPECT_EQ(single_requests(), 0);
  EXPECT_EQ(largest, 100);
}

TEST_F(Statuses, OneClipAloneIsAskedForByItself) {
  watch(1);
  turn();
  EXPECT_EQ(bulks, 0);
  EXPECT_EQ(single_requests(), 1);
}

TEST_F(Statuses, WhatIsOverIsAskedForAloneAndDisturbsNobody) {
  watch(4);
  words = {{"v1", "completed"}, {"v2", "failed"}};
  EXPECT_EQ(watches[0].ask({}).word, "processing");
  EXPECT_EQ(watches[1].ask({}).state, heygen::VideoStatus::State::completed);
  EXPECT_EQ(watches[2].ask({}).state, heygen::VideoStatus::State::failed);
  EXPECT_EQ(watches[3].ask({}).word, "processing");
  EXPECT_EQ(bulks, 1);
  EXPECT_EQ(singles, (std::map<std::string, int>{{"v1", 1}, {"v2", 1}}));
}

TEST_F(Statuses, ANewVideoMayMissARoundBeforeItIsAskedForAlone) {
  watch(3);
  words = {{"v1", ""}};
  EXPECT_EQ(turn(), (std::vector<std::string>{"processing", "not_found", "processing"}));
  EXPECT_EQ(single_requests(), 0);
  EXPECT_EQ(turn(), (std::vector<std::string>{"processing", "processing", "processing"}));
  EXPECT_EQ(singles, (std::map<std::string, int>{{"v1", 1}}));
  words = {};
  turn();
  EXPECT_EQ(single_requests(), 1) << "it is in the list by now";
}

TEST_F(Statuses, AnUnknownWordIsJudgedByAQuestionOfItsOwn) {
  watch(2);
  words = {{"v1", "dreaming"}};
  EXPECT_EQ(turn(), (std::vector<std::string>{"processing", "dreaming"}));
  EXPECT_EQ(singles, (std::map<std::string, int>{{"v1", 1}}));
}

TEST_F(Statuses, WhereTheSharedQuestionIsRefusedEachAsksForItself) {
  watch(3);
  bulk_status = 400;
  turn();
  turn();
  EXPECT_EQ(bulks, 1) << "a refusal holds";
  EXPECT_EQ(single_requests(), 6);
}

TEST_F(Statuses, ATroubleOfTheSharedQuestionIsNobodysEnd) {
  watch(3);
  dropped = 5;  // all tries of the first round
  turn();
  EXPECT_EQ(single_requests(), 3);
  turn();
  EXPECT_EQ(bulks, 6);
  EXPECT_EQ(single_requests(), 3);
}

TEST_F(Statuses, NewsEndTheSleepOfTheOneItIsAbout) {
  using namespace std::chrono_literals;
  watch(2);
  turn();
  words = {{"v1", "completed"}};
  std::jthread sleeper([&] { EXPECT_TRUE(watches[1].sleep(1h, {})); });
  watches[0].ask({});
  sleeper.join();
  EXPECT_EQ(watches[1].ask({}).state, heygen::VideoStatus::State::completed);
  std::stop_source stop;
  std::jthread stopped([&] { EXPECT_FALSE(watches[0].sleep(1h, stop.get_token())); });
  stop.request_stop();
}

TEST_F(Statuses, WhoeverIsStoppedLeavesTheQuestionToTheOthers) {
  watch(2);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(watches[0].ask(stop.get_token()), Error);
  EXPECT_EQ(watches[1].ask({}).word, "processing");
  EXPECT_EQ(bulks, 1);
}

}  // namespace
}  // namespace avstage::test
