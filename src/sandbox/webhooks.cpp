#include "sandbox/webhooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "base/log.h"
#include "sandbox/fields.h"

namespace avstage::sandbox {
using nlohmann::json;
using std::chrono::milliseconds;
namespace {

constexpr milliseconds kTick{50};
constexpr milliseconds kPauses[] = {milliseconds(0), milliseconds(300), milliseconds(1000),
                                    milliseconds(2000), milliseconds(4000)};
constexpr std::chrono::seconds kTimeout{2};

struct Target {
  std::string origin, path;
};

/// nullopt for everything but http on loopback.
std::optional<Target> loopback_target(const std::string& url) {
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
  return Target{"http://127.0.0.1:" + port, slash == url.size() ? "/" : url.substr(slash)};
}

std::string hex(const std::array<std::uint8_t, 32>& bytes) {
  std::string out;
  for (std::uint8_t byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

json event_of(const Service& service, const Video& video, const Told& told) {
  json callback_id = video.callback_id.empty() ? json() : json(video.callback_id);
  if (told.failed) {
    return {{"event_type", "avatar_video.fail"},
            {"event_data",
             {{"video_id", video.id}, {"msg", told.failure_message}, {"callback_id", callback_id}}}};
  }
  return {{"event_type", "avatar_video.success"},
          {"event_data",
           {{"video_id", video.id},
            {"url", service.video_url(video)},
            {"gif_download_url", nullptr},
            {"video_share_page_url", nullptr},
            {"video_page_url", nullptr},
            {"folder_id", nullptr},
            {"callback_id", callback_id}}}};
}

}  // namespace

std::string read_callback_url(const json& body) {
  Fields fields(body, "");
  std::string url = fields.text_or("callback_url", "");
  if (url.empty() || url.starts_with("https://") || loopback_target(url)) return url;
  fields.refuse("callback_url", "must be an https URL, or one with http on 127.0.0.1 or localhost");
}

Courier::Courier(Service& service)
    : service_(service),
      secret_(service.director.webhook_secret().empty() ? random_hex(16) : service.director.webhook_secret()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Courier::~Courier() {
  thread_.request_stop();
  thread_.join();
}

json Courier::deliveries() const {
  std::lock_guard lock(mutex_);
  return deliveries_;
}

void Courier::run(const std::stop_token& stop) {
  while (system_clock().sleep(kTick, stop)) {
    for (const Video& video : service_.store.all()) {
      if (video.notified || video.deleted || video.callback_url.empty()) continue;
      try {
        notify(video, stop);
      } catch (const std::exception& e) {
        log::error("sandbox: webhook of video {}: {}", video.id, e.what());
      }
    }
  }
}

void Courier::notify(const Video& video, const std::stop_token& stop) {
  Told told = tell(service_, video);
  if (!told.completed && !told.failed) return;
  std::string how = service_.director.of_video(video).webhook;
  json delivery = {{"video_id", video.id}, {"url", video.callback_url}, {"answers", json::array()}};
  bool delivered = how == "lost" || !loopback_target(video.callback_url);
  if (delivered) delivery["not_sent"] = how == "lost" ? "scripted" : "not http on loopback";
  std::string body = event_of(service_, video, told).dump();
  std::string secret = how == "forged" ? "not " + secret_ : secret_;
  for (milliseconds pause : kPauses) {
    if (delivered) break;
    if (!system_clock().sleep(pause, stop)) return;
    int status = post(video.callback_url, body, secret);
    if (how == "twice") post(video.callback_url, body, secret);
    delivery["answers"].push_back(status);
    delivered = status >= 200 && status < 300;
  }
  service_.store.change(video.id, [](Video& kept) { kept.notified = true; });
  std::lock_guard lock(mutex_);
  deliveries_.push_back(std::move(delivery));
}

/// The answer's status, 0 without one.
int Courier::post(const std::string& url, const std::string& body, const std::string& secret) {
  Target target = loopback_target(url).value();
  httplib::Client client(target.origin);
  client.set_connection_timeout(kTimeout);
  client.set_read_timeout(kTimeout);
  client.set_write_timeout(kTimeout);
  std::string signature = hex(hmac_sha256(secret, body));
  httplib::Headers headers = {{"Signature", signature},
                              {"Heygen-Signature", signature},
                              {"Heygen-Timestamp", fmt::format("{}", system_clock().unix_seconds())},
                              {"Heygen-Event-Id", random_hex(16)}};
  auto result = client.Post(target.path, headers, body, "application/json");
  return result ? result->status : 0;
}

}  // namespace avstage::sandbox
