#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sandbox/fields.h"
#include "sandbox/webhooks.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

constexpr std::chrono::milliseconds kCheckTime{1000};
constexpr int kWebhookSuccess = 100, kBadUrl = 400542, kNoEndpoint = 400131;  // v1's numbers

/// The vendor's event types; the sandbox has reason for the first two and the last only.
json make_event_types() {
  constexpr std::pair<const char*, const char*> kKinds[] = {
      {"avatar_video", "An avatar video"},
      {"avatar_video_gif", "The GIF of an avatar video"},
      {"video_translate", "A video translation"},
      {"instant_avatar", "An instant avatar"},
      {"photo_avatar_generation", "A photo avatar's generation"},
      {"photo_avatar_train", "A photo avatar's training"},
      {"photo_avatar_add_motion", "A photo avatar's motion"},
      {"proofread_creation", "A proofread"},
      {"live_avatar", "A live avatar"},
      {"avatar_video_caption", "The captions of an avatar video"},
      {"video_agent", "A video agent's video"},
      {"hyperframes_video", "A HyperFrames video"},
      {"ai_clipping", "An AI clipping"}};
  json types = json::array();
  auto add = [&types](const std::string& type, const std::string& description) {
    types.push_back({{"event_type", type}, {"description", description}});
  };
  for (const auto& [kind, what] : kKinds) {
    add(std::string(kind) + ".success", std::string(what) + " is completed");
    add(std::string(kind) + ".fail", std::string(what) + " has failed");
  }
  add("video_translate.preflight.validation_failed", "A video to be translated is not fit for it");
  add("video_translate.preflight.download_failed", "A video to be translated cannot be downloaded");
  add("personalized_video", "A personalized video is completed");
  add("batch.finished", "Every item of a batch is over");
  return types;
}

const json& event_types() {
  static const json types = make_event_types();
  return types;
}

bool is_event_type(const json& name) {
  const json& types = event_types();
  return std::any_of(types.begin(), types.end(),
                     [&](const json& type) { return type["event_type"] == name; });
}

/// Fields that are not given stay as they are.
void read_endpoint(const Fields& body, json& endpoint) {
  if (body.has("url") || endpoint["url"].is_null()) {
    body.text("url");
    endpoint["url"] = read_hook_url(body, "url");
  }
  if (!body.has("events")) return;
  const json& events = body.items("events", 0, event_types().size());
  for (const json& event : events) {
    if (!is_event_type(event)) body.refuse("events", event.dump() + " is not an event type");
  }
  endpoint["events"] = events;
}

/// v1 asks a URL with OPTIONS whether it is there.
void check_url(const json& body) {
  auto target = loopback_target(read_hook_url(Fields(body, ""), "url"));
  if (!target) return;
  int status = target->send("OPTIONS", kCheckTime);
  if (status >= 200 && status < 300) return;
  std::string got = status == 0 ? "had no answer within 1 s" : fmt::format("was answered with {}", status);
  throw ApiError{400, "invalid_parameter", "url is invalid: an OPTIONS request to it " + got, "url", kBadUrl};
}

std::string new_secret() {
  return "whsec_" + random_hex(16);
}

json new_endpoint(const json& request_body) {
  Fields body(request_body, "");
  std::string entity = body.text_or("entity_id", "");
  json endpoint = {{"endpoint_id", random_hex(16)},
                   {"url", nullptr},
                   {"events", nullptr},
                   {"secret", new_secret()},
                   {"status", "enabled"},
                   {"entity_id", entity.empty() ? json() : json(entity)},
                   {"username", "sandbox"},
                   {"created_at", iso_time(unix_milliseconds())}};
  read_endpoint(body, endpoint);
  return endpoint;
}

json add(Service& service, json endpoint) {
  service.endpoints.edit([&](json& list) { list.push_back(endpoint); });
  return endpoint;
}

/// Where the endpoint of that id stands. Throws ApiError 404.
json::iterator place(json& list, const std::string& id) {
  auto found = std::find_if(list.begin(), list.end(), [&](const json& e) { return e["endpoint_id"] == id; });
  if (found != list.end()) return found;
  throw ApiError{404, "webhook_endpoint_not_found", "Webhook endpoint not found", "endpoint_id", kNoEndpoint};
}

/// The endpoint as it is afterwards.
json change(Service& service, const std::string& id, const std::function<void(json& endpoint)>& edit) {
  json changed;
  service.endpoints.edit([&](json& list) {
    json& endpoint = *place(list, id);
    edit(endpoint);
    changed = endpoint;
  });
  return changed;
}

json update(Service& service, const std::string& id, const json& body) {
  return change(service, id, [&](json& endpoint) { read_endpoint(Fields(body, ""), endpoint); });
}

void delete_endpoint(Service& service, const std::string& id) {
  service.endpoints.edit([&](json& list) { list.erase(place(list, id)); });
}

json endpoint_answer(const json& data) {
  return {{"code", kWebhookSuccess}, {"data", data}, {"msg", nullptr}, {"message", nullptr}};
}

