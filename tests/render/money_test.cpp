#include <gmock/gmock.h>

#include <stdlib.h>

#include <set>

#include "render/bench.h"
#include "render/vendor.h"
#include "run/clips/session.h"
#include "sandbox/sandbox.h"

namespace avstage::test {
namespace {

std::string one_clip(const std::string& api, const std::string& more = "") {
  return R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "heygen": { "deadline": "20s", "api": ")" +
         api + R"(" }, "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "hello")" + more +
         R"( } } ], "output": "out.mp4" })";
}

class Money : public Bench {
 protected:
  Vendor::Script script() {
    Vendor::Script s{.clip = counter_clip(1)};
    s.duration = 1;
    return s;
  }
};

class MoneyInBoth : public Money, public testing::WithParamInterface<const char*> {};

TEST_P(MoneyInBoth, ASecondRunBuysNothingEvenWithoutItsCache) {
  Vendor vendor(script());
  run(one_clip(GetParam()), settings(vendor.url()));
  std::filesystem::remove_all(dir / "cache");
  std::filesystem::remove(dir / "out.mp4");
  Report again = run(one_clip(GetParam()), settings(vendor.url()));
  EXPECT_EQ(again.purchases.at(0).origin, "archive");
  EXPECT_EQ(vendor.charges(), 1);
  EXPECT_EQ(vendor.downloads(), 1);
}

TEST_P(MoneyInBoth, ALostAnswerIsFoundAgainAndNotBoughtTwice) {
  Vendor::Script s = script();
  s.lose_answers = 1;
  Vendor vendor(s);
  Report report = run(one_clip(GetParam()), settings(vendor.url()));
  EXPECT_EQ(vendor.charges(), 1);
  EXPECT_EQ(report.outputs.at(0).frames, 25);
}

/// Who refuses a repeated request has not said that the first one was never taken.
TEST_F(Money, ARefusedRepeatDoesNotMakeALostPurchaseUndone) {
  Vendor::Script s = script();
  s.lose_answers = 1;
  s.refuse_repeats = {401};
  Vendor vendor(s);
  auto [code, message] = fail(one_clip("v3"), settings(vendor.url()));
  EXPECT_EQ(code, 3) << message;
  EXPECT_EQ(run(one_clip("v3"), settings(vendor.url())).outputs.at(0).frames, 25);
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_F(Money, ALostPurchaseIsLookedForWhenItsRepeatIsRefusedForGood) {
  Vendor::Script s = script();
  s.lose_answers = 1;
  s.refuse_repeats = {400};
  Vendor vendor(s);
  EXPECT_EQ(run(one_clip("v3"), settings(vendor.url())).outputs.at(0).frames, 25);
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_P(MoneyInBoth, TheWatermarkedVersionOfAnUnpaidClipIsNotTakenForAPaidOne) {
  Vendor::Script s = script();
  s.insufficient_credit = true;
  Vendor vendor(s);
  ::setenv("HEYGEN_API_KEY", "canary-key-1234", 1);
  ::setenv("HEYGEN_ALLOW_HTTP", "1", 1);
  Settings live = settings();
  live.api_base = vendor.url();
  auto [code, message] = fail(one_clip(GetParam()), live);
  EXPECT_EQ(code, 3) << message;
  auto [again, second] = fail(one_clip(GetParam()), live);
  EXPECT_EQ(again, 3) << second;
  EXPECT_EQ(vendor.charges(), 1) << "nothing is bought by trying again";
  live.accept_watermark = true;
  EXPECT_EQ(run(one_clip(GetParam()), live).outputs.at(0).frames, 25);
  std::filesystem::remove(dir / "out.mp4");
  live.accept_watermark = false;
  EXPECT_EQ(fail(one_clip(GetParam()), live).first, 3) << "the archived watermarked clip must not be used";
  ::unsetenv("HEYGEN_API_KEY");
  ::unsetenv("HEYGEN_ALLOW_HTTP");
}

TEST_P(MoneyInBoth, AnotherTakeIsAnotherPurchase) {
  Vendor vendor(script());
  Settings s = settings(vendor.url());
  s.overwrite = true;
  run(one_clip(GetParam()), s);
  run(one_clip(GetParam(), R"(, "take": 2)"), s);
  run(one_clip(GetParam(), R"(, "take": 2)"), s);
  EXPECT_EQ(vendor.charges(), 2);
}

TEST_P(MoneyInBoth, AStandInsClipIsNeverTakenForABoughtOne) {
  Vendor stand_in(script()), vendor(script());
  Settings s = settings(stand_in.url());
  s.overwrite = true;
  run(one_clip(GetParam()), s);
  ::setenv("HEYGEN_API_KEY", "canary-key-1234", 1);
  ::setenv("HEYGEN_ALLOW_HTTP", "1", 1);
  s.sandbox.clear();
  s.api_base = vendor.url();
  Report live = run(one_clip(GetParam()), s);
  EXPECT_EQ(live.purchases.at(0).origin, "bought");
  EXPECT_EQ(vendor.charges(), 1);
  std::filesystem::remove_all(s.cache_dir);
  for (bool sandbox_again : {true, false}) {  // each realm has an archive of its own
    std::filesystem::remove(dir / "out.mp4");
    Settings again = sandbox_again ? settings(stand_in.url()) : s;
    EXPECT_EQ(run(one_clip(GetParam()), again).purchases.at(0).origin, "archive");
  }
  EXPECT_EQ(stand_in.creates(), 1);
  EXPECT_EQ(vendor.creates(), 1);
  std::set<std::string> archives;
  for (const std::string& f : dir.files()) {
    if (f.starts_with("state/archive/")) archives.insert(f);
  }
  EXPECT_EQ(archives.size(), 2u);
  ::unsetenv("HEYGEN_API_KEY");
  ::unsetenv("HEYGEN_ALLOW_HTTP");
  for (const HttpRequest& r : vendor.requests()) {
    if (r.target.starts_with("/clip")) {
      EXPECT_EQ(r.header("x-api-key"), "") << "the CDN must not see the key";
    }
  }
  for (const std::string& f : dir.files()) {
    EXPECT_EQ(read_bytes(dir / f).find("canary-key"), std::string::npos) << f;
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, MoneyInBoth, testing::Values("v2", "v3"));

TEST_F(Money, ADefiniteRefusalIsExitFiveAndSaysTheVendorsWords) {
  Vendor::Script s = script();
  s.create_status = 400;
  s.create_answer = R"({"data":null,"error":{"code":"avatar_not_found","message":"no avatar a"}})";
  Vendor vendor(s);
  auto [code, message] = fail(one_clip("v2"), settings(vendor.url()));
  EXPECT_EQ(code, 5);
  EXPECT_NE(message.find("avatar_not_found"), std::string::npos) << message;
  EXPECT_EQ(vendor.creates(), 1);
}

TEST_F(Money, AFailedClipIsExitFiveAndNotBoughtAgainByItself) {
  Vendor::Script s = script();
  s.status = "failed";
  Vendor vendor(s);
  EXPECT_EQ(fail(one_clip("v2"), settings(vendor.url())).first, 5);
  auto [code, message] = fail(one_clip("v2"), settings(vendor.url()));
  EXPECT_EQ(code, 5);
  EXPECT_NE(message.find("\"take\": 2"), std::string::npos) << message;
  EXPECT_EQ(vendor.creates(), 1);
}

TEST_F(Money, AnAnswerThatIsLostForEverEndsAsAmbiguousInV2) {
  Vendor::Script s = script();
  s.create_status = 504;
  s.create_answer = "<html>gateway timeout</html>";
  Vendor vendor(s);
  auto [code, message] = fail(one_clip("v2"), settings(vendor.url()));
  EXPECT_EQ(code, 9) << message;
  EXPECT_EQ(fail(one_clip("v2"), settings(vendor.url())).first, 9);
  EXPECT_EQ(vendor.creates(), 1) << "an ambiguous purchase is never repeated";
}

TEST_F(Money, NothingIsBoughtWhenAnOutputIsInTheWay) {
  write_bytes(dir / "out.mp4", "somebody's film");
  Vendor vendor(script());
  auto [code, message] = fail(one_clip("v3"), settings(vendor.url()));
  EXPECT_EQ(code, 2);
  EXPECT_NE(message.find("-y"), std::string::npos) << message;
  EXPECT_EQ(vendor.creates(), 0);
  EXPECT_EQ(read_bytes(dir / "out.mp4"), "somebody's film");
}

TEST_F(Money, TheSandboxMakesAClipThatARunCanUse) {
  sandbox::Options options;
  options.folder = dir / "sandbox";
  options.make_time = std::chrono::milliseconds(50);
  auto sandbox = sandbox::Sandbox::start(options);
  Report report = run(one_clip("v2", R"(, "size": "160x128")"), settings(sandbox->base_url()));
  EXPECT_EQ(sandbox->charges(), 1);
  EXPECT_GT(report.outputs.at(0).frames, 5);
  run(one_clip("v2", R"(, "size": "160x128")"), settings(sandbox->base_url()));
  EXPECT_EQ(sandbox->charges(), 1);
}

/// A clip that was ordered while the vendor still had its v2.
class Removed : public Money, public testing::WithParamInterface<int> {
 protected:
  std::string in_v2(const std::string& api) const {
    return R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "heygen": { "deadline": "20s", "api": ")" +
           api + R"(" }, "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "hello",
           "style": "circle" } } ], "output": "out.mp4" })";
  }
  void order(Vendor& vendor, const std::string& api) {
    Settings s = settings(vendor.url());
    s.deadline = Rational(1);
    EXPECT_EQ(fail(in_v2(api), s).first, 4);
    EXPECT_EQ(vendor.charges(), 1);
    vendor.remove_v2(GetParam());
    vendor.set_status("completed");
  }
  Vendor::Script processing() {
    Vendor::Script s = script();
    s.status = "processing";
    return s;
  }
};

