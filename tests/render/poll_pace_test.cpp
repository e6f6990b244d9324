#include "run/clips/poll_pace.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>

#include "render/bench.h"
#include "render/vendor.h"
#include "run/production.h"

namespace avstage::run {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kLeast = 5s, kMost = 30s;

struct Waited {
  int questions = 0;
  milliseconds late{};  ///< from completed to the question that hears of it
};

/// A clip that is completed `made` after the order.
Waited wait_for(const PollPace& pace, milliseconds made) {
  Waited w;
  for (milliseconds at{0};; at += pace.next(at)) {
    ++w.questions;
    if (at < made) continue;
    w.late = at - made;
    return w;
  }
}

TEST(PollPace, IsPoliteAndNeverMuchLateWhateverTheTruth) {
  for (const auto& expected : {std::optional<milliseconds>(), {60s}, {120s}, {600s}, {1h}}) {
    const PollPace pace(kLeast, kMost, expected);
    for (milliseconds made = 1s; made < 40min; made += 7s) {
      const Waited w = wait_for(pace, made);
      EXPECT_LE(w.late, kMost) << made.count();
      EXPECT_LE(w.questions, 2 + made / kLeast);
    }
    for (milliseconds at{0}; at < 2h; at += 1s) {
      EXPECT_GE(pace.next(at), kLeast);
      EXPECT_LE(pace.next(at), kMost);
    }
  }
}

TEST(PollPace, IsLateByAnEighthAtMostWhereNothingIsKnown) {
  const PollPace pace(kLeast, kMost, std::nullopt);
  int questions = 0;
  for (milliseconds made = 1s; made < 20min; made += 1s) {
    const Waited w = wait_for(pace, made);
    EXPECT_LE(w.late, std::max<milliseconds>(kLeast, made / 8)) << made.count();
    questions = std::max(questions, w.questions);
  }
  EXPECT_LE(questions, 60);
}

TEST(PollPace, AsksSeldomBeforeAndOftenAboutTheExpectedTime) {
  const PollPace knows(kLeast, kMost, 160s), guesses(kLeast, kMost, std::nullopt);
  for (milliseconds made = 120s; made < 240s; made += 1s) {
    const Waited w = wait_for(knows, made);
    EXPECT_LE(w.late, 10s) << made.count();
    EXPECT_LE(w.questions, 5 + 13);
  }
  milliseconds late_knowing{}, late_guessing{};
  for (milliseconds made = 140s; made < 180s; made += 1s) {
    late_knowing += wait_for(knows, made).late;
    late_guessing += wait_for(guesses, made).late;
  }
  EXPECT_LT(late_knowing * 3 / 2, late_guessing);
  EXPECT_LT(wait_for(knows, 140s).questions, wait_for(guesses, 140s).questions);
}

ledger::Entry purchase(std::int64_t took, double duration) {
  ledger::Entry e;
  e.state = ledger::State::completed;
  e.dialect = "v3";
  e.submitted_at = 1000;
  e.settled_at = 1000 + took;
  e.duration = duration;
  return e;
}

TEST(PollPace, LearnsFromThePurchasesOfTheLedger) {
  std::vector<ledger::Entry> known{purchase(60, 20), purchase(90, 30)};
  EXPECT_FALSE(expected_making(known, "v3", 20)) << "two are too few";
  known.push_back(purchase(35, 10));
  EXPECT_EQ(expected_making(known, "v3", 20), 60s) << "three seconds a second, the median";
  EXPECT_EQ(expected_making(known, "v3", 0), 60s) << "of unknown length: the median of all";
  EXPECT_FALSE(expected_making(known, "v2", 20)) << "another API";
  ledger::Entry resumed = purchase(3 * 86400, 10), failed = purchase(1, 10), endless = purchase(20, 0);
  failed.state = ledger::State::failed;
  for (int i = 0; i < 9; ++i) known.insert(known.begin(), {resumed, failed, endless});
  EXPECT_EQ(expected_making(known, "v3", 20), 60s) << "neither what was taken up days later nor what failed";
  std::vector<ledger::Entry> lately(20, purchase(10, 10));
  known.insert(known.begin(), lately.begin(), lately.end());
  EXPECT_EQ(expected_making(known, "v3", 20), 20s) << "the vendor has become quicker";
}

/// Sleeps in no time and moves by as much.
class QuickClock : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override { return Clock::now() + milliseconds(slept); }
  std::int64_t unix_seconds() const override { return 1'790'000'000 + slept / 1000; }
  bool sleep(milliseconds duration, const std::stop_token& stop) override {
    slept += duration.count();
    if (moved) moved();
    return Clock::sleep(0ms, stop);
  }
  std::atomic<std::int64_t> slept = 0;
  std::function<void()> moved;
};

/// Runs against a vendor in earnest, not a stand-in: their patience is that of every day.
class Waiting : public test::Bench {
 protected:
  void SetUp() override {
    ::setenv("HEYGEN_API_KEY", "canary-key-1234", 1);
    ::setenv("HEYGEN_ALLOW_HTTP", "1", 1);
    test::Vendor::Script script{.clip = counter_clip(1)};
    script.duration = 1;
    vendor = std::make_unique<test::Vendor>(script);
  }
  void TearDown() override {
    ::unsetenv("HEYGEN_API_KEY");
    ::unsetenv("HEYGEN_ALLOW_HTTP");
  }

  /// Another clip of one second, completed `made` after the order.
  Waited buy(milliseconds made) {
    const Job j = job(fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, "heygen": {{ "api": "v3" }},
      "clips": [ {{ "avatar": {{ "id": "a", "voice": "v", "take": {0}, "say": "fifteen letters" }} }} ],
      "outputs": [ {{ "path": "out{0}.mp4" }} ] }})",
        ++take));
    Settings s = settings();
    s.api_base = vendor->url();
    vendor->set_status("processing");
    Waited w;
    std::atomic<std::int64_t> completed = INT64_MAX;
    clock.moved = [&] {
      if (clock.slept >= completed) vendor->set_status("completed");
    };
    Session session(s, j.heygen, {}, clock, nullptr);
    render_in(session, j,
              [&](const Event& e) {
                if (e.kind == Event::Kind::submitted) completed = clock.slept + made.count();
                if (e.kind == Event::Kind::waiting) ++w.questions;
                if (e.kind == Event::Kind::completed) w.late = milliseconds(clock.slept - completed);
              },
              {});
    return w;
  }

  QuickClock clock;
  std::unique_ptr<test::Vendor> vendor;
  int take = 0;
};

// A wait is a fifth longer or shorter by chance.
TEST_F(Waiting, IsShorterAtItsEndOnceTheLedgerKnowsHowLongClipsTake) {
  for (int i = 0; i < 3; ++i) {
    const Waited w = buy(160s);
    EXPECT_LE(w.late, milliseconds(160s) / 8 * 6 / 5);
    EXPECT_GE(w.questions, 10);
  }
  const Waited w = buy(165s);
  EXPECT_GE(w.late, 0s);
  EXPECT_LE(w.late, milliseconds(186s) / 16 * 6 / 5) << "186 s is the most it can have learnt";
  EXPECT_LE(w.questions, 14);
  EXPECT_EQ(vendor->charges(), 4);
}

}  // namespace
}  // namespace avstage::run
