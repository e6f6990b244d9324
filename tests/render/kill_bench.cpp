#include "render/kill_bench.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "render/vendor.h"
#include "support/media_fixtures.h"

namespace avstage::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string status_of(const std::string& body) {
  json answer = json::parse(body, nullptr, false);
  return answer.is_object() && answer.contains("data") && answer["data"].is_object()
             ? answer["data"].value("status", "")
             : "";
}

std::string video_id_of(const std::string& body) {
  json answer = json::parse(body, nullptr, false);
  return answer.is_object() && answer.contains("data") && answer["data"].is_object()
             ? answer["data"].value("video_id", "")
             : "";
}

/// Of a status request in either dialect.
std::string asked_for(const std::string& target) {
  return target.substr(target.find_last_of("/=") + 1);
}

}  // namespace

Middle::Middle(std::string sandbox_url) : sandbox_url_(std::move(sandbox_url)) {
  server_ = std::make_unique<FaultServer>([this](const HttpRequest& r, Connection& c) { answer(r, c); });
}

void Middle::new_run(ApiFault fault) {
  std::lock_guard lock(mutex_);
  fault_ = fault;
  fault_due_ = true;
  kill_ = {};
  seen_.clear();
}

void Middle::kill_at(const std::string& kind, int count, std::function<void()> kill) {
  std::lock_guard lock(mutex_);
  kill_kind_ = kind;
  kill_count_ = count;
  kill_ = std::move(kill);
}

void Middle::hold_orders(Gate* gate) {
  gate_ = gate;
}

int Middle::seen(const std::string& kind) const {
  std::lock_guard lock(mutex_);
  auto it = seen_.find(kind);
  return it == seen_.end() ? 0 : it->second;
}

std::vector<std::string> Middle::made() const {
  std::lock_guard lock(mutex_);
  return made_;
}

int Middle::most_being_made() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(most_);
}

void Middle::pass(const std::string& kind) {
  std::function<void()> kill;
  {
    std::lock_guard lock(mutex_);
    if (++seen_[kind] == kill_count_ && kind == kill_kind_) kill = kill_;
  }
  if (kill) kill();
}

net::Response Middle::pass_on(const HttpRequest& request) {
  net::Request out;
  out.method = request.method;
  out.url = sandbox_url_ + request.target;
  for (const auto& [name, value] : request.headers) {
    if (name == "x-api-key" || name == "content-type") out.headers.emplace_back(name, value);
    if (name == "idempotency-key")
      out.headers.emplace_back(name, fmt::format("{}{}", value, keys_of_.load()));
  }
  out.body = request.body;
  return client_.perform(out);
}

void Middle::answer(const HttpRequest& request, Connection& connection) {
  if (request.method == "POST") return order(request, connection);
  const bool list = request.target.starts_with("/v1/video.list") || request.target.starts_with("/v3/videos?");
  pass(list ? "listed" : "asked");
  net::Response response = pass_on(request);
  if (!list && status_of(response.body) == "completed") {
    std::lock_guard lock(mutex_);
    auto made = being_made_.find(asked_for(request.target));
    if (made != being_made_.end() && std::chrono::steady_clock::now() - made->second < make_time_.load()) {
      response.body = R"({"code":100,"data":{"status":"processing"}})";
    } else if (made != being_made_.end()) {
      being_made_.erase(made);
    }
  }
  if (list) response.body = without_young(response.body);
  connection.respond(static_cast<int>(response.status), response.body, kJson);
}

std::string Middle::without_young(const std::string& list) const {
  json body = json::parse(list);
  json& videos = body["data"].is_array() ? body["data"] : body["data"]["videos"];
  std::lock_guard lock(mutex_);
  const auto youngest = std::chrono::steady_clock::now() - list_lag_.load();
  for (auto it = videos.begin(); it != videos.end();) {
    auto ordered = ordered_.find(it->value("video_id", it->value("id", "")));
    it = ordered != ordered_.end() && ordered->second > youngest ? videos.erase(it) : it + 1;
  }
  return body.dump();
}

void Middle::order(const HttpRequest& request, Connection& connection) {
  ++orders_;
  if (Gate* gate = gate_) connection.wait(*gate);
  ApiFault fault = ApiFault::none;
  {
    std::lock_guard lock(mutex_);
    if (fault_due_) fault = fault_;
    fault_due_ = false;
  }
  pass("arrived");
  if (fault == ApiFault::busy) {
    connection.respond(429, R"({"error":{"code":"rate_limit_exceeded","message":"slow down"}})",
                       std::string(kJson) + "Retry-After: 0\r\n");
    return;
  }
  net::Response response = pass_on(request);
  if (std::string id = video_id_of(response.body); !id.empty()) {
    std::lock_guard lock(mutex_);
    if (!ordered_.contains(id)) made_.push_back(id);  // a repeated key gives the same
    being_made_[id] = ordered_[id] = std::chrono::steady_clock::now();
    most_ = std::max(most_, being_made_.size());
  }
  pass("bought");
  if (fault == ApiFault::lost) return connection.reset();
  if (fault == ApiFault::gateway) {
    connection.respond(504, "<html>Gateway Timeout</html>", "Content-Type: text/html\r\n");
    return;
  }
  if (fault == ApiFault::slow) connection.sleep(std::chrono::milliseconds(200));
  connection.respond(static_cast<int>(response.status), response.body, kJson);
}

