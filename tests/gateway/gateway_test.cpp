#include "gateway/gateway.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <list>

#include "avstage/clip_source.h"
#include "render/bench.h"
#include "render/vendor.h"
#include "support/lane.h"

// Bought clips at a stable URL, for clients that are not ours.
namespace avstage::test {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::HasSubstr;

const char* const kJob = R"({ "version": 1, "heygen": { "deadline": "DEADLINE" },
  "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "hello" } } ], "output": "out.mp4" })";

class GatewayTest : public Bench {
 protected:
  Job the_job(const std::string& deadline = "60s") const {
    std::string text = kJob;
    return job(text.replace(text.find("DEADLINE"), 8, deadline));
  }

  Vendor::Script script(Rational seconds = Rational(2), Index index = Index::first) {
    Vendor::Script s{.clip = counter_clip(seconds, index)};
    s.duration = seconds.to_double();
    return s;
  }

  Settings settings_in(const std::string& state, Vendor& vendor) const {
    Settings s = settings(vendor.url());
    s.state_dir = dir / state;
    return s;
  }

  /// Leaves a clip that was bought and whose making is not over.
  void submit(Vendor& vendor, const std::string& state = "state") {
    vendor.set_status("processing");
    EXPECT_THROW(ClipSource::open(the_job("1s"), "", settings_in(state, vendor)), Error);
    EXPECT_EQ(vendor.charges(), 1);
  }

  gateway::Gateway& serve(Vendor& vendor, const std::string& state = "state") {
    gateway_ = gateway::Gateway::start(settings_in(state, vendor), {the_job()}, {});
    url_ = gateway_->links().at(0).url;
    return *gateway_;
  }

  void serve_completed(Vendor& vendor, const std::string& state = "state") {
    submit(vendor, state);
    vendor.set_status("completed");
    serve(vendor, state);
  }

  /// What a shell command prints, and " exit N".
  std::string shell(const std::string& command) const {
    const std::string all = "cd " + dir.path() + "; { " + command + "; } 2>&1; printf ' exit %d' $?";
    FILE* pipe = ::popen(all.c_str(), "r");
    std::string out;
    std::array<char, 4096> buffer;
    for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      out.append(buffer.data(), n);
    ::pclose(pipe);
    return out;
  }

  std::string curl(const std::string& words) const { return shell("curl -sS " + words); }

