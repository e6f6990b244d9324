#include "sandbox/webhooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/log.h"
#include "sandbox/fields.h"

namespace avstage::sandbox {
using nlohmann::json;
using std::chrono::milliseconds;
namespace {

constexpr milliseconds kTick{50};
constexpr int kPausesMs[] = {0, 300, 1000, 2000, 4000};  ///< before each try
constexpr milliseconds kTimeout{2000};

std::string hex(const std::array<std::uint8_t, 32>& bytes) {
  std::string out;
  for (std::uint8_t byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

bool is_good(const json& status) {
  return status >= 200 && status < 300;
}

/// `entity_id` and `how` (the knob) are for the sandbox itself.
json event_of(const Service& service, const Video& video, const Told& told) {
  json data = {{"video_id", video.id},
               {"callback_id", video.callback_id.empty() ? json() : json(video.callback_id)}};
  if (told.failed) {
    data["msg"] = told.failure_message;
  } else {
    data["url"] = service.video_url(video);
    for (const char* name : {"gif_download_url", "video_share_page_url", "video_page_url", "folder_id"}) {
      data[name] = nullptr;
    }
  }
  return {{"event_type", told.failed ? "avatar_video.fail" : "avatar_video.success"},
          {"event_data", data},
          {"entity_id", video.id},
          {"how", service.director.of_video(video).webhook}};
}

bool wants(const json& endpoint, const json& event) {
  const json &events = endpoint["events"], &entity = endpoint["entity_id"];
  bool kind =
      events.is_null() || std::find(events.begin(), events.end(), event["event_type"]) != events.end();
  return kind && (entity.is_null() || entity == event["entity_id"]);
}

}  // namespace

int HookTarget::send(const std::string& method, milliseconds time, const httplib::Headers& headers,
                     const std::string& body) const {
  httplib::Client client(origin);
  client.set_connection_timeout(time);
  client.set_read_timeout(time);
  client.set_write_timeout(time);
  auto result =
      method == "OPTIONS" ? client.Options(path) : client.Post(path, headers, body, "application/json");
  return result ? result->status : 0;
}

std::optional<HookTarget> loopback_target(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  std::size_t slash = std::min(url.find('/', kScheme.size()), url.size());
  std::string authority = url.substr(kScheme.size(), slash - kScheme.size());
  std::size_t colon = authority.rfind(':');
  std::string host = authority.substr(0, colon);
  if (host != "127.0.0.1" && host != "localhost") return std::nullopt;
  std::string port = colon == std::string::npos ? "80" : authority.substr(colon + 1);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return HookTarget{"http://127.0.0.1:" + port, slash == url.size() ? "/" : url.substr(slash)};
}

std::string read_hook_url(const Fields& fields, const char* name) {
  std::string url = fields.text_or(name, "");
  if (url.empty() || url.starts_with("https://") || loopback_target(url)) return url;
  fields.refuse(name, "must be an https URL, or one with http on 127.0.0.1 or localhost");
}

std::string read_callback_url(const json& body) {
  return read_hook_url(Fields(body, ""), "callback_url");
}

Courier::Courier(Service& service)
    : service_(service),
      secret_(service.director.webhook_secret().empty() ? random_hex(16)
                                                        : service.director.webhook_secret()) {
  for (const json& event : service_.events.all()) add_deliveries(event);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Courier::~Courier() {
  thread_.request_stop();
  thread_.join();
}

json Courier::deliveries() const {
  std::lock_guard lock(mutex_);
  return deliveries_;
}

void Courier::run(const std::stop_token& stop) {
  auto logged = [](const std::string& id, const auto& work) {
    try {
      return work();
    } catch (const std::exception& e) {
      log::error("sandbox: webhook of {}: {}", id, e.what());
      return true;
    }
  };
  while (system_clock().sleep(kTick, stop)) {
    for (const Video& video : service_.store.all()) {
      if (!video.notified && !video.deleted) logged(video.id, [&] { return note(video), true; });
    }
    for (const json& batch : service_.batches.all()) {
      if (!batch["notified"]) logged(batch["batch_id"], [&] { return note_batch(batch), true; });
    }
    std::erase_if(open_, [&](Delivery& delivery) {
      return !stop.stop_requested() && logged(delivery.event["entity_id"], [&] { return advance(delivery); });
    });
  }
}

/// What nobody wants to hear is noted too: an endpoint is told what ends after it was registered.
void Courier::note(const Video& video) {
  Told told = tell(service_, video);
  if (!told.completed && !told.failed) return;
  add_event(event_of(service_, video, told), video.callback_url);
  service_.store.change(video.id, [](Video& kept) { kept.notified = true; });
}

void Courier::note_batch(const json& batch) {
  json told = tell_batch(service_, batch, false);
  if (told["status"] == "processing") return;
  told.erase("items");
  add_event({{"event_type", "batch.finished"},
             {"event_data", told},
             {"entity_id", batch["batch_id"]},
             {"how", service_.director.of_request(batch["knobs"]).webhook}},
            batch["callback_url"]);
  service_.batches.edit([&](json& batches) {
    for (json& kept : batches) {
      if (kept["batch_id"] == batch["batch_id"]) kept["notified"] = true;
    }
  });
}

void Courier::add_event(const json& event, const std::string& callback_url) {
  json kept = event;
  kept["event_id"] = random_hex(16);
  kept["created_at"] = iso_time(unix_milliseconds());
  kept["targets"] = json::array();
  if (!callback_url.empty()) kept["targets"].push_back({{"url", callback_url}, {"over", false}});
  for (const json& endpoint : service_.endpoints.all()) {
    if (!wants(endpoint, event)) continue;
    kept["targets"].push_back({{"endpoint_id", endpoint["endpoint_id"]}, {"over", false}});
  }
  if (kept["targets"].empty()) return;
  bool added = true;  // a crash may have come between the event and its subject's mark
  service_.events.edit([&](json& events) {
    for (const json& earlier : events) added &= earlier["entity_id"] != event["entity_id"];
    if (added) events.push_back(kept);
  });
  if (added) add_deliveries(kept);
}

void Courier::add_deliveries(const json& event) {
  for (std::size_t i = 0; i < event["targets"].size(); ++i) {
    if (!event["targets"][i]["over"]) open_.push_back({event, i});
  }
}

/// True when it is over. The endpoint is what it is now: moved, with another secret or gone.
bool Courier::advance(Delivery& delivery) {
  if (unix_milliseconds() < delivery.due_ms) return false;
  const json& target = delivery.event["targets"][delivery.target];
  std::string url = target.value("url", ""), secret = secret_;
  for (const json& endpoint : service_.endpoints.all()) {
    if (endpoint["endpoint_id"] != target.value("endpoint_id", "")) continue;
    url = endpoint["url"];
    secret = endpoint["secret"];
  }
  auto at = loopback_target(url);
  std::string not_sent = url.empty()                       ? "the endpoint is gone"
                         : delivery.event["how"] == "lost" ? "scripted"
                         : !at                             ? "not http on loopback"
                                                           : "";
  if (not_sent.empty()) {
    post(*at, delivery.event, secret, delivery.answers);
    std::size_t tries = delivery.answers.size();
    if (!is_good(delivery.answers.back()) && tries < std::size(kPausesMs)) {
      delivery.due_ms = unix_milliseconds() + kPausesMs[tries];
      return false;
    }
  }
  close(delivery, url, not_sent);
  return true;
}

/// Appends the answer's status, 0 without one. Every try has the event's id: that is what a receiver knows a
/// repetition by.
void Courier::post(const HookTarget& target, const json& event, const std::string& secret,
                   json& answers) const {
  json told = {{"event_type", event["event_type"]}, {"event_data", event["event_data"]}};
  std::string body = told.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string signature = hex(hmac_sha256(event["how"] == "forged" ? "not " + secret : secret, body));
  httplib::Headers headers = {{"Signature", signature},
                              {"Heygen-Signature", signature},
                              {"Heygen-Timestamp", fmt::format("{}", system_clock().unix_seconds())},
                              {"Heygen-Event-Id", event["event_id"]}};
  answers.push_back(target.send("POST", kTimeout, headers, body));
  if (event["how"] == "twice") target.send("POST", kTimeout, headers, body);
}

void Courier::close(const Delivery& delivery, const std::string& url, const std::string& not_sent) {
  service_.events.edit([&](json& events) {
    for (json& event : events) {
      if (event["event_id"] == delivery.event["event_id"]) event["targets"][delivery.target]["over"] = true;
    }
  });
  const char* subject = delivery.event["event_type"] == "batch.finished" ? "batch_id" : "video_id";
  json told = {{subject, delivery.event["entity_id"]},
               {"event_type", delivery.event["event_type"]},
               {"url", url},
               {"answers", delivery.answers}};
  if (!not_sent.empty()) told["not_sent"] = not_sent;
  std::lock_guard lock(mutex_);
  deliveries_.push_back(std::move(told));
}

}  // namespace avstage::sandbox
