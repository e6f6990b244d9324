#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "bench.h"
#include "support/log_guard.h"

namespace avstage {
namespace {

using heygen::SubmitResult;
using test::always;
using test::host_clip;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// "accepted v1", "rejected vendor: …", "rejected money: …", "unsent 7: …", "lost: …".
std::string told(const SubmitResult& result) {
  if (const auto* a = std::get_if<heygen::Accepted>(&result)) return "accepted " + a->video_id;
  if (const auto* r = std::get_if<heygen::Rejected>(&result)) {
    const char* code = r->code == ErrorCode::money   ? "money"
                       : r->code == ErrorCode::usage ? "usage"
                                                     : "vendor";
    return fmt::format("rejected {}: {}", code, r->error.str());
  }
  if (const auto* u = std::get_if<heygen::Unsent>(&result)) {
    return fmt::format("unsent {}: {}", u->retry_after ? std::to_string(*u->retry_after) : "-", u->why);
  }
  return "lost: " + std::get<heygen::Lost>(result).why;
}

std::string told(const std::string& dialect, const test::Reply& reply) {
  return told(always(dialect, reply).submit(host_clip()));
}

struct Case {
  std::string name, dialect;
  test::Reply reply;
  std::string expected;  ///< how told() begins
};

class Envelope : public testing::TestWithParam<Case> {};

TEST_P(Envelope, IsUnderstood) {
  EXPECT_THAT(told(GetParam().dialect, GetParam().reply), testing::StartsWith(GetParam().expected));
}

const std::vector<std::string> asks_7{"Retry-After: 7"};

INSTANTIATE_TEST_SUITE_P(
    Submit, Envelope,
    testing::Values(
        Case{"Success", "v2", {200, R"({"error":null,"data":{"video_id":"v1"}})"}, "accepted v1"},
        Case{"V3Success", "v3", {200, R"({"data":{"video_id":"v1","status":"waiting"}})"}, "accepted v1"},
        Case{"V3SuccessWithIdOnly", "v3", {201, R"({"data":{"id":"v1"}})"}, "accepted v1"},
        Case{"IdBesideAnError", "v2", {200, R"({"error":"odd","data":{"video_id":"v1"}})"}, "accepted v1"},
        Case{"E1",
             "v2",
             {400, R"({"data":null,"error":{"code":"invalid_parameter","message":"bad hex"}})"},
             "rejected vendor: code invalid_parameter: bad hex [HTTP 400]"},
        Case{"E2",
             "v2",
             {400, R"({"code":40119,"message":"Video is too long","data":null})"},
             "rejected vendor: code 40119: Video is too long [HTTP 400]"},
        Case{"E2Msg",
             "v2",
             {400, R"({"code":400144,"msg":"avatar not found"})"},
             "rejected vendor: code 400144: avatar not found"},
        Case{"E2Http200",
             "v2",
             {200, R"({"code":40001,"message":"missing","data":null})"},
             "rejected vendor: code 40001: missing"},
        Case{"E3Text", "v2", {400, R"({"error":"plain words"})"}, "rejected vendor: plain words [HTTP 400]"},
        Case{"E3Message",
             "v2",
             {422, R"({"message":"plain words"})"},
             "rejected vendor: plain words [HTTP 422]"},
        Case{"E4",
             "v2",
             {400, R"({"error":{"code":40119,"message":"too long","detail":"3600 s"}})"},
             "rejected vendor: code 40119: too long (3600 s)"},
        Case{"E5",
             "v3",
             {400, R"({"error":{"code":"tts_text_invalid","message":"no","param":"script"}})"},
             "rejected vendor: code tts_text_invalid: no (script)"},
        Case{"E6",
             "v2",
             {200, R"({"data":null,"error":{"code":"bad","message":"no"}})"},
             "rejected vendor: code bad"},
        Case{"E7",
             "v2",
             {400, "<html>no</html>"},
             "rejected vendor: unexpected answer: <html>no</html> [HTTP 400]"},
        Case{"E7Empty", "v2", {400, ""}, "rejected vendor: unexpected empty answer [HTTP 400]"},
        Case{"E8",
             "v2",
             {400, R"({"error":{"code":"invalid_parameter","message":"script is invalid: too short"}})"},
             "rejected vendor: code invalid_parameter: script is invalid: too short"},
        Case{"RequestId",
             "v3",
             {400, R"({"error":{"code":"c","message":"m"}})", {"X-Request-Id: abc"}},
             "rejected vendor: code c: m [request abc, HTTP 400]"}),
    [](const auto& test_case) { return test_case.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Money, Envelope,
    testing::Values(
        Case{"Key",
             "v2",
             {401, R"({"error":{"code":"unauthorized","message":"bad key"}})"},
             "rejected money: "},
        Case{"Html401", "v3", {401, "<html>"}, "rejected money: "},
        Case{
            "Forbidden", "v3", {403, R"({"error":{"code":"forbidden","message":"no"}})"}, "rejected money: "},
        Case{"Payment",
             "v3",
             {402, R"({"error":{"code":"insufficient_credit","message":"no"}})"},
             "rejected money: "},
        Case{"NumericKey", "v2", {400, R"({"code":400112,"message":"Unauthorized"})"}, "rejected money: "},
        Case{"CreditIn400",
             "v2",
             {400, R"({"error":{"code":"MOVIO_PAYMENT_INSUFFICIENT_CREDIT","message":"x"}})"},
             "rejected money: "},
        Case{"CreditNumberIn200",
             "v2",
             {200, R"({"code":900001,"message":"x","data":null})"},
             "rejected money: "},
        Case{"CreditWords", "v2", {400, R"({"error":"Insufficient credit. Buy more."})"}, "rejected money: "},
        Case{"Trial429",
             "v2",
             {429, R"({"error":{"code":"trial_video_limit_exceeded","message":"5"}})", asks_7},
             "rejected money: "},
        Case{"TrialNumber429", "v2", {429, R"({"code":400664,"message":"5"})"}, "rejected money: "},
        Case{"Quota429",
             "v3",
             {429, R"({"error":{"code":"quota_exceeded","message":"5"}})"},
             "rejected money: "},
        Case{"Credit500",
             "v2",
             {500, R"({"error":{"code":"insufficient_credit","message":"x"}})"},
             "rejected money: "}),
    [](const auto& test_case) { return test_case.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Unsent, Envelope,
    testing::Values(Case{"Busy",
                         "v2",
                         {429, R"({"error":{"code":"rate_limit_exceeded","message":"slow"}})", asks_7},
                         "unsent 7: code rate_limit_exceeded: slow"},
                    Case{"BusyV3", "v3", {429, "<html>", asks_7}, "unsent 7: "},
                    Case{"BusyWithoutHint", "v2", {429, ""}, "unsent -: "},
                    Case{"BusyByCode", "v2", {400, R"({"code":400123,"message":"rate"})"}, "unsent -: "},
                    Case{
                        "BusyByCodeIn200", "v2", {200, R"({"code":400123,"message":"rate"})"}, "unsent -: "}),
    [](const auto& test_case) { return test_case.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Lost, Envelope,
    testing::Values(
        Case{"Timeout", "v2", {408, ""}, "lost: "}, Case{"Conflict", "v2", {409, ""}, "lost: "},
        Case{"InProgress",
             "v3",
             {409, R"({"error":{"code":"request_in_progress","message":"wait"}})"},
             "lost: code request_in_progress: wait"},
        Case{"TooEarly", "v2", {425, ""}, "lost: "}, Case{"Internal", "v2", {500, ""}, "lost: "},
        Case{"InternalV3", "v3", {500, R"({"error":{"code":"internal_error","message":"x"}})"}, "lost: "},
        Case{"Gateway", "v3", {504, "<html>"}, "lost: "}, Case{"NoAnswer", "v2", {.drop = true}, "lost: "},
        Case{"NoAnswerV3", "v3", {.drop = true}, "lost: "},
        Case{"Html200", "v2", {200, "<html>maintenance</html>"}, "lost: unexpected answer: <html>"},
        Case{"Empty200", "v2", {200, ""}, "lost: unexpected empty answer"},
        Case{"Torn", "v2", {200, R"({"error":null,"data":{"video_)"}, "lost: "},
        Case{"NoId", "v2", {200, R"({"error":null,"data":{}})"}, "lost: "},
        Case{"IdOfWrongType", "v2", {200, R"({"error":null,"data":{"video_id":["v1"]}})"}, "lost: "},
        Case{"IdWithLineBreak", "v2", {200, R"({"error":null,"data":{"video_id":"v\n1"}})"}, "lost: "},
        Case{"DataOfWrongType", "v3", {200, R"({"data":"v1"})"}, "lost: "},
        Case{"NotAnObject", "v3", {200, "[1,2]"}, "lost: "},
        Case{"TooDeep", "v3", {200, R"({"data":)" + std::string(100'000, '[')}, "lost: "},
        Case{"TooLarge", "v3", {200, std::string((4 << 20) + 1, ' ')}, "lost: "}),
    [](const auto& test_case) { return test_case.param.name; });

TEST(Submit, NamesTheWayOutWhenV2IsGone) {
  for (int status : {404, 410}) {
    EXPECT_THAT(told("v2", {status, "<html>gone</html>"}),
                AllOf(HasSubstr("rejected vendor: "), HasSubstr("v2 API is gone"),
                      HasSubstr("\"api\": \"v3\""), HasSubstr("<html>gone</html>")));
  }
  EXPECT_THAT(told("v2", {404, R"({"error":{"code":"avatar_not_found","message":"no such avatar"}})"}),
              AllOf(HasSubstr("rejected vendor: code avatar_not_found"), Not(HasSubstr("gone"))));
  EXPECT_THAT(told("v2", {404, R"({"error":{"code":"template_not_found","message":"no such template"}})"}),
              AllOf(HasSubstr("rejected vendor: code template_not_found"), Not(HasSubstr("gone"))));
  EXPECT_THAT(told("v3", {404, R"({"error":{"code":"avatar_not_found","message":"no such avatar"}})"}),
              AllOf(HasSubstr("rejected vendor: code avatar_not_found"), Not(HasSubstr("gone"))));
}

TEST(Submit, IsUnsentWhenNobodyListens) {
  net::Client client({.allow_http = true});
  test::FakeClock clock;
  auto provider = heygen::make_v2(client, {"http://127.0.0.1:1", test::canary_key}, clock);
  EXPECT_THAT(told(provider->submit(host_clip(), "t", "k", {})), testing::StartsWith("unsent -: "));
}

TEST(Submit, IsRejectedWhenTheApiBaseIsNotAllowedOrRedirects) {
  net::Client client({});
  test::FakeClock clock;
  auto provider = heygen::make_v2(client, {"http://127.0.0.1:1", test::canary_key}, clock);
  EXPECT_THAT(told(provider->submit(host_clip(), "t", "k", {})), testing::StartsWith("rejected usage: "));
  EXPECT_THAT(told("v3", {307, "", {"Location: https://elsewhere.example/"}}),
              testing::StartsWith("rejected vendor: "));
}

TEST(Submit, SendsExactlyOneRequestWhateverComesBack) {
  for (const test::Reply& reply : {test::Reply{500, ""}, test::Reply{429, ""}, test::Reply{.drop = true}}) {
    for (const char* dialect : {"v2", "v3"}) {
      test::Bench bench = always(dialect, reply);
      bench.submit(host_clip());
      EXPECT_EQ(bench.server.received().size(), 1u);
      EXPECT_TRUE(bench.clock.slept.empty());
    }
  }
}

TEST(Submit, WarnsOnceOfAnAnnouncedEnd) {
  test::Reply reply{200,
                    R"({"error":null,"data":{"video_id":"v1"},"warning":{"message":"Legacy: use v3"}})",
                    {"Deprecation: true", "Sunset: Sat, 31 Oct 2026 00:00:00 GMT"}};
  test::Bench bench = always("v2", reply);
  bench.submit(host_clip());
  EXPECT_EQ(told(bench.submit(host_clip())), "accepted v1");
  EXPECT_THAT(
      test::logged_lines(),
      testing::ElementsAre("the vendor announces the end of this API on Sat, 31 Oct 2026 00:00:00 GMT: "
                           "Legacy: use v3"));
}

TEST(Submit, ShowsForeignTextOnOneLineAndWithoutTheKey) {
  std::string body = "<p>\x1b[31mkey " + test::canary_key +
                     "\nsee https://x.example/a?Signature=abc</p>\xff" + std::string(5000, 'x');
  std::string text = told("v2", {400, body});
  EXPECT_LT(text.size(), 400u);
  EXPECT_THAT(text, AllOf(HasSubstr("key *** see https://x.example/a?…"), Not(HasSubstr("\n")),
                          Not(HasSubstr("\x1b")), Not(HasSubstr("Signature=")), Not(HasSubstr("\xff"))));
}

TEST(Submit, NeverLogsTheKey) {
  log::set_level(log::Level::debug);
  for (int status : {200, 400, 401, 500}) {
    test::Bench bench = always("v3", {status, R"({"message":")" + test::canary_key + "\"}"});
    EXPECT_THAT(told(bench.submit(host_clip())), Not(HasSubstr(test::canary_key)));
  }
  log::set_level(log::Level::warning);
  EXPECT_FALSE(test::logged_lines().empty());
  for (const std::string& line : test::logged_lines()) EXPECT_THAT(line, Not(HasSubstr(test::canary_key)));
}

TEST(Submit, EndsWithInterruptedOnStop) {
  std::stop_source stop;
  test::Bench bench("v3", [&](const test::Received&) {
    stop.request_stop();
    return test::Reply{.drop = true};
  });
  stop.request_stop();
  try {
    bench.provider->submit(host_clip(), "t", "k", stop.get_token());
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::interrupted);
  }
}

}  // namespace
}  // namespace avstage