  std::unique_ptr<gateway::Gateway> gateway_;
  std::string url_;
};

TEST_F(GatewayTest, AnArchivedClipIsServedWithoutTheVendor) {
  std::string video, bytes;
  {
    Vendor vendor(script());
    ClipSource::open(the_job(), "", settings(vendor.url()))->wait_complete();
    bytes = read_bytes(dir / "vendor.mp4");
  }
  gateway_ = gateway::Gateway::start(settings("http://127.0.0.1:9"), {}, {});
  ASSERT_EQ(gateway_->links().size(), 1U);
  const gateway::Link link = gateway_->links()[0];
  EXPECT_EQ(link.state, "completed");
  EXPECT_THAT(link.url, HasSubstr("/v/" + link.video_id + ".mp4"));

  EXPECT_EQ(curl("-o got " + link.url), " exit 0");
  EXPECT_EQ(read_bytes(dir / "got"), bytes);
  const std::string head = curl("-I " + link.url);
  EXPECT_THAT(head, HasSubstr("200 OK"));
  EXPECT_THAT(head, HasSubstr("Content-Length: " + std::to_string(bytes.size())));
  EXPECT_THAT(head, HasSubstr("Content-Type: video/mp4"));
  EXPECT_EQ(curl("-o got -w '%{http_code}' -r 100-299 " + link.url), "206 exit 0");
  EXPECT_EQ(read_bytes(dir / "got"), bytes.substr(100, 200));
  EXPECT_EQ(curl("-o got -w '%{http_code}' -r -7 " + link.url), "206 exit 0");
  EXPECT_EQ(read_bytes(dir / "got"), bytes.substr(bytes.size() - 7));
  EXPECT_THAT(curl("-i -r 999999999- " + link.url), HasSubstr("bytes */" + std::to_string(bytes.size())));
  EXPECT_EQ(curl("-o got -w '%{http_code}' -r 5- -H 'If-Range: \"other\"' " + link.url), "200 exit 0");
  EXPECT_EQ(curl("-o a " + link.url + " -o b " + link.url + " -w '%{num_connects}'"), "10 exit 0")
      << "kept alive";
}

TEST_F(GatewayTest, ATransparentClipIsServedAsTheWebmItIs) {
  VideoSpec spec;
  spec.codec = "libvpx-vp9";
  spec.pix_fmt = "yuva420p";
  spec.audio_codec = "libopus";
  make_video(dir / "alpha.webm", spec);
  Vendor::Script s{.clip = read_bytes(dir / "alpha.webm")};
  s.duration = 1;
  Vendor vendor(s);
  const Job transparent = job(R"({ "version": 1, "heygen": { "deadline": "60s" }, "clips": [ { "id": "h",
    "avatar": { "id": "a", "voice": "v", "say": "hello", "transparent": "require" } } ], "output": "out.mp4" })");
  ClipSource::open(transparent, "", settings(vendor.url()))->wait_complete();
  for (const std::vector<Job>& jobs : {std::vector<Job>{transparent}, std::vector<Job>{}}) {
    gateway_ = gateway::Gateway::start(settings(vendor.url()), jobs, {});
    const std::string url = gateway_->links().at(0).url;
    EXPECT_TRUE(url.ends_with(".webm")) << url;
    EXPECT_THAT(curl("-o got -D - " + url), HasSubstr("Content-Type: video/webm"));
    EXPECT_EQ(read_bytes(dir / "got"), s.clip);
  }
  EXPECT_EQ(vendor.charges(), 1);
}

/// The clip that was asked for is the job's URL, whatever took its place.
TEST_F(GatewayTest, AFallbackIsServedInTheClipsPlace) {
  Vendor::Script s = script();
  s.refuse = "webm";
  Vendor vendor(s);
  const Job preferred = job(R"({ "version": 1, "heygen": { "deadline": "60s" }, "clips": [ { "id": "h",
    "avatar": { "id": "a", "voice": "v", "say": "hello", "transparent": "prefer" } } ], "output": "out.mp4" })");
  ClipSource::open(preferred, "", settings(vendor.url()))->wait_complete();
  gateway_ = gateway::Gateway::start(settings(vendor.url()), {preferred}, {});
  EXPECT_EQ(curl("-o got " + gateway_->links().at(0).url), " exit 0");
  EXPECT_EQ(read_bytes(dir / "got"), s.clip);
  EXPECT_EQ(vendor.charges(), 1);
}

TEST_F(GatewayTest, OnlyWhoKnowsTheUrlGetsAnything) {
  Vendor vendor(script());
  ClipSource::open(the_job(), "", settings(vendor.url()))->wait_complete();
  const std::string base = serve(vendor).base_url(), root = base.substr(0, base.rfind('/'));
  const std::string code = "-o /dev/null -w '%{http_code}' ";
  EXPECT_EQ(curl(code + url_), "200 exit 0");
  EXPECT_EQ(curl(code + base + "/"), "200 exit 0");
  for (const std::string& wrong :
       {root + url_.substr(base.size()), root + "/", root + "/0000" + url_.substr(base.size()),
        base + "/v/unknown.mp4", base + "/job/../ledger.sqlite", base + "/v/"}) {
    EXPECT_EQ(curl(code + "--path-as-is " + wrong), "404 exit 0") << wrong;
  }
  EXPECT_EQ(curl(code + "-H 'Host: evil.example' " + url_), "403 exit 0");
  EXPECT_EQ(curl(code + "-d x " + url_), "405 exit 0");
  EXPECT_EQ(curl(code + "-H 'X: " + std::string(20000, 'x') + "' " + url_), "431 exit 0");
}