TEST_P(Removed, IsAskedForAtV3WhereTheJobLeavesThatOpen) {
  Vendor vendor(processing());
  order(vendor, "auto");
  EXPECT_EQ(run(in_v2("auto"), settings(vendor.url())).purchases.at(0).origin, "resumed");
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_P(Removed, EndsAtOnceAndNamesV3WhereTheJobInsistsOnV2) {
  Vendor vendor(processing());
  order(vendor, "v2");
  const auto begin = std::chrono::steady_clock::now();
  auto [code, message] = fail(in_v2("v2"), settings(vendor.url()));
  EXPECT_EQ(code, 5);
  EXPECT_THAT(message, testing::HasSubstr("the vendor's v2 API is gone: use \"api\": \"v3\""));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, run::Patience::for_stand_in().unknown_id);
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_P(Removed, SaysWhatToDoWhereV3DoesNotKnowIt) {
  Vendor vendor(processing());
  order(vendor, "auto");
  Vendor other(script());
  other.remove_v2(GetParam());
  auto [code, message] = fail(in_v2("auto"), settings(other.url()));
  EXPECT_EQ(code, 5);
  EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("its v3 does not know video"),
                                      testing::HasSubstr("\"take\": 2")));
  EXPECT_EQ(other.charges(), 0);
}

INSTANTIATE_TEST_SUITE_P(Either, Removed, testing::Values(404, 410));

}  // namespace
}  // namespace avstage::test
