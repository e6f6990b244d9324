#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "hostile/service.h"
#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

// A canary key and canary signatures, looked for in everything that the tool writes, prints, sends to others
// and shows to others while it runs.
namespace avstage::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const std::string kKey = "canary-key-5f3c9a7d21e8";
const std::string kSignature = "cAnArY-sig~9b_Zx41";
const std::string kQuery = "Expires=1&Signature=" + kSignature + "&Key-Pair-Id=K" + kSignature;

/// Both secrets in foreign words, plain and as JSON may write an address.
const std::string kEcho =
    "key " + kKey + ", https://h/a?" + kQuery + " https:\\/\\/h\\/a?" + kQuery + " &Signature=" + kSignature;

std::string in_json(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '\\' ? "\\\\" : std::string(1, c);
  return out;
}

int times(const std::string& text) {
  int n = 0;
  for (const std::string& secret : {kKey, kSignature}) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 1)) ++n;
  }
  return n;
}

/// What others on the machine see of this process's children.
std::string seen_from_outside() {
  std::string all;
  const std::string parent = "PPid:\t" + std::to_string(::getpid()) + "\n";
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string dir = entry.path().string();
    std::ifstream status(dir + "/status");
    std::string text{std::istreambuf_iterator<char>(status), {}};
    if (text.find(parent) == std::string::npos) continue;
    for (const char* name : {"/cmdline", "/environ", "/limits"}) {
      std::ifstream in(dir + name, std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
  }
  return all;
}

struct Tally {
  int runs = 0, files = 0, requests = 0, seen = 0;
  std::size_t bytes = 0;
};

class Secrets : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    TempDir dir;
    VideoSpec spec;
    make_video(dir / "clip.mp4", spec);
    clip_ = read_bytes(dir / "clip.mp4");
    spec.audio_codec = "";
    make_video(dir / "mute.mp4", spec);
    mute_ = read_bytes(dir / "mute.mp4");
  }
  static void TearDownTestSuite() {
    fmt::print("canary search: {} runs, {} files, {} bytes, {} requests, {} bytes of /proc: 0 found\n",
               tally_.runs, tally_.files, tally_.bytes, tally_.requests, tally_.seen);
  }

  void SetUp() override {
    service = std::make_unique<Service>(clip_, kQuery, 1.0);
    service->on_request = [this] { seen_ = seen_from_outside(); };
    write_bytes(dir / "job.json", R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
      "heygen": { "deadline": 2, "api": "v3" },
      "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "Hello." } } ], "output": "out.mp4" })");
  }

  CliProcess start(std::vector<std::string> words, const std::string& key = kKey) const {
    words.insert(words.begin(), "-v");
    words.insert(words.end(), {"job.json", "--api-base", service->url(), "--state", dir / "state", "--cache",
                               dir / "cache"});
    return CliProcess(avstage_binary(), words, dir.path(),
                      {{"HEYGEN_API_KEY", key}, {"HEYGEN_ALLOW_HTTP", "1"}});
  }

  /// Runs the job and searches. Twice the same in other words: for people and for machines.
  void expect(const std::vector<std::string>& words, int exit_code) {
    CliResult r = start(words).wait();
    EXPECT_EQ(r.exit_code, exit_code) << r.out << r.err;
    search();
  }

  void search() {
    ++tally_.runs;
    for (const std::string& name : dir.files()) {
      const std::string bytes = read_bytes(dir / name);
      EXPECT_EQ(times(bytes), 0) << name << (name.starts_with("process") ? bytes : "");
      if (name.starts_with("process")) {
        EXPECT_EQ(bytes.find("Signature="), std::string::npos) << bytes;
        EXPECT_EQ(bytes.find('\x1b'), std::string::npos) << "what a terminal obeys: " << bytes;
      }
      ++tally_.files;
      tally_.bytes += bytes.size();
    }
    search_requests();
    EXPECT_EQ(times(seen_), 0) << "in /proc";
    bool dumpable = !seen_.empty() && seen_.find("Max core file size        0 ") == std::string::npos;
    EXPECT_FALSE(dumpable) << "core dumps";
    tally_.seen += static_cast<int>(seen_.size());
  }

  void search_requests() {
    for (const FaultServer* server : {&service->api, &service->cdn, &service->elsewhere}) {
      for (HttpRequest& r : server->requests()) {
        ++tally_.requests;
        std::string all = r.body;
        for (const auto& [name, value] : r.headers) {
          if (server != &service->api || name != "x-api-key") all += name + ":" + value + "\n";
        }
        if (server == &service->api) all += r.target;  // the CDN's own signature is for the CDN
        EXPECT_EQ(times(all), 0) << r.method << " " << r.target;
        EXPECT_EQ(r.target.find(kKey), std::string::npos);
      }
    }
  }

  const std::vector<std::string> people{"render", "--progress", "plain"};
  const std::vector<std::string> machines{"render", "--json", "--progress", "json"};
  TempDir dir;
  std::unique_ptr<Service> service;
  static inline std::string clip_, mute_;

 private:
  std::string seen_;
  static inline Tally tally_;
};