TEST_F(GatewayTest, AGetNeverBuys) {
  Vendor vendor(script());
  serve(vendor);
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(curl("-i " + url_), AllOf(HasSubstr("404"), HasSubstr("not bought")));
  EXPECT_EQ(vendor.requests().size(), 0U);
  ClipSource::open(the_job(), "", settings(vendor.url()))
      ->wait_complete();  // the same URL, once it is bought
  EXPECT_EQ(curl("-o got " + url_), " exit 0");
  EXPECT_EQ(read_bytes(dir / "got"), read_bytes(dir / "vendor.mp4"));
  EXPECT_EQ(vendor.creates(), 1);
}

TEST_F(GatewayTest, AClipThatTheVendorFailedIsABadGateway) {
  Vendor vendor(script());
  submit(vendor);
  vendor.set_status("failed");
  serve(vendor);
  for (int i = 0; i < 2; ++i) EXPECT_THAT(curl("-i " + url_), AllOf(HasSubstr("502"), HasSubstr("too long")));
  EXPECT_EQ(vendor.creates(), 1);
}

std::size_t threads() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

/// A client that has asked and reads when it is told to.
class Client {
 public:
  explicit Client(const std::string& url) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const std::size_t colon = url.rfind(':'), slash = url.find('/', colon);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1))));
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const std::string request =
        "GET " + url.substr(slash) + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    EXPECT_EQ(::send(fd_, request.data(), request.size(), MSG_NOSIGNAL), ssize_t(request.size()));
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  std::string read_all() {
    std::string all;
    std::array<char, 65536> buffer;
    for (ssize_t n; (n = ::recv(fd_, buffer.data(), buffer.size(), 0)) > 0;) all.append(buffer.data(), n);
    return all;
  }

 private:
  int fd_;
};

TEST_F(GatewayTest, FiftyClientsWaitForAClipThatIsBeingMadeAndHoldNoThread) {
  Vendor vendor(script());
  submit(vendor);
  const std::string base = serve(vendor).base_url();
  std::list<Client> clients;
  clients.emplace_back(url_);
  EXPECT_THAT(curl(base + "/"), HasSubstr("submitted"));
  const std::size_t with_one = threads();
  for (int i = 1; i < 50; ++i) clients.emplace_back(url_);
  for (int i = 0; i < 10; ++i) EXPECT_THAT(curl("-m 10 " + base + "/"), HasSubstr("submitted"));
  EXPECT_LE(threads(), with_one + 1) << "but for a thread of the vendor's";
  vendor.set_status("completed");
  const std::string bytes = read_bytes(dir / "vendor.mp4");
  for (Client& client : clients) EXPECT_TRUE(client.read_all().ends_with("\r\n\r\n" + bytes));
  EXPECT_EQ(vendor.downloads(), 1);
  EXPECT_EQ(vendor.creates(), 1);
  gateway_.reset();
  EXPECT_EQ(ClipSource::open(the_job(), "", settings("http://127.0.0.1:9"))->check(0), 0) << "it is archived";
}

TEST_F(GatewayTest, FlowsWhileItArrivesAndTheLastByteWaitsForTheProof) {
  Gate gate;
  Vendor::Script s = script(Rational(4));
  s.cdn.gate = &gate;
  s.cdn.gate_at = s.clip.size() / 2;
  Vendor vendor(s);
  serve_completed(vendor);
  EXPECT_EQ(curl("-o got -r 0-999 " + url_), " exit 0");
  EXPECT_EQ(read_bytes(dir / "got"), s.clip.substr(0, 1000));
  EXPECT_THAT(curl("-m 1 -o got " + url_), HasSubstr("exit 28"));
  gate.open();
  EXPECT_EQ(curl("-o got " + url_), " exit 0");
  EXPECT_EQ(read_bytes(dir / "got"), s.clip);
}

