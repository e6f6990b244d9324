#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench.h"
#include "support/log_guard.h"

namespace avstage {
namespace {

using heygen::VideoStatus;
using test::always;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using State = VideoStatus::State;

std::string v2_body(const std::string& data) {
  return R"({"code":100,"message":"Success","data":)" + data + "}";
}
std::string v3_body(const std::string& data) {
  return R"({"data":)" + data + "}";
}

VideoStatus status(test::Bench& bench) {
  return bench.provider->status("id/1", {});
}

Error thrown(test::Bench& bench) {
  try {
    status(bench);
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorCode::bug, ""};
}

TEST(Status, IsAskedAtTheDialectsOwnAddress) {
  test::Bench v2 = always("v2", {200, v2_body(R"({"status":"pending"})")});
  status(v2);
  EXPECT_EQ(v2.server.received()[0].method + " " + v2.server.received()[0].target,
            "GET /v1/video_status.get?video_id=id%2F1");
  test::Bench v3 = always("v3", {200, v3_body(R"({"status":"pending"})")});
  status(v3);
  EXPECT_EQ(v3.server.received()[0].target, "/v3/videos/id%2F1");
  EXPECT_EQ(v3.server.received()[0].headers["x-api-key"], test::canary_key);
}

TEST(Status, ReadsACompletedVideoInBothDialects) {
  test::Bench v2 = always(
      "v2",
      {200, v2_body(R"({"status":"completed","video_url":"https://v","caption_url":"https://c",)"
                    R"("thumbnail_url":"https://t","gif_url":"https://g","duration":5.24,"error":null})")});
  test::Bench v3 = always(
      "v3", {200, v3_body(R"({"status":"completed","video_url":"https://v","subtitle_url":"https://c",)"
                          R"("thumbnail_url":"https://t","gif_url":"https://g","duration":"5.24"})")});
  for (test::Bench* bench : {&v2, &v3}) {
    VideoStatus got = status(*bench);
    EXPECT_EQ(got.state, State::completed);
    EXPECT_EQ(got.word, "completed");
    EXPECT_EQ(got.video_url + got.caption_url + got.thumbnail_url + got.gif_url,
              "https://vhttps://chttps://thttps://g");
    EXPECT_EQ(got.duration, 5.24);
    EXPECT_FALSE(got.error);
    EXPECT_FALSE(got.unpaid);
  }
  EXPECT_THAT(test::logged_lines(), IsEmpty());
}

TEST(Status, WordsOtherThanCompletedAndFailedArePending) {
  for (const char* word : {"pending", "waiting", "processing", "queued", "moderating", "COMPLETED"}) {
    for (const char* dialect : {"v2", "v3"}) {
      test::Bench bench = always(dialect, {200, fmt::format(R"({{"data":{{"status":"{}"}}}})", word)});
      EXPECT_EQ(status(bench).state, State::pending) << word;
    }
  }
}

TEST(Status, WarnsOncePerUnknownWord) {
  std::vector<std::string> words{"draft", "draft", "paused", "pending", "draft"};
  std::size_t at = 0;
  test::Bench bench("v2", [&](const test::Received&) {
    return test::Reply{200, v2_body(fmt::format(R"({{"status":"{}"}})", words[at++]))};
  });
  for (std::size_t i = 0; i < words.size(); ++i) status(bench);
  EXPECT_THAT(test::logged_lines(), ElementsAre("unknown video status 'draft': still waiting",
                                                "unknown video status 'paused': still waiting"));
}

TEST(Status, CompletedWithoutAUrlIsPending) {
  for (const char* url : {"null", "\"\"", "[\"https://v\"]"}) {
    test::Bench bench =
        always("v2", {200, v2_body(fmt::format(R"({{"status":"completed","video_url":{}}})", url))});
    VideoStatus got = status(bench);
    EXPECT_EQ(got.state, State::pending);
    EXPECT_EQ(got.word, "completed");
  }
}

TEST(Status, AUrlBesideAnInsufficientCreditErrorIsTheUnpaidVersion) {
  test::Bench bench = always(
      "v2",
      {200, v2_body(R"({"status":"completed","video_url":"https://v","error":)"
                    R"({"code":"MOVIO_PAYMENT_INSUFFICIENT_CREDIT","message":"Insufficient credit"}})")});
  VideoStatus got = status(bench);
  EXPECT_EQ(got.state, State::completed);
  EXPECT_TRUE(got.unpaid);
  EXPECT_EQ(got.error->code, "MOVIO_PAYMENT_INSUFFICIENT_CREDIT");
}

TEST(Status, AUrlBesideAnotherErrorIsCompletedWithOneWarning) {
  test::Bench bench = always("v2", {200, v2_body(R"({"status":"completed","video_url":"https://v","error":)"
                                                 R"({"code":40056,"message":"odd"}})")});
  for (int i = 0; i < 2; ++i) {
    VideoStatus got = status(bench);
    EXPECT_EQ(got.state, State::completed);
    EXPECT_FALSE(got.unpaid);
  }
  EXPECT_THAT(test::logged_lines(),
              ElementsAre("video id/1 is completed, with an error beside it: code 40056: odd"));
}

TEST(Status, AFailureCarriesTheVendorsWords) {
  struct Case {
    std::string dialect, body, expected;
    bool money;
  };
  const std::vector<Case> cases{
      {"v2",
       v2_body(
           R"({"status":"failed","error":{"code":40119,"detail":"3600 s","message":"Video is too long"}})"),
       "code 40119: Video is too long (3600 s)", false},
      {"v2", v2_body(R"({"status":"failed","error":{"code":"MOVIO_PAYMENT_INSUFFICIENT_CREDIT"}})"),
       "code MOVIO_PAYMENT_INSUFFICIENT_CREDIT", true},
      {"v2", v2_body(R"({"status":"failed","error":"plain words"})"), "plain words", false},
      {"v2", v2_body(R"({"status":"failed"})"), "no reason given", false},
      {"v3", v3_body(R"({"status":"failed","failure_code":"moderation","failure_message":"not allowed"})"),
       "code moderation: not allowed", false},
      {"v3",
       v3_body(R"({"status":"failed","failure_code":"insufficient_credit","failure_message":"top up"})"),
       "code insufficient_credit: top up", true},
      {"v3", v3_body(R"({"status":"failed","error":{"code":7,"message":"nested"}})"), "code 7: nested",
       false},
  };
  for (const Case& c : cases) {
    test::Bench bench = always(c.dialect, {200, c.body});
    VideoStatus got = status(bench);
    EXPECT_EQ(got.state, State::failed) << c.body;
    EXPECT_EQ(got.error->str(), c.expected);
    EXPECT_EQ(got.error->money, c.money) << c.body;
  }
}

TEST(Status, NotFoundIsPending) {
  test::Bench bench = always("v3", {404, R"({"error":{"code":"video_not_found","message":"?"}})"});
  VideoStatus got = status(bench);
  EXPECT_EQ(got.state, State::pending);
  EXPECT_EQ(got.word, "not_found");
  EXPECT_EQ(bench.server.received().size(), 1u);
}

TEST(Status, IsRepeatedUntilTheTroubleIsOver) {
  const std::vector<test::Reply> troubles{
      {500, ""}, {429, "", {"Retry-After: 3"}}, {.drop = true}, {200, R"({"data":{"stat)"}};
  std::size_t at = 0;
  test::Bench bench("v3", [&](const test::Received&) {
    return at < troubles.size() ? troubles[at++] : test::Reply{200, v3_body(R"({"status":"waiting"})")};
  });
  EXPECT_EQ(status(bench).word, "waiting");
  EXPECT_EQ(bench.server.received().size(), 5u);
  ASSERT_EQ(bench.clock.slept.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_LE(bench.clock.slept[i].count(), i == 1 ? 3000 : 500 << i);
  }
  EXPECT_EQ(bench.clock.slept[1], std::chrono::seconds(3));
}

TEST(Status, DoesNotSleepForAsLongAsAHugeRetryAfterAsks) {
  test::Bench bench = always("v3", {429, "", {"Retry-After: 999999999"}});
  EXPECT_EQ(thrown(bench).code(), ErrorCode::network);
  for (auto slept : bench.clock.slept) EXPECT_EQ(slept, std::chrono::seconds(60));
}

TEST(Status, GivesUpWithTheRightCode) {
  struct Case {
    test::Reply reply;
    ErrorCode code;
    std::size_t requests;
    std::string part;
  };
  const std::vector<Case> cases{
      {{503, "<html>down</html>"},
       ErrorCode::network,
       5,
       "gave up after 5 tries: unexpected answer: <html>down"},
      {{.drop = true}, ErrorCode::network, 5, "gave up after 5 tries"},
      {{429, ""}, ErrorCode::network, 5, "gave up after 5 tries"},
      {{401, ""}, ErrorCode::money, 1, "HTTP 401"},
      {{403, R"({"message":"no permission"})"}, ErrorCode::money, 1, "no permission"},
      {{402, R"({"error":{"code":"insufficient_credit"}})"}, ErrorCode::money, 1, "insufficient_credit"},
      {{200, R"({"code":400112,"message":"Unauthorized","data":null})"}, ErrorCode::money, 1, "code 400112"},
      {{400, R"({"code":40031,"message":"bad video id"})"}, ErrorCode::vendor, 1, "code 40031: bad video id"},
      {{410, ""}, ErrorCode::vendor, 1, "HTTP 410"},
      {{200, "<html>"}, ErrorCode::vendor, 5, "unexpected answer: <html>"},
      {{200, ""}, ErrorCode::vendor, 5, "unexpected empty answer"},
      {{200, R"({"data":{"status":7}})"}, ErrorCode::vendor, 5, "unexpected answer"},
      {{200, R"({"data":[]})"}, ErrorCode::vendor, 5, "unexpected answer"},
      {{200, std::string(100'000, '[')}, ErrorCode::vendor, 5, "unexpected answer"},
  };
  for (const Case& c : cases) {
    for (const char* dialect : {"v2", "v3"}) {
      test::Bench bench = always(dialect, c.reply);
      Error error = thrown(bench);
      EXPECT_EQ(error.code(), c.code) << error.message();
      EXPECT_THAT(error.message(), HasSubstr(c.part));
      EXPECT_EQ(bench.server.received().size(), c.requests) << c.part;
    }
  }
}

TEST(Status, StopsWhileItWaitsForTheNextTry) {
  std::stop_source stop;
  test::Bench bench("v3", [&](const test::Received&) {
    stop.request_stop();
    return test::Reply{500, ""};
  });
  try {
    bench.provider->status("1", stop.get_token());
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::interrupted);
  }
}

/// Three pages of a list; the video with the tag stands on the third.
test::Reply page(const std::string& dialect, const std::string& target) {
  bool second = target.find("token=p%202") != std::string::npos;
  bool third = target.find("token=p3") != std::string::npos;
  std::string id = third ? "wanted" : second ? "b" : "a";
  std::string title = third ? "Hello [avstage-0123]" : "Other [avstage-9999]";
  std::string next = third ? "" : second ? "p3" : "p 2";
  if (dialect == "v2") {
    return {200, v2_body(fmt::format(R"({{"token":"{}","videos":[{{"video_id":"{}","video_title":"{}"}}]}})",
                                     next, id, title))};
  }
  return {200, fmt::format(R"({{"data":[{{"id":"{}","title":"{}"}}],"has_more":{},"next_token":"{}"}})", id,
                           title, !third, next)};
}

TEST(FindByTag, LooksThroughThePages) {
  for (const std::string dialect : {"v2", "v3"}) {
    test::Bench bench(dialect, [&](const test::Received& r) { return page(dialect, r.target); });
    EXPECT_EQ(bench.provider->find_by_tag("avstage-0123", {}), "wanted");
    std::vector<std::string> targets;
    for (const auto& request : bench.server.received()) targets.push_back(request.target);
    std::string path = dialect == "v2" ? "/v1/video.list" : "/v3/videos";
    EXPECT_THAT(targets, ElementsAre(path + "?limit=100", path + "?limit=100&token=p%202",
                                     path + "?limit=100&token=p3"));
    EXPECT_EQ(bench.provider->find_by_tag("avstage-4567", {}), std::nullopt);
  }
}

TEST(FindByTag, EndsOnAListThatNeverDoes) {
  int page_number = 0;
  test::Bench endless("v2", [&](const test::Received&) {
    return test::Reply{200, v2_body(fmt::format(R"({{"token":"{}","videos":[]}})", ++page_number))};
  });
  EXPECT_EQ(endless.provider->find_by_tag("avstage-0123", {}), std::nullopt);
  EXPECT_EQ(endless.server.received().size(), 20u);
  EXPECT_THAT(test::logged_lines(), ElementsAre(HasSubstr("newest 20 pages")));
  test::Bench circle = always("v3", {200, R"({"data":[],"has_more":true,"next_token":"same"})"});
  EXPECT_EQ(circle.provider->find_by_tag("avstage-0123", {}), std::nullopt);
  EXPECT_EQ(circle.server.received().size(), 2u);
}

TEST(FindByTag, DoesNotTakeAMissingListForAnEmptyOne) {
  for (const test::Reply& reply : {test::Reply{404, ""}, test::Reply{200, "{}"}, test::Reply{500, ""}}) {
    for (const char* dialect : {"v2", "v3"}) {
      test::Bench bench = always(dialect, reply);
      EXPECT_THROW(bench.provider->find_by_tag("avstage-0123", {}), Error);
    }
  }
}

}  // namespace
}  // namespace avstage
