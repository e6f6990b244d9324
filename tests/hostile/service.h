#pragma once

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "support/fault_server.h"

namespace avstage::test {

/// A vendor (v2 and v3), its CDN and a third host, each a server of its own, so that what is sent to whom can
/// be told apart. Right answers but where a handler returns true: it has then answered itself.
class Service {
 public:
  using Answer = std::function<bool(const HttpRequest&, Connection&)>;
  Answer create, status, download;
  std::function<void()> on_request;  ///< called before the first answer

  Service(std::string clip, std::string query, double duration)
      : clip_(std::move(clip)), query_(std::move(query)), duration_(duration) {}

  std::string url() const { return api.url(""); }
  std::string clip_url(const FaultServer& host) const { return host.url("/clip.mp4?" + query_); }
  static bool json(Connection& c, int status, const std::string& body) {
    return c.respond(status, body, "Content-Type: application/json\r\n") || true;
  }
  static bool redirect(Connection& c, const std::string& to) {
    return c.respond(302, "", "Location: " + to + "\r\n") || true;
  }

 private:
  void answer_api(const HttpRequest& r, Connection& c) {
    if (on_request && !asked_.exchange(true)) on_request();
    const bool v3 = r.target.starts_with("/v3");
    if (r.method == "POST") {
      if (create && create(r, c)) return;
      json(c, 200, R"({"error":null,"data":{"video_id":"v1","status":"waiting"}})");
    } else if (r.target.find("list") != std::string::npos || r.target.starts_with("/v3/videos?")) {
      json(c, 200, v3 ? R"({"data":[],"has_more":false})" : R"({"code":100,"data":{"videos":[]}})");
    } else if (!status || !status(r, c)) {
      json(c, 200,
           fmt::format(
               R"({{"code":100,"data":{{"id":"v1","status":"completed","video_url":"{}","duration":{}}}}})",
               clip_url(cdn), duration_));
    }
  }
  void answer_cdn(const HttpRequest& r, Connection& c) const {
    if (!download || !download(r, c)) serve_file(c, r, clip_);
  }

  std::string clip_, query_;
  double duration_;
  std::atomic<bool> asked_ = false;

 public:
  FaultServer elsewhere{[this](const HttpRequest& r, Connection& c) { serve_file(c, r, clip_); }};
  FaultServer cdn{[this](const HttpRequest& r, Connection& c) { answer_cdn(r, c); }};
  FaultServer api{[this](const HttpRequest& r, Connection& c) { answer_api(r, c); }};
};

}  // namespace avstage::test
