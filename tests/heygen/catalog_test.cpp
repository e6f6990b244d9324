#include "heygen/catalog.h"

#include <gmock/gmock.h>

#include "bench.h"

namespace avstage::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A catalogue of one dialect before a scripted server.
struct CatalogBench {
  CatalogBench(const std::string& dialect, ScriptedServer::Script script)
      : server(std::move(script)), catalog(client, {server.url(), canary_key}, clock, dialect) {}

  std::string refused() {
    try {
      catalog.avatars({});
    } catch (const Error& e) {
      return std::to_string(e.exit_code()) + " " + e.message();
    }
    return "";
  }

  ScriptedServer server;
  FakeClock clock;
  net::Client client{{.allow_http = true}};
  heygen::Catalog catalog;
};

Reply page(const std::string& items, const std::string& next) {
  return {200, R"({"data":[)" + items + R"(],"has_more":)" + (next.empty() ? "false" : "true") +
                   R"(,"next_token":")" + next + "\"}"};
}

TEST(Catalog, V3ListsAreReadPageByPage) {
  CatalogBench bench("v3", [](const Received& r) {
    if (r.target.find("token=") == std::string::npos) {
      return page(
          R"({"id":"a1","name":"Ann","gender":"female","avatar_type":"studio_avatar","default_voice_id":"v1"})",
          "p+2");
    }
    return page(R"({"id":"a2","name":null},{"name":"no id"},7)", "");
  });
  auto avatars = bench.catalog.avatars({});
  ASSERT_EQ(avatars.size(), 2U);
  EXPECT_EQ(avatars[0].id, "a1");
  EXPECT_EQ(avatars[0].default_voice, "v1");
  EXPECT_EQ(avatars[0].kind, "studio_avatar");
  EXPECT_EQ(avatars[1].name, "");
  ASSERT_EQ(bench.server.received().size(), 2U);
  EXPECT_EQ(bench.server.received()[0].target, "/v3/avatars/looks?limit=100");
  EXPECT_EQ(bench.server.received()[1].target, "/v3/avatars/looks?limit=100&token=p%2B2");
  EXPECT_EQ(bench.server.received()[1].headers.at("x-api-key"), canary_key);
}

TEST(Catalog, AListWhoseTokenNeverChangesEnds) {
  CatalogBench bench("v3", [](const Received&) { return page(R"({"voice_id":"v"})", "same"); });
  EXPECT_EQ(bench.catalog.voices({}).size(), 2U);
}

TEST(Catalog, V2ListsComeWholeHoweverLargeAndWithTalkingPhotos) {
  std::string items;
  for (int i = 0; i < 30'000; ++i) {
    items += R"({"avatar_id":"id)" + std::to_string(i) + R"(","avatar_name":"N","preview_image_url":")" +
             std::string(150, 'x') + "\"},";
  }
  items.pop_back();
  CatalogBench bench("v2", [&](const Received&) {
    return Reply{200, R"({"error":null,"data":{"avatars":[)" + items +
                          R"(],"talking_photos":[{"talking_photo_id":"t","talking_photo_name":"Me"}]}})"};
  });
  auto avatars = bench.catalog.avatars({});
  ASSERT_EQ(avatars.size(), 30'001U);
  EXPECT_EQ(avatars.back().kind, "talking_photo");
  EXPECT_EQ(avatars.back().name, "Me");
}

TEST(Catalog, ForeignWordsAreFitForOneLine) {
  CatalogBench bench("v3", [](const Received&) {
    return page(
        R"({"voice_id":"v","name":"a\u001b[31m\nb","language":"https://x/y?Signature=s"},{"voice_id":"a\u0007b"})",
        "");
  });
  auto voices = bench.catalog.voices({});
  ASSERT_EQ(voices.size(), 1U);
  EXPECT_EQ(voices[0].name.find_first_of("\x1b\n"), std::string::npos);
  EXPECT_THAT(voices[0].language, Not(HasSubstr("Signature")));
}

TEST(Catalog, RefusalsHaveTheirCodes) {
  CatalogBench key("v3", [](const Received&) { return Reply{401, R"({"error":{"code":"unauthorized"}})"}; });
  EXPECT_THAT(key.refused(), HasSubstr("3 GET /v3/avatars/looks"));
  EXPECT_THAT(key.refused(), Not(HasSubstr(canary_key)));
  CatalogBench gone("v2", [](const Received&) { return Reply{404, "{}"}; });
  EXPECT_THAT(gone.refused(), HasSubstr("5 GET /v2/avatars: the vendor has no such list"));
  CatalogBench down("v3", [](const Received&) { return Reply{503, "busy"}; });
  EXPECT_THAT(down.refused(), HasSubstr("4 GET /v3/avatars/looks: gave up"));
}

Quota quota_of(const std::string& dialect, const std::string& data) {
  CatalogBench bench(dialect, [&](const Received&) { return Reply{200, R"({"data":)" + data + "}"}; });
  return bench.catalog.quota({});
}

TEST(Catalog, QuotaIsReadInEveryFormOfBilling) {
  Quota wallet = quota_of(
      "v3",
      R"({"billing_type":"wallet","email":"me@home","wallet":{"currency":"usd","remaining_balance":12.5}})");
  EXPECT_EQ(wallet.remaining, 12.5);
  EXPECT_EQ(wallet.unit, "usd");
  for (const auto& [name, value] : wallet.details) EXPECT_NE(value, "me@home") << name;
  Quota plan = quota_of("v3", R"({"billing_type":"subscription","subscription":{"plan":"pro","credits":
    {"premium_credits":0,"add_on_credits":7}}})");
  EXPECT_EQ(plan.remaining.value_or(-1), 7);
  EXPECT_EQ(plan.details.size(), 3U);
  Quota usage = quota_of("v3", R"({"billing_type":"usage_based","usage_based":{"spent":3}})");
  EXPECT_FALSE(usage.remaining);
  Quota empty = quota_of("v2", R"({"remaining_quota":0,"details":{"api":0}})");
  EXPECT_EQ(empty.remaining, 0);
  EXPECT_EQ(empty.unit, "seconds");
}

}  // namespace
}  // namespace avstage::test
