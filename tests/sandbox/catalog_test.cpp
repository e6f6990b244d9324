#include "sandbox/catalog.h"

#include <gmock/gmock.h>

#include <set>

#include "bench.h"
#include "sandbox/figure.h"
#include "sandbox/speech.h"

namespace avstage::sandbox::test {
namespace {

using testing::UnorderedElementsAre;

/// The ids of a v3 list, page by page.
class SandboxCatalog : public Bench {
 protected:
  std::vector<std::string> all(const std::string& path, const char* id, int limit, int* pages) {
    std::vector<std::string> out;
    std::string token;
    for (*pages = 0; *pages < 50;) {
      json page =
          get_json(path + "?limit=" + std::to_string(limit) + (token.empty() ? "" : "&token=" + token));
      ++*pages;
      EXPECT_LE(page["data"].size(), static_cast<std::size_t>(limit));
      for (const json& item : page["data"]) out.push_back(item[id]);
      EXPECT_EQ(page["has_more"].get<bool>(), page["next_token"].is_string());
      if (!page["has_more"].get<bool>()) break;
      token = page["next_token"];
    }
    return out;
  }
};

TEST_F(SandboxCatalog, BothDialectsOfferTheSameInPagesAndAsAWhole) {
  start();
  std::vector<std::string> v2_avatars, v2_voices;
  json avatars = get_json("/v2/avatars")["data"]["avatars"],
       voices = get_json("/v2/voices")["data"]["voices"];
  for (const json& a : avatars) v2_avatars.push_back(a["avatar_id"]);
  for (const json& v : voices) v2_voices.push_back(v["voice_id"]);
  ASSERT_EQ(v2_avatars.size(), catalog_figures().size());
  for (int limit : {1, 4, 15, 100}) {
    int pages = 0;
    EXPECT_EQ(all("/v3/avatars/looks", "id", limit, &pages), v2_avatars);
    EXPECT_EQ(pages, (static_cast<int>(v2_avatars.size()) + limit - 1) / limit);
    EXPECT_EQ(all("/v3/voices", "voice_id", limit, &pages), v2_voices);
  }
  EXPECT_EQ(get_json("/v3/avatars/looks")["data"].size(), 10U);
  EXPECT_EQ(get_json("/v3/avatars/looks?group_id=Anna")["data"].size(), 2U);
  EXPECT_EQ(get_json("/v3/avatars?limit=100")["data"].size(), 11U);
  EXPECT_EQ(get("/v3/voices?limit=101").status, 400);
  EXPECT_EQ(get("/v3/voices?token=nonsense").status, 400);
}

TEST_F(SandboxCatalog, OffersWhatItReallyHas) {
  const char* const dresses[] = {"blazer", "sweater", "shirt", "turtleneck"};
  for (const CatalogFigure& figure : catalog_figures()) {
    if (figure.group == "Daisy") continue;
    EXPECT_NE(figure.id.find(dresses[static_cast<int>(looks_of(figure.id).dress)]), std::string::npos)
        << figure.id;
  }
  std::set<std::string> speakers;
  for (const CatalogSpeaker& speaker : catalog_speakers()) {
    std::string name = speaker_name(speaker.id);
    speakers.insert(name);
    EXPECT_EQ(speaker.gender == "female", name == "slt") << speaker.name;
  }
  EXPECT_THAT(speakers, UnorderedElementsAre("slt", "rms", "awb", "kal16", "kal"));
  start();
  std::set<std::string> voices;
  for (const CatalogSpeaker& speaker : catalog_speakers()) voices.insert(speaker.id);
  json looks = get_json("/v3/avatars/looks?limit=100")["data"];
  ASSERT_EQ(looks.size(), catalog_figures().size());
  for (const json& look : looks) {
    EXPECT_TRUE(voices.contains(look["default_voice_id"])) << look;
  }
}

TEST_F(SandboxCatalog, CreditFallsWithEveryClipAndTheTrialHasNone) {
  start();
  EXPECT_EQ(get_json("/v3/users/me")["data"]["wallet"]["remaining_balance"], 100);
  EXPECT_EQ(get_json("/v2/user/remaining_quota")["data"]["remaining_quota"], 6000);
  finished(create());
  EXPECT_EQ(get_json("/v3/users/me")["data"]["wallet"]["remaining_balance"], 99);
  EXPECT_EQ(get_json("/v2/user/remaining_quota")["data"]["details"]["api"], 5940);
  key_ = "trial";
  EXPECT_EQ(get_json("/v3/users/me")["data"]["wallet"]["remaining_balance"], 0);
  key_.clear();
  for (const char* path : {"/v2/avatars", "/v2/voices", "/v2/user/remaining_quota", "/v3/users/me",
                           "/v3/avatars", "/v3/avatars/looks", "/v3/voices"}) {
    EXPECT_EQ(get(path).status, 401) << path;
  }
}

}  // namespace
}  // namespace avstage::sandbox::test