std::string Middle::find(const std::string& tag) {
  for (const char* path : {"/v1/video.list?limit=100", "/v3/videos?limit=100"}) {
    json body =
        json::parse(client_.perform({.url = sandbox_url_ + path, .headers = {{"X-Api-Key", "human"}}}).body);
    const json& videos = body["data"].is_array() ? body["data"] : body["data"]["videos"];
    for (const json& video : videos) {
      std::string title = video.value("title", video.value("video_title", ""));
      if (title.find(tag) != std::string::npos) return video.value("video_id", video.value("id", ""));
    }
  }
  return "";
}

KillBench::KillBench() {
  sandbox::Options options;
  options.folder = dir / "sandbox";
  options.make_time = std::chrono::milliseconds(20);
  options.script = dir / "script.json";
  write_bytes(options.script, R"({ "webm": "opaque" })");
  sandbox = sandbox::Sandbox::start(options);
  middle = std::make_unique<Middle>(sandbox->base_url());
}

std::string KillBench::job(const std::string& dialect, int take, const std::string& more) const {
  const char* size = dialect == "v2" ? "160x128" : "1280x720";
  return fmt::format(
      R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, "heygen": {{ "api": "{}", "deadline": "60s"{} }},
  "clips": [ {{ "color": "#203040", "duration": "5f" }},
    {{ "id": "h", "avatar": {{ "id": "a", "voice": "v", "say": "One.", "size": "{}", "take": {} }} }} ],
  "outputs": [ {{ "path": "out.mp4", "preset": "ultrafast" }} ] }})",
      dialect, more, size, take);
}

std::string KillBench::fallback_job(const std::string& dialect, int take) const {
  const bool v2 = dialect == "v2";  // whose transparent clips are small, and have no captions
  return fmt::format(
      R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, "heygen": {{ "api": "{}", "deadline": "60s" }},
  "tracks": [ {{ "clips": [ {{ "color": "#203040", "duration": "end" }} ] }},
    {{ "clips": [ {{ "id": "h", "start": "2f", "avatar": {{ "id": "a", "voice": "v", "say": "One.", "size": "{}",
        "transparent": "prefer"{}, "take": {} }} }} ] }}{} ],
  "outputs": [ {{ "path": "out.mp4", "preset": "ultrafast", "poster": {{ "thumbnail": "h" }} }} ] }})",
      dialect, v2 ? "160x128" : "1280x720", v2 ? "" : R"(, "caption": true)", take,
      v2 ? "" : R"(, { "captions": { "from": "h", "sidecar": [ "srt" ] } })");
}

Settings KillBench::settings(const std::string& name) const {
  Settings s;
  s.state_dir = dir / name + "/state";
  s.cache_dir = dir / name + "/cache";
  s.sandbox = middle->url();
  return s;
}

std::unique_ptr<CliProcess> KillBench::start(const std::string& name, const std::string& text,
                                             const std::map<std::string, std::string>& more) {
  const std::string folder = dir / name;
  fs::create_directories(folder);
  write_bytes(folder + "/job.json", text);
  std::map<std::string, std::string> environment{{"AVSTAGE_KILL_URL", middle->url()}, {"TMPDIR", dir.path()}};
  environment.insert(more.begin(), more.end());
  return std::make_unique<CliProcess>("/proc/self/exe",
                                      std::vector<std::string>{"--gtest_filter=KillChild.DISABLED_Renders",
                                                               "--gtest_also_run_disabled_tests"},
                                      folder, environment);
}

std::string KillBench::film(const std::string& name, const std::vector<std::string>& video_ids) const {
  if (!fs::exists(dir / name + "/out.mp4")) return "";
  std::string bytes;
  for (const char* file : {"out.mp4", "out.srt", "out.poster.jpg"}) {
    const std::string path = dir / name + "/" + file;
    if (fs::exists(path)) bytes += read_bytes(path);
  }
  for (const std::string& id : video_ids) {
    for (std::size_t at = bytes.find(id); at != std::string::npos; at = bytes.find(id, at + 1))
      bytes.replace(at, id.size(), id.size(), '0');
  }
  return bytes;
}

bool KillBench::any_part_left(const std::string& name) const {
  for (const auto& entry : fs::recursive_directory_iterator(dir / name)) {
    if (entry.path().extension() == ".part") return true;
  }
  return false;
}

}  // namespace avstage::test
