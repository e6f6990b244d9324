#include <gmock/gmock.h>

#include <fmt/format.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "avstage/ledger.h"
#include "render/bench.h"
#include "render/vendor.h"
#include "run/production.h"

/// What a purchase does when days, or the vendor's own idea of time, lie between two acts.
namespace avstage::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Sleeps in no time, moves by as much, and can be turned.
class TurnedClock : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::now() + slept();
  }
  std::int64_t unix_seconds() const override {
    return (per_reading > 0 ? began : Clock::unix_seconds()) + turned + per_reading * readings++ +
           std::chrono::duration_cast<std::chrono::seconds>(slept()).count();
  }
  bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop) override {
    slept_ms += duration.count();
    return Clock::sleep(std::min(duration, 5ms), stop);
  }
  std::chrono::milliseconds slept() const { return std::chrono::milliseconds(slept_ms); }
  const std::int64_t began = Clock::unix_seconds();
  std::int64_t turned = 0, per_reading = 0;  ///< the latter: and then by nothing else but sleep
  mutable std::atomic<std::int64_t> readings = 0;
  std::atomic<std::int64_t> slept_ms = 0;
};

class Days : public Bench {
 protected:
  std::string text(const std::string& api = "v3", const std::string& deadline = "20m") const {
    return R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "heygen": { "deadline": ")" +
           deadline + R"(", "api": ")" + api +
           R"(" }, "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "hello" } } ], "output": "out.mp4" })";
  }

  /// The exit code and what was said.
  std::pair<int, std::string> run_at(const std::string& job_text, const Settings& s) {
    const Job j = job(job_text);
    try {
      run::Session session(s, j.heygen, {}, clock, nullptr);
      run::render_in(session, j, [&](const Event& e) { words += e.text + "\n"; }, {});
      return {0, ""};
    } catch (const Error& e) {
      return {e.exit_code(), e.message()};
    }
  }

  Vendor::Script script() {
    Vendor::Script s{.clip = counter_clip(1)};
    s.duration = 1;
    return s;
  }

  TurnedClock clock;
  std::string words;
};

