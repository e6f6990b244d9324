#include "sandbox/knobs.h"

#include <gtest/gtest.h>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "sandbox/sandbox.h"
#include "support/places.h"

namespace avstage::sandbox {
namespace {

std::string message_of(const std::string& script) {
  try {
    read_script(script, "s.json");
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::usage);
    return e.message();
  }
  ADD_FAILURE() << "no error for " << script;
  return "";
}

TEST(Knobs, AScriptsRulesStartFromItsOwnKnobs) {
  Script script = read_script(R"({ "concurrency": 2, "url_ttl": 5, "create": ["429", "ok"], // a comment
      "orders": [ { "title": "intro", "dialect": "v3", "number": 2, "list_lag": 3,
                    "statuses": ["waiting", { "status": "frozen", "seconds": 0.5 }],
                    "cdn": { "truncate": "50%", "length": "chunked" } } ] })",
                              "s.json");
  EXPECT_EQ(script.concurrency, 2);
  ASSERT_EQ(script.orders.size(), 1U);
  const Rule& rule = script.orders[0];
  EXPECT_EQ(rule.title, "intro");
  EXPECT_EQ(rule.number, 2);
  EXPECT_EQ(rule.knobs.url_ttl, 5);
  EXPECT_EQ(rule.knobs.list_lag, 3);
  EXPECT_EQ(script.knobs.list_lag, 0);
  EXPECT_EQ(rule.knobs.create.at(0), "429");
  EXPECT_EQ(rule.knobs.create.at(2), "");
  ASSERT_EQ(rule.knobs.statuses.size(), 2U);
  EXPECT_FALSE(rule.knobs.statuses[0].seconds);
  EXPECT_EQ(rule.knobs.statuses[1].seconds, 0.5);
  CdnFault fault = rule.knobs.cdn.at(7);
  EXPECT_EQ(fault.truncate->in(1000), 500U);
  EXPECT_EQ(fault.length, "chunked");
}

TEST(Knobs, AHeaderIsLaidOverAndItsNumbersMayBeNumbers) {
  Knobs start;
  start.retry_after = 9;
  Knobs knobs = read_header_knobs(R"({"create": 503, "poll": [500, "ok"]})", start);
  EXPECT_EQ(knobs.create.at(5), "503");
  EXPECT_EQ(knobs.poll.at(0), "500");
  EXPECT_EQ(knobs.poll.at(1), "ok");
  EXPECT_EQ(knobs.retry_after, 9);
}

TEST(Knobs, ABadScriptIsToldWithPlaceFindingAndWhatIsAllowed) {
  struct Case {
    const char *script, *place, *found, *allowed;
  };
  const Case cases[] = {
      {"{\"creat\": 1}", "s.json:1:2", "unknown key \"creat\"", "did you mean \"create\"?"},
      {"{\"create\":\n  \"nope\"}", "s.json:2:3 (/create)", "\"nope\"", "drop_before"},
      {"{\"sunset\": \"gnoe\"}", "s.json:1:12", "\"gnoe\"", "did you mean \"gone\"?"},
      {"{\"retry_after\": -1}", "s.json:1:17", "-1", "a number from 0"},
      {"{\"cdn\": [{\"stall\": \"half\"}]}", "(/cdn/0/stall)", "\"half\"", "\"100%\""},
      {"{\"cdn\": {\"stal\": 1}}", "s.json:1:10", "\"stal\" in a fault of the file server", "\"stall\""},
      {"{\"statuses\": [{\"seconds\": 1}]}", "(/statuses/0)", "no \"status\"", "a status word"},
      {"{\"statuses\": []}", "s.json:1:14", "an empty list", "status words"},
      {"{\"orders\": [{\"dialect\": \"v1\"}]}", "(/orders/0/dialect)", "\"v1\"", "v2, v3"},
      {"{\"orders\": [{\"concurrency\": 1}]}", "s.json:1:14", "unknown key \"concurrency\" in a rule",
       "sunset"},
      {"{\"without_url\": 1.5}", "s.json:1:17", "1.5", "a whole number"},
      {"{\"index\": \"middle\"}", "s.json:1:11", "\"middle\"", "first, last, fragmented"},
      {"[]", "s.json:1:1", "an empty list", "the keys concurrency"},
      {"{\"sunset\": \"off\", \"sunset\": \"off\"}", "s.json:1:19", "sunset", "once"},
      {"{", "s.json:1:2", "the end", ""},
  };
  for (const Case& c : cases) {
    std::string message = message_of(c.script);
    for (const char* part : {c.place, c.found, c.allowed}) {
      EXPECT_NE(message.find(part), std::string::npos)
          << c.script << " → " << message << "\nwanted: " << part;
    }
  }
}

TEST(Knobs, ABadOrMissingScriptStopsTheStart) {
  Options options;
  options.folder = testing::TempDir() + "/never";
  options.script = testing::TempDir() + "/missing-script.json";
  try {
    Sandbox::start(options);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::usage);
    EXPECT_NE(e.message().find("missing-script.json"), std::string::npos) << e.message();
  }
}

TEST(Knobs, TheReadmeHasTheTablesThatReadThem) {
  std::string readme = read_file(std::string(avstage::test::source_dir()) + "/README.md");
  EXPECT_NE(readme.find(knob_tables()), std::string::npos)
      << "README.md is to hold what `avstage sandbox --knobs` prints:\n"
      << knob_tables();
}

}  // namespace
}  // namespace avstage::sandbox