/// v3 shows a secret once.
json v3_endpoint(json endpoint, bool with_secret) {
  endpoint["created_at"] = endpoint["created_at"].get<std::string>() + "Z";
  if (!with_secret) endpoint["secret"] = nullptr;
  for (const char* name : {"entity_id", "username"}) endpoint.erase(name);
  return endpoint;
}

/// The latest first.
json history(Service& service, const std::string& type, const std::string& entity) {
  json events = service.events.all(), out = json::array();
  std::reverse(events.begin(), events.end());
  for (const json& event : events) {
    if (!type.empty() && event["event_type"] != type) continue;
    if (!entity.empty() && event["entity_id"] != entity) continue;
    out.push_back({{"event_id", event["event_id"]},
                   {"event_type", event["event_type"]},
                   {"event_data", event["event_data"]},
                   {"created_at", event["created_at"].get<std::string>() + "Z"}});
  }
  return out;
}

using Body = std::function<json(const httplib::Request&)>;

httplib::Server::Handler answering(Service& service, const Body& body) {
  return guarded(service, [body](const httplib::Request& request, httplib::Response& response) {
    answer(response, 200, body(request));
  });
}

/// The same, and what a key was answered within a day is its answer again.
httplib::Server::Handler once_a_key(Service& service, const Body& body) {
  return answering(service, [&service, body](const httplib::Request& request) {
    std::string key = replay_key(request);
    if (key.empty()) return body(request);
    json out;
    service.replays.edit([&](json& replays) {
      std::int64_t now = unix_milliseconds();
      for (const json& earlier : replays) {
        if (earlier["key"] == key && earlier["created_ms"] >= now - kReplayMs) out = earlier["answer"];
      }
      if (!out.is_null()) return;
      out = body(request);
      replays.push_back({{"key", key}, {"created_ms", now}, {"answer", out}});
    });
    return out;
  });
}

httplib::Server::Handler paging(Service& service, const Body& items) {
  return guarded(service, [items](const httplib::Request& request, httplib::Response& response) {
    answer_page(request, response, items(request));
  });
}

void serve_v1_hooks(httplib::Server& server, Service& service) {
  server.Post(R"(/v1/webhook/endpoint\.add)", answering(service, [&service](const auto& request) {
                json body = parse_body(request.body), endpoint = new_endpoint(body);
                check_url(body);
                return endpoint_answer(add(service, endpoint));
              }));
  server.Get(R"(/v1/webhook/endpoint\.list)", answering(service, [&service](const auto&) {
               return endpoint_answer(service.endpoints.all());
             }));
  server.Patch(R"(/v1/webhook/endpoint\.update)", answering(service, [&service](const auto& request) {
                 json body = parse_body(request.body);
                 check_url(body);
                 return endpoint_answer(update(service, Fields(body, "").text("endpoint_id"), body));
               }));
  server.Delete(R"(/v1/webhook/endpoint\.delete)", answering(service, [&service](const auto& request) {
                  delete_endpoint(service, request.get_param_value("endpoint_id"));
                  return endpoint_answer(nullptr);
                }));
  server.Get(R"(/v1/webhook/webhook\.list)", answering(service, [](const auto&) {
               json names = json::array();
               for (const json& type : event_types()) names.push_back(type["event_type"]);
               return endpoint_answer(names);
             }));
}

void serve_v3_hooks(httplib::Server& server, Service& service) {
  constexpr const char* kEndpoint = "/v3/webhooks/endpoints/([^/]+)";
  server.Post("/v3/webhooks/endpoints", once_a_key(service, [&service](const auto& request) {
                json endpoint = add(service, new_endpoint(parse_body(request.body)));
                return json{{"data", v3_endpoint(endpoint, true)}};
              }));
  server.Get("/v3/webhooks/endpoints", paging(service, [&service](const auto&) {
               json list = service.endpoints.all();
               for (json& endpoint : list) endpoint = v3_endpoint(endpoint, false);
               return list;
             }));
  server.Patch(kEndpoint, answering(service, [&service](const auto& request) {
                 json endpoint = update(service, request.matches[1], parse_body(request.body));
                 return json{{"data", v3_endpoint(endpoint, false)}};
               }));
  server.Delete(kEndpoint, answering(service, [&service](const auto& request) {
                  delete_endpoint(service, request.matches[1]);
                  return json{{"data", json::object()}, {"error", nullptr}};
                }));
  server.Post(
      std::string(kEndpoint) + "/rotate-secret", once_a_key(service, [&service](const auto& request) {
        json endpoint =
            change(service, request.matches[1], [](json& found) { found["secret"] = new_secret(); });
        return json{{"data", {{"endpoint_id", endpoint["endpoint_id"]}, {"secret", endpoint["secret"]}}}};
      }));
  server.Get("/v3/webhooks/event-types", answering(service, [](const auto&) {
               return json{{"data", event_types()}, {"has_more", false}, {"next_token", nullptr}};
             }));
  server.Get("/v3/webhooks/events", paging(service, [&service](const auto& request) {
               return history(service, request.get_param_value("event_type"),
                              request.get_param_value("entity_id"));
             }));
}

}  // namespace

void serve_webhooks(httplib::Server& server, Service& service) {
  serve_v1_hooks(server, service);
  serve_v3_hooks(server, service);
}

}  // namespace avstage::sandbox
