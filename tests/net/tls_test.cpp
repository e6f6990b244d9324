#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "net/client_bench.h"
#include "support/fault_server.h"
#include "support/relay.h"
#include "support/temp_dir.h"

namespace avstage::net {
namespace {

using test::CertificateSpec;
using test::Connection;
using test::ConnectProxy;
using test::FaultServer;
using test::HttpRequest;
using test::TlsServer;
using testing::HasSubstr;

/// A TLS server, a client that trusts the test's authority, and what each of them saw.
class Tls : public testing::Test {
 protected:
  void SetUp() override { std::ofstream(bundle) << TlsServer::authority(); }
  void TearDown() override {
    for (const char* name : {"HTTPS_PROXY", "NO_PROXY"}) ::unsetenv(name);
  }

  /// A POST with a key, as it would buy something.
  static Response post(Client& client, const std::string& url) {
    return client.perform({.method = "POST", .url = url, .headers = {{"X-Api-Key", kKey}}, .body = "{}"});
  }
  static std::optional<TransportError> refusal_of(Client& client, const std::string& url) {
    try {
      post(client, url);
    } catch (const TransportError& error) {
      return error;
    }
    return std::nullopt;
  }

  test::TempDir dir;
  std::string bundle = dir / "authority.pem";
  FaultServer upstream{
      [](const HttpRequest& r, Connection& c) { c.respond(200, r.method == "POST" ? "bought" : "bytes"); }};
};

TEST_F(Tls, a_certificate_of_a_trusted_authority_is_accepted) {
  TlsServer server({}, upstream.port());
  Client client({.allow_private = true, .ca_bundle = bundle});
  EXPECT_EQ(post(client, server.url()).body, "bought");
  Download download(client, server.url("/a.mp4"));
  download.wait();
  EXPECT_EQ(download.body, "bytes");
  EXPECT_GT(server.request_bytes(), 0u);
}

TEST_F(Tls, a_wrong_certificate_is_refused_before_a_byte_of_the_request_is_sent) {
  struct Wrong {
    const char* name;
    CertificateSpec spec;
    bool trusted = true;
  };
  for (const Wrong& wrong : {Wrong{"self-signed", {.self_signed = true}}, Wrong{"expired", {.expired = true}},
                             Wrong{"another host", {.host = "DNS:other.example,IP:127.0.0.2"}},
                             Wrong{"an authority that is not the system's", {}, false}}) {
    TlsServer server(wrong.spec, upstream.port());
    Client client({.allow_private = true, .ca_bundle = wrong.trusted ? bundle : ""});
    auto refused = refusal_of(client, server.url());
    ASSERT_TRUE(refused) << wrong.name;
    EXPECT_TRUE(refused->unsent()) << wrong.name << ": " << refused->message();
    EXPECT_EQ(refused->code(), ErrorCode::network) << wrong.name;
    EXPECT_THAT(refused->message(), HasSubstr("SSL")) << wrong.name;
    Download download(client, server.url("/a.mp4"));
    EXPECT_TRUE(error_of([&] { download.wait(); })) << wrong.name;
    EXPECT_EQ(download.body, "") << wrong.name;
    EXPECT_EQ(server.connections(), 2) << wrong.name;
    EXPECT_EQ(server.request_bytes(), 0u) << wrong.name;
  }
  EXPECT_TRUE(upstream.requests().empty());
}

TEST_F(Tls, a_bundle_that_is_none_is_a_usage_error_before_anything_is_asked) {
  std::ofstream(dir / "words.pem") << "no certificate";
  for (const std::string& path : {dir / "missing.pem", dir / "words.pem", dir.path()}) {
    auto error = error_of([&] { Client client({.ca_bundle = path}); });
    ASSERT_TRUE(error) << path;
    EXPECT_EQ(error->code(), ErrorCode::usage);
    EXPECT_THAT(error->message(), HasSubstr(path));
  }
}

TEST_F(Tls, goes_through_the_proxy_of_the_environment) {
  TlsServer server({.host = "DNS:api.example,DNS:media.example"}, upstream.port());
  ConnectProxy proxy;
  ::setenv("HTTPS_PROXY", proxy.url().c_str(), 1);
  Client client({.ca_bundle = bundle});
  EXPECT_EQ(post(client, server.url("/", "api.example")).body, "bought");
  Download download(client, server.url("/a.mp4", "media.example"));
  download.wait();
  EXPECT_EQ(download.body, "bytes");
  EXPECT_THAT(proxy.asked(), testing::ElementsAre(fmt::format("api.example:{}", server.port()),
                                                  fmt::format("media.example:{}", server.port())));
}

TEST_F(Tls, goes_past_the_proxy_where_no_proxy_names_the_host) {
  TlsServer server({}, upstream.port());
  ConnectProxy proxy;
  ::setenv("HTTPS_PROXY", proxy.url().c_str(), 1);
  ::setenv("NO_PROXY", "127.0.0.1", 1);
  Client client({.ca_bundle = bundle});
  EXPECT_EQ(post(client, server.url()).body, "bought");
  EXPECT_TRUE(proxy.asked().empty());
}

TEST_F(Tls, a_wrong_certificate_behind_a_proxy_is_provably_unsent) {
  TlsServer server({.host = "DNS:other.example"}, upstream.port());
  ConnectProxy proxy;
  ::setenv("HTTPS_PROXY", proxy.url().c_str(), 1);
  Client client({.ca_bundle = bundle});
  auto refused = refusal_of(client, server.url("/", "api.example"));
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->unsent()) << refused->message();
  EXPECT_EQ(proxy.asked().size(), 1u);
  EXPECT_EQ(server.request_bytes(), 0u);
}

TEST_F(Tls, a_request_that_was_sent_and_not_answered_is_not_called_unsent) {
  FaultServer silent([](const HttpRequest&, Connection& c) { c.reset(); });
  TlsServer server({.host = "DNS:api.example,IP:127.0.0.1"}, silent.port());
  ConnectProxy proxy;
  for (const char* host : {"127.0.0.1", "api.example"}) {
    Client client({.ca_bundle = bundle});
    auto lost = refusal_of(client, server.url("/", host));
    ASSERT_TRUE(lost) << host;
    EXPECT_FALSE(lost->unsent()) << host << ": " << lost->message();
    ::setenv("HTTPS_PROXY", proxy.url().c_str(), 1);
  }
  EXPECT_EQ(silent.requests().size(), 2u);
  EXPECT_EQ(proxy.asked().size(), 1u);
}

TEST_F(Tls, a_proxy_that_refuses_leaves_the_request_provably_unsent) {
  ConnectProxy proxy;
  ::setenv("HTTPS_PROXY", proxy.url().c_str(), 1);
  Client client({.ca_bundle = bundle});
  auto refused = refusal_of(client, "https://api.example:1/");
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->unsent()) << refused->message();
}

}  // namespace
}  // namespace avstage::net