TEST_F(GatewayTest, WhatCanBeHealedIsHealedBehindIt) {
  for (Index index : {Index::first, Index::last, Index::fragmented}) {
    SCOPED_TRACE(int(index));
    Vendor::Script s = script(Rational(3), index);
    s.expire_at = s.clip.size() / 3;  // the connection is reset there, and the URL is no longer good
    Vendor vendor(s);
    serve_completed(vendor, "state-" + std::to_string(int(index)));
    EXPECT_THAT(shell("ffmpeg -v error -xerror -i " + url_ +
                      " -map 0 -f framemd5 -y a && "
                      "ffmpeg -v error -i vendor.mp4 -map 0 -f framemd5 -y b && cmp a b"),
                " exit 0");
    EXPECT_THAT(shell("ffprobe -v error -show_entries format=size -of csv=p=0 " + url_),
                HasSubstr(std::to_string(s.clip.size())));
    EXPECT_EQ(curl("-o got " + url_), " exit 0");
    EXPECT_EQ(read_bytes(dir / "got"), s.clip);
  }
}

TEST_F(GatewayTest, HavingGivenUpItResetsBeforeTheLengthItPromised) {
  for (bool transport : {true, false}) {
    Vendor::Script s = script(Rational(3));
    Gate begun;  // the fault comes once the client has its first bytes
    s.cdn_always = true;
    s.cdn.gate = &begun;
    s.cdn.gate_at = s.clip.size() / 2;
    if (transport) s.cdn.reset_at = s.clip.size() * 2 / 3;  // every time at the same byte
    if (!transport)
      s.clip.resize(s.clip.size() * 3 / 4);  // cut at rest: the length is right, the film is not
    Vendor vendor(s);
    serve_completed(vendor, transport ? "cut" : "short");
    std::filesystem::remove(dir / "got");
    auto asked = std::async(std::launch::async, [&] { return curl("-N -o got " + url_); });
    auto first_bytes = [&] {
      return std::filesystem::exists(dir / "got") && !read_bytes(dir / "got").empty();
    };
    while (asked.wait_for(10ms) == std::future_status::timeout && !first_bytes()) {
    }
    begun.open();
    EXPECT_THAT(asked.get(), AnyOf(HasSubstr("exit 18"), HasSubstr("exit 56")));
    EXPECT_LT(std::filesystem::file_size(dir / "got"), s.clip.size());
    EXPECT_THAT(shell("ffmpeg -v quiet -xerror -i " + url_ + " -f null -"),
                testing::Not(HasSubstr("exit 0")));
    EXPECT_EQ(vendor.creates(), 1);
  }
}

// Two heavy clients that are not installed for the daily tests.
TEST_F(GatewayTest, MeltAndABrowserPlayIt) {
  if (!long_lane()) return;
  Vendor vendor(script(Rational(2)));
  serve_completed(vendor);
  EXPECT_THAT(shell("QT_QPA_PLATFORM=offscreen melt -silent avformat:" + url_ +
                    " -consumer avformat:melt.mp4 vcodec=libx264 acodec=aac"),
              HasSubstr("exit 0"));
  EXPECT_EQ(decode_all(dir / "melt.mp4").frames, 50);
  FaultServer reports([this](const HttpRequest& r, Connection& c) {
    write_bytes(dir / "report", r.target);
    c.respond(200, "");
  });
  write_bytes(
      dir / "page.html",
      "<video src='" + url_ +
          "' muted autoplay></video><script>"
          "const v = document.querySelector('video'), say = text => new Image().src = '" +
          reports.url("/") +
          "' + text;"
          "v.onended = () => say('ended-' + v.currentTime.toFixed(1) + '-of-' + v.duration.toFixed(1));"
          "v.onerror = () => say('error-' + v.error.code);</script>");
  shell(
      "chromium --headless=new --no-sandbox --disable-gpu --user-data-dir=$PWD/browser "
      "--autoplay-policy=no-user-gesture-required --remote-debugging-port=0 page.html >/dev/null 2>&1 & "
      "browser=$!; "
      "for i in $(seq 600); do test -s report && break; sleep 0.1; done; kill $browser; wait $browser");
  EXPECT_EQ(read_bytes(dir / "report"), "/ended-2.0-of-2.0");
}

}  // namespace
}  // namespace avstage::test
