#include "render/vendor.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace avstage::test {
namespace {

using nlohmann::json;

}  // namespace

Vendor::Vendor(Script script) : script_(std::move(script)) {
  server_ = std::make_unique<FaultServer>([this](const HttpRequest& r, Connection& c) { answer(r, c); });
}

int Vendor::charges() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(titles_.size());
}

int Vendor::creates() const {
  std::lock_guard lock(mutex_);
  return creates_;
}

int Vendor::downloads() const {
  std::lock_guard lock(mutex_);
  return downloads_;
}

void Vendor::set_status(const std::string& status) {
  std::lock_guard lock(mutex_);
  script_.status = status;
}

void Vendor::remove_v2(int status) {
  std::lock_guard lock(mutex_);
  gone_ = status;
}

int Vendor::gone(const std::string& target) const {
  std::lock_guard lock(mutex_);
  return target.starts_with("/v3/") ? 0 : gone_;
}

void Vendor::answer(const HttpRequest& r, Connection& c) {
  if (r.target.starts_with("/clip")) return download(r, c);
  if (r.target == "/captions") {
    serve_file(c, r, script_.captions, {});
    return;
  }
  if (int status = gone(r.target); status != 0) {
    c.respond(status, R"({"code":0,"message":"This endpoint was removed."})", kJson);
    return;
  }
  if (r.target == "/v1/asset" || r.target == "/v3/assets") {
    c.respond(200, R"({"code":100,"data":{"id":"up1","asset_id":"up1"}})", kJson);
    return;
  }
  if (r.method == "POST") return create(r, c, r.target == "/v3/videos");
  if (r.target.starts_with("/v1/video.list")) return list(c, false);
  if (r.target.starts_with("/v3/videos?")) return list(c, true);
  if (r.target.starts_with("/v3/videos/")) return status(r.target.substr(11), c, true);
  status(r.target.substr(r.target.find('=') + 1), c, false);
}

void Vendor::create(const HttpRequest& r, Connection& c, bool v3) {
  std::unique_lock lock(mutex_);
  ++creates_;
  if (!script_.create_answer.empty()) {
    c.respond(script_.create_status, script_.create_answer, kJson);
    return;
  }
  if (!script_.refuse.empty() && r.body.find(script_.refuse) != std::string::npos) {
    c.respond(400, R"({"error":{"code":"invalid_parameter","message":"refused by the script"}})", kJson);
    return;
  }
  if (creates_ > 1 && !script_.refuse_repeats.empty()) {
    const int status = script_.refuse_repeats.front();
    script_.refuse_repeats.erase(script_.refuse_repeats.begin());
    c.respond(status, R"({"error":{"code":"refused","message":"refused by the script"}})", kJson);
    return;
  }
  std::string key = r.header("idempotency-key");
  std::string& id = idempotent_[key.empty() ? "create " + std::to_string(creates_) : key];
  if (id.empty()) {
    id = fmt::format("{:032x}", titles_.size() + 1);
    titles_[id] = json::parse(r.body).value("title", "");
  }
  if (script_.lose_answers-- > 0) return c.reset();
  json data = {{"video_id", id}};
  if (v3) data["status"] = "waiting";
  c.respond(200, v3 ? json{{"data", data}}.dump() : json{{"error", nullptr}, {"data", data}}.dump(), kJson);
}

void Vendor::list(Connection& c, bool v3) const {
  std::lock_guard lock(mutex_);
  json videos = json::array();
  for (const auto& [id, title] : titles_) {
    if (script_.unlisted) break;
    videos.push_back(v3 ? json{{"id", id}, {"title", title}, {"status", script_.status}}
                        : json{{"video_id", id}, {"video_title", title}, {"status", script_.status}});
  }
  json body = v3 ? json{{"data", videos}, {"has_more", false}, {"next_token", nullptr}}
                 : json{{"code", 100}, {"data", {{"videos", videos}, {"token", nullptr}}}};
  c.respond(200, body.dump(), kJson);
}

void Vendor::status(const std::string& id, Connection& c, bool v3) const {
  std::lock_guard lock(mutex_);
  json data = {{"id", id}, {"status", script_.status}, {"error", nullptr}};
  if (!titles_.contains(id)) {
    c.respond(404, R"({"code":400031,"message":"video not found","data":null})", kJson);
    return;
  }
  if (script_.status == "completed") {
    data["video_url"] = server_->url(fmt::format("/clip.mp4?Signature=s{}", ++signatures_));
    data["duration"] = script_.duration;
    if (!script_.captions.empty()) data[v3 ? "subtitle_url" : "caption_url"] = server_->url("/captions");
    if (script_.insufficient_credit) {
      data["error"] = {{"code", "MOVIO_PAYMENT_INSUFFICIENT_CREDIT"}, {"message", "Insufficient credit"}};
    }
  }
  if (script_.status == "failed") data["error"] = {{"code", 40119}, {"message", "Video is too long"}};
  if (script_.status == "failed" && v3) data["failure_message"] = "Video is too long";
  c.respond(
      200,
      v3 ? json{{"data", data}}.dump() : json{{"code", 100}, {"message", "Success"}, {"data", data}}.dump(),
      kJson);
}

void Vendor::download(const HttpRequest& r, Connection& c) {
  bool first = false;
  int number = 0;
  ServeOptions options;
  {
    std::lock_guard lock(mutex_);
    number = downloads_++;
    first = number == 0;
    options = first || script_.cdn_always ? script_.cdn : ServeOptions{};
  }
  if (script_.download) return script_.download(number, r, c);
  bool expired = script_.expire_at > 0 && r.target.ends_with("=s1") && !first;
  if (expired) {
    c.respond(403, "<Error><Code>AccessDenied</Code></Error>", "Content-Type: application/xml\r\n");
    return;
  }
  if (script_.expire_at > 0 && first) options.reset_at = script_.expire_at;
  serve_file(c, r, script_.clip, options);
}

}  // namespace avstage::test
