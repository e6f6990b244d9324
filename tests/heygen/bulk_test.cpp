#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench.h"
#include "support/log_guard.h"

/// One question about many videos, and what a busy or a vanished API answers to questions.
namespace avstage {
namespace {

using test::always;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const std::vector<std::string> ids{"a", "b/1", "c"};

TEST(Bulk, AsksForAllInOneRequestAndReadsWhatIsReadable) {
  test::Bench bench =
      always("v3", {200, R"({"data":[{"video_id":"a","status":"processing","error":null},7,{"status":"x"},)"
                         R"({"video_id":"b/1","status":"failed","error":{"code":"x"}},{"video_id":"c"}]})"});
  auto words = bench.provider->words(ids, {});
  ASSERT_TRUE(words);
  EXPECT_THAT(*words, ElementsAre(Pair("a", "processing"), Pair("b/1", "failed")));
  ASSERT_EQ(bench.server.received().size(), 1u);
  EXPECT_EQ(bench.server.received()[0].target, "/v3/videos/statuses?video_ids=a,b%2F1,c");
}

TEST(Bulk, ARefusalIsNoFailure) {
  for (const test::Reply& reply :
       {test::Reply{400, ""}, test::Reply{403, ""}, test::Reply{404, ""}, test::Reply{410, ""},
        test::Reply{200, R"({"data":{}})"}, test::Reply{200, "<html>"}}) {
    test::Bench bench = always("v3", reply);
    EXPECT_EQ(bench.provider->words(ids, {}), std::nullopt) << reply.status << reply.body;
  }
  test::Bench v2 = always("v2", {500, ""});
  EXPECT_EQ(v2.provider->words(ids, {}), std::nullopt);
  EXPECT_TRUE(v2.server.received().empty());
}

TEST(Bulk, GivesUpAsAnyQuestionDoes) {
  test::Bench bench = always("v3", {500, ""});
  try {
    bench.provider->words(ids, {});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::network);
  }
  EXPECT_EQ(bench.server.received().size(), 5u);
}

TEST(Busy, TheVendorsWishIsTheCallersToGrantAndNoTry) {
  int refusals = 12;
  test::Bench bench("v3", [&](const test::Received&) {
    if (refusals-- > 0) return test::Reply{429, "", {"Retry-After: 7"}};
    return test::Reply{200, R"({"data":{"status":"waiting"}})"};
  });
  std::vector<std::int64_t> asked;
  auto wait = [&](std::chrono::seconds time, const std::string&) { asked.push_back(time.count()); };
  EXPECT_EQ(bench.provider->status("1", {}, wait).word, "waiting");
  EXPECT_EQ(asked, std::vector<std::int64_t>(12, 7));
  EXPECT_TRUE(bench.clock.slept.empty());
}

TEST(Busy, WhoeverDoesNotGrantItEndsTheQuestion) {
  test::Bench bench = always("v3", {429, "", {"Retry-After: 999999999"}});
  auto wait = [](std::chrono::seconds, const std::string& why) {
    throw Error(ErrorCode::network, "not as long as that: " + why);
  };
  EXPECT_THROW(bench.provider->status("1", {}, wait), Error);
  EXPECT_EQ(bench.server.received().size(), 1u);
  EXPECT_TRUE(bench.clock.slept.empty());
}

std::string gone_message(test::Bench& bench) {
  try {
    bench.provider->status("1", {});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::vendor);
    EXPECT_EQ(error.name(), "gone");
    return error.message();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Gone, AnApiThatWasRemovedIsNoUnknownVideo) {
  for (int status : {404, 410}) {
    test::Bench bench = always("v2", {status, R"({"code":0,"message":"This endpoint was removed."})"});
    EXPECT_THAT(gone_message(bench), testing::AllOf(HasSubstr("\"api\": \"v3\""), HasSubstr("v2 API is gone"),
                                                    HasSubstr(fmt::format("HTTP {}", status))));
    EXPECT_LE(bench.server.received().size(), 2u);
  }
}

TEST(Gone, AVideoIsUnknownWhereTheListIsStillThere) {
  test::Bench bench("v2", [](const test::Received& r) {
    if (r.target.starts_with("/v1/video.list"))
      return test::Reply{200, R"({"code":100,"data":{"videos":[],"token":null}})"};
    return test::Reply{404, "<html>Not Found</html>"};
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bench.provider->status("1", {}).word, "not_found");
  EXPECT_EQ(bench.server.received().size(), 4u) << "the list is asked for once";
}

}  // namespace
}  // namespace avstage
