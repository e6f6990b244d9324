#include "sandbox/webhooks.h"

/// What no vendor has: what was asked of the sandbox, for tests of clients.
namespace avstage::sandbox {
using nlohmann::json;
namespace {

json charges(const Service& service) {
  json each = json::object();
  for (const Video& video : service.store.all()) each[video.id] = video.charged() ? 1 : 0;
  return {{"charges", service.store.charges()},
          {"videos", service.store.count()},
          {"keys_on_cdn", service.keys_on_cdn.load()},
          {"each", std::move(each)}};
}

json state(Service& service, const Courier& courier) {
  json videos = json::array();
  for (const Video& video : service.store.all()) {
    Asked asked = service.director.asked(video.id);
    videos.push_back({{"id", video.id},
                      {"number", video.number},
                      {"dialect", video.dialect == Dialect::v2 ? "v2" : "v3"},
                      {"title", video.title},
                      {"status", service.status_of(video)},
                      {"charged", video.charged()},
                      {"deleted", video.deleted},
                      {"polls", asked.polls},
                      {"downloads", asked.downloads}});
  }
  return {{"requests", service.counts()},
          {"keys_on_cdn", service.keys_on_cdn.load()},
          {"webhook_secret", courier.secret()},
          {"webhooks", courier.deliveries()},
          {"videos", std::move(videos)}};
}

}  // namespace

void serve_state(httplib::Server& server, Service& service, const Courier& courier) {
  server.Get("/__sandbox/charges",
             [&service](const auto&, auto& response) { answer(response, 200, charges(service)); });
  server.Get("/__sandbox/state", [&service, &courier](const auto&, auto& response) {
    answer(response, 200, state(service, courier));
  });
  server.Get("/__sandbox/knobs",
             [](const auto&, auto& response) { response.set_content(knob_tables(), "text/markdown"); });
}

}  // namespace avstage::sandbox
