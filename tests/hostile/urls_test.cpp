#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "avstage/avstage.h"
#include "heygen/provider.h"
#include "net/client_bench.h"
#include "net/http_stream.h"
#include "support/fault_server.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

// Addresses from outside: no scheme but https, no user, no host that is not public, wherever they come from;
// what answers too much or too deep is cut off.
namespace avstage::test {
namespace {

using namespace std::string_literals;

const std::vector<std::string> kNoWebAddress{"",
                                             "clip.mp4",
                                             "/etc/passwd",
                                             "//h/x",
                                             "file:///etc/passwd",
                                             "file://localhost/etc/passwd",
                                             "FILE:///etc/passwd",
                                             "http://h/x",
                                             "HTTP://h/x",
                                             "ftp://h/x",
                                             "ftps://h/x",
                                             "gopher://h/x",
                                             "dict://h/x",
                                             "ldap://h/x",
                                             "smb://h/x",
                                             "sftp://h/x",
                                             "scp://h/x",
                                             "telnet://h",
                                             "tftp://h/x",
                                             "rtsp://h/x",
                                             "rtmp://h/x",
                                             "mqtt://h/x",
                                             "imap://h/x",
                                             "smtp://h",
                                             "ws://h/x",
                                             "wss://h/x",
                                             "data:video/mp4;base64,AAAA",
                                             "concat:a.mp4|b.mp4",
                                             "subfile,,start,0,end,9,,:x.mp4",
                                             "pipe:0",
                                             "crypto:x",
                                             "tee:x",
                                             "lavfi:x",
                                             "javascript:alert(1)",
                                             "https:",
                                             "https://",
                                             "https://user@h/x",
                                             "https://user:pass@h/x",
                                             "https://h@127.0.0.1/x",
                                             "https://h:99999/x",
                                             "https://h:x/x",
                                             "https://[::1/x",
                                             "https://h/a b",
                                             "https://h/a\nb",
                                             "https://h/\x01",
                                             " https://h/x",
                                             "https://h\\@127.0.0.1/x"};

/// All of them end at this machine or at a network of its own.
const std::vector<std::string> kNotPublic{"127.0.0.1",
                                          "127.1",
                                          "127.0.1",
                                          "2130706433",
                                          "0x7f000001",
                                          "0x7f.1",
                                          "0177.0.0.1",
                                          "017700000001",
                                          "127.255.255.254",
                                          "localhost",
                                          "LOCALHOST",
                                          "0",
                                          "0.0.0.0",
                                          "[::]",
                                          "[::1]",
                                          "[0:0:0:0:0:0:0:1]",
                                          "[::ffff:127.0.0.1]",
                                          "[::ffff:7f00:1]",
                                          "[::127.0.0.1]",
                                          "[64:ff9b::7f00:1]",
                                          "[2002:7f00:1::]",
                                          "[fe80::1]",
                                          "[fc00::1]",
                                          "[fd00:ec2::254]",
                                          "[ff02::1]",
                                          "[2001::1]",
                                          "169.254.169.254",
                                          "0xa9fea9fe",
                                          "2852039166",
                                          "[::ffff:169.254.169.254]",
                                          "[::ffff:a9fe:a9fe]",
                                          "100.100.100.200",
                                          "192.168.0.1",
                                          "10.0.0.1",
                                          "172.16.0.1",
                                          "192.0.0.192",
                                          "224.0.0.1",
                                          "255.255.255.255",
                                          "198.18.0.1"};

/// The words of the refusal; fails the test where there is none.
std::string refusal(net::Client& client, const std::string& url) {
  auto error = net::error_of([&] {
    net::Download download(client, url);
    download.wait();
  });
  EXPECT_TRUE(error) << url;
  if (!error) return "";
  EXPECT_EQ(error->code(), ErrorCode::usage) << url << ": " << error->message();
  return error->name();
}

TEST(HostileUrls, AreRefusedBeforeAConnection) {
  FaultServer server([](const HttpRequest&, Connection& c) { c.respond(200, "x"); });
  net::Client client({});
  for (const std::string& url : kNoWebAddress) EXPECT_EQ(refusal(client, url), "unsafe_url") << url;
  for (const std::string& host : kNotPublic) {
    std::string name = refusal(client, fmt::format("https://{}:{}/clip.mp4", host, server.port()));
    EXPECT_TRUE(name == "private_address" || name == "unsafe_url") << host << ": " << name;
  }
  EXPECT_EQ(server.connections(), 0);
  fmt::print("{} addresses refused, 0 connections\n", kNoWebAddress.size() + kNotPublic.size());
  EXPECT_GE(kNoWebAddress.size() + kNotPublic.size(), 60U);
}

TEST(HostileUrls, FromTheVendorEndTheStream) {
  TempDir dir;
  FaultServer server([](const HttpRequest&, Connection& c) { c.respond(200, "x"); });
  net::Client client({});
  std::vector<std::string> urls = kNoWebAddress;
  for (const std::string& host : kNotPublic)
    urls.push_back(fmt::format("https://{}:{}/a", host, server.port()));
  for (const std::string& url : urls) {
    net::HttpStreamOptions options;
    options.name = "clip";
    options.url = url;
    options.spool_path = dir / "spool";
    options.retry_delay = std::chrono::milliseconds(1);
    auto error = net::error_of([&] {
      std::byte byte{};
      net::HttpStream::open(client, options)->reader()->read({&byte, 1});
    });
    ASSERT_TRUE(error) << url;
    EXPECT_EQ(error->code(), ErrorCode::usage) << url << ": " << error->message();
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HostileUrls, AsTargetsOfARedirectAreRefused) {
  std::string target;
  FaultServer other([](const HttpRequest&, Connection& c) { c.respond(200, "x"); });
  FaultServer server(
      [&](const HttpRequest&, Connection& c) { c.respond(302, "", "Location: " + target + "\r\n"); });
  net::Client client({.allow_http = true});
  for (const char* scheme : {"ftp", "gopher", "dict", "ldap", "sftp", "smb", "tftp", "rtsp", "telnet"}) {
    target = fmt::format("{}://127.0.0.1:{}/etc/passwd", scheme, other.port());
    auto error = net::error_of([&] {
      net::Download download(client, server.url());
      download.wait();
    });
    ASSERT_TRUE(error) << target;
    EXPECT_EQ(error->name(), "unsafe_url") << target << ": " << error->message();
  }
  target = fmt::format("http://user:pass@127.0.0.1:{}/", other.port());
  EXPECT_TRUE(net::error_of([&] {
    net::Download download(client, server.url());
    download.wait();
  }));
  EXPECT_EQ(other.connections(), 0);
}

TEST(HostileUrls, AsMediaOfAJobOpenNothing) {
  TempDir dir;
  make_video(dir / "a.mp4", {});
  FaultServer server([](const HttpRequest&, Connection& c) { c.respond(200, "x"); });
  const std::string here = server.url("/a.mp4");
  for (const std::string& path :
       {here, "https://h/a.mp4"s, "file:a.mp4"s, "file://" + dir.path() + "/a.mp4", "concat:a.mp4|a.mp4"s,
        "subfile,,start,0,end,0,,:a.mp4"s, "cache:a.mp4"s, "crypto:a.mp4"s, "async:a.mp4"s, "pipe:0"s,
        "data:video/mp4;base64,AAAA"s, "tcp:127.0.0.1:1"s, "unix:/x"s, "lavfi:testsrc"s, "a%d.mp4"s,
        "@a.mp4"s, "/dev/stdin"s, "/proc/self/environ"s}) {
    nlohmann::json job{{"version", 1}, {"clips", {{{"file", path}}}}, {"output", "out.mp4"}};
    write_bytes(dir / "job.json", job.dump());
    Settings settings;
    settings.state_dir = dir / "state";
    settings.cache_dir = dir / "cache";
    settings.sandbox = "http://127.0.0.1:1";
    auto error = net::error_of([&] { render(load_job(dir / "job.json"), settings); });
    ASSERT_TRUE(error) << path;
    EXPECT_TRUE(error->code() == ErrorCode::usage || error->code() == ErrorCode::input)
        << path << ": " << error->message();
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HostileUrls, AsApiBaseAreRefused) {
  for (const char* base : {"http://127.0.0.1:1", "http://h", "ftp://h", "file:///etc", "h", "//h", "https://",
                           "https://u@h", "https://u:p@h", "https://h?x", "https://h#x", "https://h/\\x",
                           "https://h x", "https://:1", "data:x"}) {
    auto error = net::error_of([&] { heygen::resolve_api_base(base); });
    ASSERT_TRUE(error) << base;
    EXPECT_EQ(error->code(), ErrorCode::usage) << base;
  }
}

struct NoWaiting : Clock {
  bool sleep(std::chrono::milliseconds, const std::stop_token&) override { return true; }
};

TEST(HostileAnswers, TooLongOrTooDeepAreCutOff) {
  std::atomic<std::uint64_t> sent = 0;
  std::string body;
  FaultServer server([&](const HttpRequest&, Connection& c) {
    if (!body.empty()) return static_cast<void>(c.respond(200, body));
    const std::string block(1 << 20, ' ');
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    for (int i = 0; i < 1000 && c.send(block); ++i) sent += block.size();
    c.close();
  });
  net::Client client({.allow_http = true});
  NoWaiting clock;
  for (auto make : {heygen::make_v2, heygen::make_v3}) {
    auto provider = make(client, {server.url(""), "key"}, clock);
    AvatarRef clip;
    clip.avatar_id = "a";
    clip.voice_id = "v";
    clip.say = "x";
    for (const std::string& kind :
         {std::string(), std::string(100'000, '['), "{\"data\":" + std::string(100'000, '[')}) {
      body = kind;
      EXPECT_TRUE(std::holds_alternative<heygen::Lost>(provider->submit(clip, "TAG", "KEY", {})));
      auto error = net::error_of([&] { provider->status("v1", {}); });
      ASSERT_TRUE(error);
      EXPECT_EQ(error->code(), ErrorCode::vendor) << error->message();
      EXPECT_LT(error->message().size(), 1000U);
    }
  }
  EXPECT_LT(sent, 200U << 20) << "of 1 GB an answer";
}

}  // namespace
}  // namespace avstage::test
