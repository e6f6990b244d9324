#include "ledger/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace avstage::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string realm = "https://api.heygen.com";
constexpr const char* prices = R"({ "credits_per_second": { "v2": 0.5, "v3": 2 } })";

class LedgerCommand : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(dir / "config/avstage");
    write_bytes(dir / "config/avstage/prices.json", prices);
  }

  std::unique_ptr<ledger::Ledger> open() { return ledger::Ledger::open(dir / "state", system_clock()); }

  ledger::Entry bought(const std::string& key, const std::string& dialect, double seconds,
                       const std::string& tags, const std::string& where = realm) {
    auto ledger = open();
    ledger::Entry e = ledger->begin(where, key, dialect, R"({"say":"hi"})", "A, \"quoted\" title", tags);
    e = ledger->submitted(ledger->submitting(e), "video-" + key);
    return ledger->completed(e, seconds, false);
  }
  ledger::Entry ambiguous(const std::string& key) {
    auto ledger = open();
    ledger::Entry e = ledger->begin(realm, key, "v2", "{}", "");
    return ledger->ambiguous(ledger->submitting(e), "the answer was lost");
  }

  CliResult run(std::vector<std::string> words) {
    words.insert(words.end(), {"--state", dir / "state"});
    words.insert(words.begin(), "ledger");
    return CliProcess(avstage_binary(), words, dir.path(), {{"XDG_CONFIG_HOME", dir / "config"}}).wait();
  }

  TempDir dir;
};

TEST_F(LedgerCommand, TheExportAnswersWhatAProjectCost) {
  bought("aaaaaa1", "v2", 10, R"({"project":"spring","editor":"ana"})");
  bought("bbbbbb1", "v3", 3, R"({"project":"spring"})");
  bought("cccccc1", "v3", 100, R"({"project":"autumn, late"})");
  bought("dddddd1", "v3", 5, R"({"project":"spring"})", "sandbox");
  ambiguous("eeeeee1");
  CliResult csv = run({"export", "--csv"});
  ASSERT_EQ(csv.exit_code, 0) << csv.err;
  EXPECT_THAT(csv.out,
              testing::StartsWith("tag,realm,clip_key,attempt,state,dialect,video_id,title,ordered_at,"
                                  "settled_at,seconds,estimated_credits,tag:editor,tag:project\r\n"));
  EXPECT_THAT(csv.out, HasSubstr(R"(video-cccccc1,"A, ""quoted"" title",)"));
  EXPECT_THAT(csv.out, HasSubstr(",\"autumn, late\"\r\n"));
  double cost = 0, seconds = 0;
  int unknown = 0;
  for (const json& row : json::parse(run({"export", "--json"}).out)) {
    unknown += row["estimated_credits"].is_null();
    if (row["realm"] != realm || row["tags"].value("project", "") != "spring") continue;
    cost += row["estimated_credits"].get<double>();
    seconds += row["seconds"].get<double>();
  }
  EXPECT_DOUBLE_EQ(cost, 10 * 0.5 + 3 * 2);
  EXPECT_DOUBLE_EQ(seconds, 13);
  EXPECT_EQ(unknown, 1) << "the ambiguous one";
  for (const json& row : json::parse(run({"list", "--json"}).out)) {
    const bool free = row["realm"] == "sandbox";
    EXPECT_EQ(row["estimated_credits"] == 0, free) << row;
  }
}