TEST_F(Secrets, StayInWhenAllGoesWell) {
  service->download = [this, cut = false](const HttpRequest& r, Connection& c) mutable {
    if (!r.target.ends_with("&again"))
      return Service::redirect(c, service->cdn.url("/clip.mp4?" + kQuery + "&again"));
    if (std::exchange(cut, true)) return Service::redirect(c, service->clip_url(service->elsewhere));
    ServeOptions options;
    options.cut_at = clip_.size() / 2;
    serve_file(c, r, clip_, options);
    return true;
  };
  expect({"plan"}, 0);
  expect({"plan", "--json"}, 0);
  expect(machines, 0);
  EXPECT_GE(service->elsewhere.requests().size(), 1U);
  expect(people, 0);
}

TEST_F(Secrets, StayInWhenTheVendorRefusesAndRepeatsThem) {
  const std::string words = in_json(kEcho);
  for (const std::string& body :
       {R"({"error":{"code":"unauthorized","message":")" + words + R"("}})",
        R"({"error":{"code":")" + words + R"(","message":"x","detail":")" + words + R"("}})",
        "<html>" + kEcho + "</html>"}) {
    service->create = [body](const HttpRequest&, Connection& c) { return Service::json(c, 400, body); };
    CliResult r = start(machines).wait();
    EXPECT_TRUE(r.exit_code == 3 || r.exit_code == 5) << r.err;
    search();
  }
}

TEST_F(Secrets, StayInWhenTheVendorSendsItsCallerElsewhere) {
  service->create = [this](const HttpRequest&, Connection& c) {
    return Service::redirect(c, service->elsewhere.url("/?" + kQuery));
  };
  expect(people, 5);
  EXPECT_EQ(service->elsewhere.connections(), 0);
}

TEST_F(Secrets, StayInWhenAClipFails) {
  std::string status = "failed";
  service->status = [&status](const HttpRequest&, Connection& c) {
    return Service::json(c, 200,
                         R"({"data":{"id":"v1","status":")" + status +
                             R"(","failure_code":"x","failure_message":")" + in_json(kEcho) + R"("}})");
  };
  status = in_json(kEcho) + "\\u001b[31m";  // a word nobody knows: waited for until the deadline
  expect(people, 4);
  expect(machines, 4);
  status = "failed";
  expect(people, 5);
  expect(machines, 5);
}

TEST_F(Secrets, StayInWhenTheClipIsNotPaidForOrSilent) {
  service->status = [this](const HttpRequest&, Connection& c) {
    return Service::json(
        c, 200,
        fmt::format(
            R"({{"data":{{"id":"v1","status":"completed","video_url":"{}","failure_code":"MOVIO_PAYMENT_INSUFFICIENT_CREDIT","failure_message":"{}"}}}})",
            service->clip_url(service->cdn), in_json(kEcho)));
  };
  expect(people, 3);
  service->status = nullptr;
  service->download = [](const HttpRequest& r, Connection& c) {
    serve_file(c, r, mute_);
    return true;
  };
  fs::remove_all(dir / "state");
  expect(machines, 8);
}

TEST_F(Secrets, StayInWhenTheDownloadFails) {
  const std::vector<std::pair<Service::Answer, int>> rows{
      {[](const HttpRequest&, Connection& c) {
         return c.respond(200, kEcho, "Content-Type: text/html\r\n") || true;
       },
       6},
      {[](const HttpRequest&, Connection& c) { return c.respond(400, kEcho, "") || true; }, 6},
      {[](const HttpRequest& r, Connection& c) { return serve_file(c, r, kEcho + noise(5000)), true; }, 6},
      {[](const HttpRequest& r, Connection& c) {
         return serve_file(c, r, "#EXTM3U\n#EXTINF:1,\nhttps://h/a?" + kQuery + "\n"), true;
       },
       6},
      {[](const HttpRequest& r, Connection& c) {
         return serve_file(c, r, clip_.substr(0, clip_.size() - 900)), true;
       },
       6},
      {[](const HttpRequest&, Connection& c) { return Service::redirect(c, "file:///etc/passwd?" + kQuery); },
       6},
      {[](const HttpRequest&, Connection& c) {
         return Service::redirect(c, "http://u:" + kSignature + "@127.0.0.1/?" + kQuery);
       },
       4}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(i);
    service->download = rows[i].first;
    expect(i % 2 == 0 ? people : machines, rows[i].second);
  }
}

TEST_F(Secrets, StayInWhenTheRunIsStoppedOrKilled) {
  Gate never;
  Gate asked;
  service->download = [&](const HttpRequest& r, Connection& c) {
    ServeOptions options;
    options.gate = &never;
    options.gate_at = clip_.size() / 2;
    asked.open();
    serve_file(c, r, clip_, options);
    return true;
  };
  for (int signal : {SIGKILL, SIGTERM}) {
    CliProcess process = start(people);
    ASSERT_TRUE(process.wait_for("streaming", 20s)) << process.err();
    process.signal(signal);
    EXPECT_EQ(process.wait().exit_code, 128 + signal);
    search();
  }
  never.open();
  expect(machines, 0);
}

TEST_F(Secrets, AKeyThatIsNoneIsNotShown) {
  CliResult r = start(people, kKey + " " + kSignature).wait();
  EXPECT_EQ(r.exit_code, 2) << r.err;
  search();
}

}  // namespace
}  // namespace avstage::test
