#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/atomic_file.h"
#include "media/demuxer.h"
#include "media/video_reader.h"
#include "net/client.h"
#include "sandbox/sandbox.h"
#include "support/temp_dir.h"

namespace avstage::sandbox::test {

using nlohmann::json;

/// A running sandbox and a client of it.
class Bench : public testing::Test {
 protected:
  Bench() : client_({.allow_http = true}) {
    options_.folder = dir_ / "sandbox";
    options_.make_time = std::chrono::milliseconds(30);
  }

  void start() { sandbox_ = Sandbox::start(options_); }
  /// Starts with a script.
  void start(const json& script) {
    options_.script = dir_ / "script.json";
    write_file_atomically(options_.script, script.dump());
    start();
  }
  void restart() {
    sandbox_.reset();
    start();
  }

  net::Response send(const std::string& method, const std::string& target, const std::string& body = "",
                     net::Headers headers = {}) {
    std::string url = target.rfind("http", 0) == 0 ? target : sandbox_->base_url() + target;
    bool file = url.find("/files/") != std::string::npos;  // no client sends its key there
    if (!key_.empty() && !file) headers.emplace_back("X-Api-Key", key_);
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    return client_.perform({.method = method, .url = url, .headers = std::move(headers), .body = body});
  }
  net::Response get(const std::string& target, net::Headers headers = {}) {
    return send("GET", target, "", std::move(headers));
  }
  json get_json(const std::string& target) { return json::parse(get(target).body); }

  static json v2_body() {
    return {{"video_inputs",
             {{{"character", {{"type", "avatar"}, {"avatar_id", "Daisy"}, {"avatar_style", "normal"}}},
               {"voice", {{"type", "text"}, {"voice_id", "v1"}, {"input_text", "Hello there."}}},
               {"background", {{"type", "color"}, {"value", "#008000"}}}}}},
            {"dimension", {{"width", 320}, {"height", 180}}}};
  }
  static json v3_body() {
    return {{"type", "avatar"}, {"avatar_id", "Daisy"}, {"script", "Hi."}, {"resolution", "720p"}};
  }

  std::string create(const json& body = v2_body()) {
    net::Response response = send("POST", "/v2/video/generate", body.dump());
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body)["data"]["video_id"];
  }

  net::Response post_v3(net::Headers headers = {}, const json& body = v3_body()) {
    return send("POST", "/v3/videos", body.dump(), std::move(headers));
  }
  std::string create_v3(net::Headers headers = {}, const json& body = v3_body()) {
    net::Response response = post_v3(std::move(headers), body);
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body)["data"]["video_id"];
  }
  /// As that header; a value of one request.
  static net::Headers fault(const json& knobs) { return {{"X-Sandbox-Fault", knobs.dump()}}; }

  json status(const std::string& id) { return get_json("/v1/video_status.get?video_id=" + id)["data"]; }

  /// The status data once the video is completed or failed.
  json finished(const std::string& id) {
    for (int i = 0; i < 1500; ++i) {
      json data = status(id);
      if (data["status"] == "completed" || data["status"] == "failed") return data;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ADD_FAILURE() << "video " << id << " was not finished within 30 s";
    return {};
  }

  /// Downloads the finished video into the temporary folder.
  std::string fetch(const json& data) {
    std::string path = dir_ / (data["id"].get<std::string>() + ".mp4");
    net::Response response = client_.perform({.url = data["video_url"], .max_body = 50'000'000});
    EXPECT_EQ(response.status, 200);
    write_file_atomically(path, response.body);
    return path;
  }
  std::string make(const json& body) { return fetch(finished(create(body))); }

  avstage::test::TempDir dir_;
  Options options_;
  std::string key_ = "some-key";
  net::Client client_;
  std::unique_ptr<Sandbox> sandbox_;
};

/// A connected TCP socket for what a well-behaved client cannot do.
class RawSocket {
 public:
  explicit RawSocket(const std::string& base_url) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(static_cast<std::uint16_t>(std::stoi(base_url.substr(base_url.rfind(':') + 1))));
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
  }
  ~RawSocket() { ::close(fd_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  void write(const std::string& text) {
    ASSERT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// Everything up to and including `end`.
  std::string read_until(const std::string& end) {
    std::string out;
    for (char c = 0; out.find(end) == std::string::npos && ::recv(fd_, &c, 1, 0) == 1;) out += c;
    return out;
  }
  /// What comes until the connection ends, or `enough` bytes of it.
  std::string read_bytes(std::size_t enough, bool& reset) {
    std::string out;
    char chunk[4096];
    while (out.size() < enough) {
      ssize_t n = ::recv(fd_, chunk, std::min(sizeof chunk, enough - out.size()), 0);
      reset = n < 0 && errno == ECONNRESET;
      if (n <= 0) break;
      out.append(chunk, static_cast<std::size_t>(n));
    }
    return out;
  }
  /// Whether neither bytes nor an end come.
  bool is_silent_for(std::chrono::milliseconds time) {
    pollfd waiting{fd_, POLLIN, 0};
    return ::poll(&waiting, 1, static_cast<int>(time.count())) == 0;
  }

 private:
  int fd_;
};

}  // namespace avstage::sandbox::test