TEST_F(LedgerCommand, ShowsAClipByAnyOfItsNames) {
  ledger::Entry e = bought("aaaaaa1", "v3", 10, R"({"project":"spring"})");
  for (const std::string& name : {e.tag, std::string("aaaaaa"), std::string("video-aaaaaa1")}) {
    CliResult r = run({"show", name, "--json"});
    ASSERT_EQ(r.exit_code, 0) << r.err;
    json shown = json::parse(r.out);
    ASSERT_EQ(shown.size(), 1u);
    EXPECT_EQ(shown[0]["request"], json({{"say", "hi"}}));
    EXPECT_EQ(shown[0]["tags"]["project"], "spring");
    EXPECT_THAT(run({"show", name}).out, HasSubstr("state              completed"));
  }
  EXPECT_THAT(run({"list"}).out,
              testing::AllOf(testing::StartsWith("TAG "), HasSubstr("avstage ledger show TAG"),
                             HasSubstr(e.tag), HasSubstr("20.00 credits"), HasSubstr("project=spring")));
  CliResult none = run({"show", "nothing"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, testing::AllOf(HasSubstr("no such clip"), HasSubstr("ledger list")));
  bought("aaaaaa1", "v3", 1, "{}", "sandbox");
  EXPECT_THAT(run({"show", "aaaaaa"}).err, HasSubstr("more than one"));
  EXPECT_EQ(run({"show", e.tag}).exit_code, 0);
}

TEST_F(LedgerCommand, SettlesWhatIsAmbiguousInOneStepAndNothingElse) {
  ledger::Entry there = ambiguous("aaaaaa1"), not_there = ambiguous("bbbbbb1");
  CliResult r = run({"settle", there.tag, "--video-id", "v77"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_THAT(r.out, HasSubstr("v77"));
  ASSERT_EQ(run({"settle", not_there.tag, "--not-bought"}).exit_code, 0);
  EXPECT_EQ(open()->find(realm, "aaaaaa1")->state, ledger::State::submitted);
  EXPECT_EQ(open()->find(realm, "aaaaaa1")->video_id, "v77");
  ledger::Entry rejected = *open()->find(realm, "bbbbbb1");
  EXPECT_EQ(rejected.state, ledger::State::rejected);
  EXPECT_NE(open()->begin(realm, "bbbbbb1", "v2", "{}", "").idempotency_key, rejected.idempotency_key);
  for (const std::string& tag : {there.tag, bought("cccccc1", "v3", 1, "{}").tag}) {
    CliResult again = run({"settle", tag, "--not-bought"});
    EXPECT_EQ(again.exit_code, 2);
    EXPECT_THAT(again.err, HasSubstr("allowed: a purchase that is ambiguous"));
  }
}

TEST_F(LedgerCommand, SettleRefusesWordsThatAreNotEnoughAndAClipThatIsBusy) {
  ledger::Entry e = ambiguous("aaaaaa1");
  EXPECT_EQ(run({"settle", e.tag}).exit_code, 2) << "neither";
  EXPECT_EQ(run({"settle", e.tag, "--video-id", "v", "--not-bought"}).exit_code, 2) << "both";
  EXPECT_EQ(run({"settle", e.tag, "--video-id", "two words"}).exit_code, 2);
  auto lock = ledger::ClipLock::try_take(dir / "state", realm, "aaaaaa1");
  EXPECT_EQ(run({"settle", e.tag, "--not-bought"}).exit_code, 11);
  EXPECT_EQ(open()->find(realm, "aaaaaa1")->state, ledger::State::ambiguous);
}

TEST_F(LedgerCommand, APriceTableThatIsWrongSaysWhere) {
  for (const char* table :
       {"[]", "{", R"({ "credits": 1 })", R"({ "credits_per_second": { "v4": 1 } })",
        R"({ "credits_per_second": { "v2": "1" } })", R"({ "credits_per_second": { "v2": -1 } })"}) {
    write_bytes(dir / "config/avstage/prices.json", table);
    CliResult r = run({"list"});
    EXPECT_EQ(r.exit_code, 2) << table;
    EXPECT_THAT(r.err, testing::AllOf(HasSubstr("prices.json: found"), HasSubstr("credits_per_second")))
        << table;
  }
}

class Budget : public LedgerCommand {
 protected:
  /// 30 characters are 2 s: 4 credits in v3.
  std::string job(const std::string& heygen) {
    write_bytes(dir / "job.json",
                R"({ "version": 1, "canvas": { "size": "160x90" }, "heygen": { )" + heygen + R"( },
      "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "123456789012345678901234567890" } } ],
      "output": "out.mp4" })");
    return "job.json";
  }
  CliResult tool(std::vector<std::string> words) {
    words.insert(words.end(), {"--state", dir / "state", "--cache", dir / "cache"});
    return CliProcess(avstage_binary(), words, dir.path(),
                      {{"XDG_CONFIG_HOME", dir / "config"},
                       {"HEYGEN_API_KEY", "k"},
                       {"HEYGEN_ALLOW_HTTP", "1"},
                       {"HEYGEN_API_BASE", "http://127.0.0.1:9"}})
        .wait();
  }
};

TEST_F(Budget, PlanShowsTheEstimateAndSaysThatItIsOne) {
  CliResult plan = tool({"plan", job("")});
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("about 2.0 s, about 4.00 credits (an estimate)"));
  json j = json::parse(tool({"plan", job(""), "--json"}).out);
  EXPECT_DOUBLE_EQ(j["estimate"]["credits"], 4);
  EXPECT_DOUBLE_EQ(j["purchases"][0]["estimate"]["seconds"], 2);
}

TEST_F(Budget, NothingIsOrderedAboveTheLimit) {
  for (const auto& [heygen, words] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {R"("max_credits": 3.9)", {}},
           {"", {"--max-credits", "3.9"}},
           {R"("max_credits": 5)", {"--max-credits", "1"}}}) {
    std::vector<std::string> all{"render", job(heygen)};
    all.insert(all.end(), words.begin(), words.end());
    CliResult r = tool(all);
    EXPECT_EQ(r.exit_code, 3) << r.err;
    EXPECT_THAT(r.err, testing::AllOf(HasSubstr("4.00 credits"), HasSubstr("an estimate"),
                                      HasSubstr("nothing was bought")));
    EXPECT_TRUE(open()->list().empty());
  }
  CliResult negative = tool({"render", job(""), "--max-credits", "-1"});
  EXPECT_EQ(negative.exit_code, 2);
  CliResult length = tool({"render", job(""), "--max-wait", "soon"});
  EXPECT_EQ(length.exit_code, 2);
  EXPECT_THAT(length.err, HasSubstr("90s, 40m or 1h"));
}

}  // namespace
}  // namespace avstage::test