TEST_F(Days, AnAnswerLostOnFridayIsFoundOnMonday) {
  Vendor::Script s = script();
  s.lose_answers = 1000;
  Vendor vendor(s);
  EXPECT_EQ(run_at(text(), settings(vendor.url())).first, 4);
  const int creates = vendor.creates();
  EXPECT_GT(creates, 1) << "within the window the same key is sent again";
  EXPECT_EQ(vendor.charges(), 1);
  clock.turned += 3 * 86400;
  auto [code, message] = run_at(text(), settings(vendor.url()));
  EXPECT_EQ(code, 0) << message;
  EXPECT_EQ(vendor.creates(), creates) << "after the window the key may buy anew: it must not be sent";
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_F(Days, TheSameKeyIsSentAgainUpToTheEndOfTheWindow) {
  Vendor::Script s = script();
  s.lose_answers = 6;
  Vendor vendor(s);
  EXPECT_EQ(run_at(text(), settings(vendor.url())).first, 4);
  EXPECT_EQ(vendor.creates(), 6);
  clock.turned += 22 * 3600;
  EXPECT_EQ(run_at(text(), settings(vendor.url())).first, 0);
  EXPECT_EQ(vendor.creates(), 7);
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_F(Days, AClockThatWasTurnedBackIsNoReasonToTrustTheKey) {
  Vendor::Script s = script();
  s.lose_answers = 1000;
  Vendor vendor(s);
  EXPECT_EQ(run_at(text(), settings(vendor.url())).first, 4);
  const int creates = vendor.creates();
  clock.turned -= 3 * 86400;
  EXPECT_EQ(run_at(text(), settings(vendor.url())).first, 0);
  EXPECT_EQ(vendor.creates(), creates);
}

TEST_F(Days, WhatIsNotFoundOnMondayIsForAHumanWhoIsToldTheCommand) {
  Vendor::Script s = script();
  s.create_status = 504;
  s.create_answer = "<html>gateway timeout</html>";
  Vendor vendor(s);
  EXPECT_EQ(run_at(text(), settings(vendor.url())).first, 4);
  const int creates = vendor.creates();
  clock.turned += 3 * 86400;
  auto [code, message] = run_at(text(), settings(vendor.url()));
  EXPECT_EQ(code, 9);
  const std::string tag = ledger::Ledger::open(dir / "state", clock)->list().front().tag;
  const std::string command = fmt::format("avstage ledger settle {} --state {}", tag, dir / "state");
  EXPECT_THAT(message,
              testing::AllOf(HasSubstr(command + " --video-id ID"), HasSubstr(command + " --not-bought")));
  EXPECT_EQ(vendor.creates(), creates);
  ledger_settle(settings(), tag, std::nullopt);
  Vendor mended(script());
  EXPECT_EQ(run_at(text(), settings(mended.url())).first, 0);
  EXPECT_EQ(mended.charges(), 1);
  const auto entries = ledger::Ledger::open(dir / "state", clock)->list();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_NE(entries[0].idempotency_key, entries[1].idempotency_key);
}

TEST_F(Days, AnIdGivenByHandIsFetchedAndNotBought) {
  Vendor::Script s = script();
  s.lose_answers = 1;
  s.unlisted = true;
  Vendor vendor(s);
  EXPECT_EQ(run_at(text("v2"), settings(vendor.url())).first, 9);
  const std::string tag = ledger::Ledger::open(dir / "state", clock)->list().front().tag;
  ledger_settle(settings(), tag, "00000000000000000000000000000001");
  EXPECT_EQ(run_at(text("v2"), settings(vendor.url())).first, 0);
  EXPECT_EQ(vendor.creates(), 1);
}

TEST_F(Days, ASecondThatHasJustBegunHasNotPassed) {
  Vendor::Script s = script();
  s.lose_answers = 1;
  s.unlisted = true;
  Vendor vendor(s);
  clock.per_reading = 1;  // the answer is lost in the second after the order's
  EXPECT_EQ(run_at(text("v2"), settings(vendor.url())).first, 9);
  EXPECT_GE(clock.slept(), 500ms) << "the list is not believed sooner";
}

/// A vendor that says "later" to the first orders or questions, in the words of `headers`.
class Later : public Days {
 protected:
  void later(std::deque<std::string> headers) {
    inner = std::make_unique<Vendor>(script());
    front = std::make_unique<FaultServer>([this, headers](const HttpRequest& r, Connection& c) mutable {
      std::string header;
      bool say_later = false;
      {
        std::lock_guard lock(mutex);
        const bool meant = busy_at.empty() ? r.method == "POST" : r.target.starts_with(busy_at);
        say_later = meant && !headers.empty();
        if (say_later) {
          header = headers.front();
          headers.pop_front();
          ++refused;
        }
      }
      if (say_later) {
        c.respond(429, R"({"error":{"code":"rate_limit_exceeded","message":"slow down"}})", kJson + header);
        return;
      }
      net::Request out{.method = r.method, .url = inner->url() + r.target, .body = r.body};
      if (!r.header("idempotency-key").empty())
        out.headers = {{"Idempotency-Key", r.header("idempotency-key")}};
      net::Response response = client.perform(out);
      c.respond(static_cast<int>(response.status), response.body, kJson);
    });
  }
  net::Client client{{.allow_http = true}};
  std::mutex mutex;
  int refused = 0, number = 0;
  std::string busy_at;  ///< of the targets that are refused; "": orders
  std::unique_ptr<Vendor> inner;
  std::unique_ptr<FaultServer> front;
};

TEST_F(Later, TheVendorsWishIsWaitedForWhicheverWayItIsSaid) {
  struct Case {
    std::string header;
    std::int64_t least, most;  ///< seconds slept
  };
  for (const Case& c :
       {Case{"Retry-After: 90\r\n", 90, 100}, Case{"Retry-After: 0\r\n", 0, 9}, Case{"", 0, 9},
        Case{"Retry-After: -5\r\n", 0, 9}, Case{"Retry-After: soon\r\n", 0, 9},
        Case{"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", 0, 9}}) {
    later({c.header});
    clock.slept_ms = 0;
    Settings s = settings(front->url(""));
    s.state_dir = dir / ("state" + std::to_string(++number));
    s.overwrite = true;
    auto [code, message] = run_at(text(), s);
    EXPECT_EQ(code, 0) << c.header << message;
    EXPECT_EQ(refused, number) << c.header;
    EXPECT_EQ(inner->charges(), 1) << c.header;
    EXPECT_GE(clock.slept() / 1s, c.least) << c.header;
    EXPECT_LE(clock.slept() / 1s, c.most) << c.header;
  }
  EXPECT_THAT(words, HasSubstr("the vendor asks to wait 90 s")) << "waits visibly";
}

TEST_F(Later, MoreThanMaxWaitEndsAtOnceWithNothingBought) {
  for (const char* header : {"Retry-After: 61\r\n", "Retry-After: 9000000000000000000\r\n",
                             "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n"}) {
    later({header});
    Settings s = settings(front->url(""));
    s.max_wait = 60;
    clock.slept_ms = 0;
    auto [code, message] = run_at(text(), s);
    EXPECT_EQ(code, 4) << message;
    EXPECT_THAT(message, testing::AllOf(HasSubstr("--max-wait"), HasSubstr("60 s"),
                                        HasSubstr("nothing is bought twice")));
    EXPECT_LT(clock.slept(), 5s);
    EXPECT_EQ(inner->charges(), 0);
  }
  EXPECT_EQ(run_at(text(), settings(front->url(""))).first, 0) << "a later run buys it";
  EXPECT_EQ(inner->charges(), 1);
}

TEST_F(Later, AVendorThatIsAlwaysBusyEndsByMaxWait) {
  later(std::deque<std::string>(500, "Retry-After: 0\r\n"));
  auto [code, message] = run_at(text(), settings(front->url("")));
  EXPECT_EQ(code, 4) << message;
  EXPECT_LE(clock.slept(), 601s);
  EXPECT_LT(refused, 100);
  EXPECT_EQ(inner->charges(), 0);
}

TEST_F(Later, MaxWaitHoldsForTheQuestionsToo) {
  busy_at = "/v3/videos/";
  later(std::deque<std::string>(20, "Retry-After: 7\r\n"));
  Settings s = settings(front->url(""));
  s.max_wait = 60;
  auto [code, message] = run_at(text(), s);
  EXPECT_EQ(code, 4) << message;
  EXPECT_THAT(message, testing::AllOf(HasSubstr("clip 'h': the vendor asks to wait 7 s"),
                                      HasSubstr("--max-wait"), HasSubstr("nothing is bought twice")));
  EXPECT_EQ(refused, 9) << "eight waits of 7 s fit";
  EXPECT_LE(clock.slept(), 61s);
  s.max_wait = 600;
  EXPECT_EQ(run_at(text(), s).first, 0) << "and ten more fit into ten minutes";
  EXPECT_EQ(refused, 20);
  EXPECT_EQ(inner->charges(), 1);
}

TEST_F(Later, ManyRefusalsWithinMaxWaitAreNoReasonToGiveUp) {
  later(std::deque<std::string>(12, "Retry-After: 20\r\n"));
  EXPECT_EQ(run_at(text(), settings(front->url(""))).first, 0);
  EXPECT_EQ(refused, 12);
  EXPECT_EQ(inner->charges(), 1);
}

TEST_F(Days, ARunEndsAtItsDeadlineAndALaterOneGoesOn) {
  Vendor::Script s = script();
  s.status = "processing";
  Vendor vendor(s);
  Settings short_run = settings(vendor.url());
  short_run.deadline = Rational(3, 2);
  auto [code, message] = fail(text(), short_run);
  EXPECT_EQ(code, 4);
  EXPECT_THAT(message, testing::AllOf(HasSubstr("--deadline"), HasSubstr("nothing is bought twice")));
  vendor.set_status("completed");
  EXPECT_EQ(run(text(), settings(vendor.url())).outputs.at(0).frames, 25);
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_F(Days, AClipEndsAtItsDeadline) {
  Vendor::Script s = script();
  s.status = "processing";
  Vendor vendor(s);
  auto [code, message] = run_at(text("v3", "5m"), settings(vendor.url()));
  EXPECT_EQ(code, 4);
  EXPECT_THAT(message, HasSubstr("deadline of 300 s"));
  EXPECT_LE(clock.slept(), 301s);
}

}  // namespace
}  // namespace avstage::test
