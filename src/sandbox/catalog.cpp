#include "sandbox/catalog.h"

#include <fmt/format.h>

#include "sandbox/service.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

constexpr int kCredits = 100;  ///< of every account but the trial's, before the first clip

std::vector<CatalogFigure> make_figures() {
  const std::pair<const char*, const char*> kPeople[] = {
      {"Anna-blazer", "female"},     {"Anna-sweater", "female"}, {"Emil-blazer", "male"},
      {"Emil-sweater", "male"},      {"Hugo-blazer", "male"},    {"Ines-blazer", "female"},
      {"Ines-turtleneck", "female"}, {"Jonas-blazer", "male"},   {"Kwame-shirt", "male"},
      {"Kwame-turtleneck", "male"},  {"Leila-blazer", "female"}, {"Mina-shirt", "female"},
      {"Nora-blazer", "female"},     {"Priya-sweater", "female"}};
  std::vector<CatalogFigure> out{{"Daisy-inskirt-20220818", "Daisy", "female"}};
  for (const auto& [look, gender] : kPeople) {
    std::string id = std::string(look) + "-20240301";
    out.push_back({id, id.substr(0, id.find('-')), gender});
  }
  return out;
}

/// The voice that goes with a figure.
const CatalogSpeaker& default_speaker(const CatalogFigure& figure) {
  const auto& speakers = catalog_speakers();
  for (const CatalogSpeaker& speaker : speakers) {
    if (speaker.gender == figure.gender) return speaker;
  }
  return speakers.front();
}

json v2_avatars() {
  json avatars = json::array();
  for (const CatalogFigure& figure : catalog_figures()) {
    avatars.push_back({{"avatar_id", figure.id},
                       {"avatar_name", figure.group},
                       {"gender", figure.gender},
                       {"preview_image_url", nullptr},
                       {"preview_video_url", nullptr},
                       {"premium", false}});
  }
  return {{"avatars", std::move(avatars)}, {"talking_photos", json::array()}};
}

json voice_json(const CatalogSpeaker& speaker) {
  return {{"voice_id", speaker.id},   {"name", speaker.name},  {"language", speaker.language},
          {"gender", speaker.gender}, {"support_pause", true}, {"support_locale", false}};
}

json v2_voices() {
  json voices = json::array();
  for (const CatalogSpeaker& speaker : catalog_speakers()) {
    json voice = voice_json(speaker);
    voice["preview_audio"] = nullptr;
    voice["emotion_support"] = false;
    voice["support_interactive_avatar"] = false;
    voices.push_back(std::move(voice));
  }
  return {{"voices", std::move(voices)}};
}

json v3_voices() {
  json voices = json::array();
  for (const CatalogSpeaker& speaker : catalog_speakers()) {
    json voice = voice_json(speaker);
    voice["type"] = "public";
    voice["preview_audio_url"] = nullptr;
    voices.push_back(std::move(voice));
  }
  return voices;
}

json v3_looks(const std::string& group) {
  json looks = json::array();
  for (const CatalogFigure& figure : catalog_figures()) {
    if (!group.empty() && group != figure.group) continue;
    looks.push_back({{"id", figure.id},
                     {"name", figure.group},
                     {"group_id", figure.group},
                     {"gender", figure.gender},
                     {"avatar_type", "studio_avatar"},
                     {"default_voice_id", default_speaker(figure).id},
                     {"supported_api_engines", {"avatar_iii", "avatar_iv"}},
                     {"preferred_orientation", "landscape"},
                     {"image_width", 1920},
                     {"image_height", 1080},
                     {"status", "completed"}});
  }
  return looks;
}

json v3_groups() {
  json groups = json::array();
  for (const CatalogFigure& figure : catalog_figures()) {
    if (!groups.empty() && groups.back()["id"] == figure.group) {
      groups.back()["looks_count"] = groups.back()["looks_count"].get<int>() + 1;
      continue;
    }
    groups.push_back(
        {{"id", figure.group}, {"name", figure.group}, {"gender", figure.gender}, {"looks_count", 1}});
  }
  return groups;
}

int credits_left(const Service& service, const httplib::Request& request) {
  if (is_trial(request)) return 0;
  return std::max(0, kCredits - service.store.charges());
}

json v2_quota(int credits) {
  constexpr int kSeconds = 60;  // a credit in the unit of this endpoint
  return {{"remaining_quota", credits * kSeconds},
          {"details", {{"api", credits * kSeconds}, {"plan_credit", 0}, {"seat", 1}}}};
}

json v3_user(int credits) {
  return {{"username", "sandbox"},
          {"email", "sandbox@localhost"},
          {"first_name", "Sand"},
          {"last_name", "Box"},
          {"billing_type", "wallet"},
          {"wallet", {{"currency", "credits"}, {"remaining_balance", credits}, {"auto_reload", false}}}};
}

using Pages = json (*)(const httplib::Request& request);

void serve_pages(httplib::Server& server, Service& service, const char* path, Pages items) {
  server.Get(path, guarded(service, [items](const httplib::Request& request, httplib::Response& response) {
               answer_page(request, response, items(request));
             }));
}

void serve_whole(httplib::Server& server, Service& service, const char* path,
                 const std::function<json(const httplib::Request&)>& data) {
  server.Get(path, guarded(service, [data](const httplib::Request& request, httplib::Response& response) {
               answer(response, 200, {{"error", nullptr}, {"data", data(request)}});
             }));
}

}  // namespace

const std::vector<CatalogFigure>& catalog_figures() {
  static const std::vector<CatalogFigure> figures = make_figures();
  return figures;
}

const std::vector<CatalogSpeaker>& catalog_speakers() {
  static const std::vector<CatalogSpeaker> speakers = {
      {"26579da0ef189f5e4bcd508e6acc1dde", "Sally", "female", "English"},
      {"dd29e021ffcb69b194cea575b9ce602e", "Robert", "male", "English"},
      {"facee02fda4586305cd324fb47280fa6", "Alan (Scotland)", "male", "English"},
      {"c399c368b1f72f87b23f7a47ebe9a136", "Kevin", "male", "English"},
      {"2d5b0e6cf36f460aa7fc47e3eee4ba54", "Kevin (telephone)", "male", "English"}};
  return speakers;
}

void serve_catalog(httplib::Server& server, Service& service) {
  serve_whole(server, service, "/v2/avatars", [](const auto&) { return v2_avatars(); });
  serve_whole(server, service, "/v2/voices", [](const auto&) { return v2_voices(); });
  serve_whole(server, service, "/v2/user/remaining_quota",
              [&service](const auto& request) { return v2_quota(credits_left(service, request)); });
  serve_pages(server, service, "/v3/avatars", [](const auto&) { return v3_groups(); });
  serve_pages(server, service, "/v3/avatars/looks",
              [](const auto& request) { return v3_looks(request.get_param_value("group_id")); });
  serve_pages(server, service, "/v3/voices", [](const auto&) { return v3_voices(); });
  server.Get("/v3/users/me", guarded(service, [&service](const auto& request, auto& response) {
               answer(response, 200, {{"data", v3_user(credits_left(service, request))}});
             }));
}

}  // namespace avstage::sandbox
