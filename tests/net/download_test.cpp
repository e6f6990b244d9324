#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "net/client_bench.h"
#include "support/fault_server.h"

namespace avstage::net {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::FaultServer;
using test::HttpRequest;
using testing::HasSubstr;
using testing::Not;

TEST(Client, media_from_private_addresses_is_refused_before_a_connection) {
  FaultServer server([](const HttpRequest&, Connection& connection) { connection.respond(200, "x"); });
  Client client({});
  for (const char* host : {"127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "localhost", "0",
                           "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"}) {
    Download download(client, fmt::format("https://{}:{}/?Signature=s", host, server.port()));
    auto error = error_of([&] { download.wait(); });
    ASSERT_TRUE(error) << host;
    EXPECT_EQ(error->name(), "private_address") << host << ": " << error->what();
    EXPECT_EQ(error->code(), ErrorCode::usage);
    EXPECT_THAT(error->message(), Not(HasSubstr("Signature")));
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(Client, media_from_private_addresses_may_be_allowed) {
  FaultServer server([](const HttpRequest&, Connection& connection) { connection.close(); });
  Client client({.allow_private = true});
  Download download(client, fmt::format("https://127.0.0.1:{}/", server.port()));
  for (int i = 0; i < 200 && server.connections() == 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(server.connections(), 1);
}

/// Sets the environment's proxy for one test.
struct ProxyEnvironment {
  ProxyEnvironment(const std::string& proxy, const char* except) {
    ::setenv("HTTPS_PROXY", proxy.c_str(), 1);
    ::setenv("NO_PROXY", except, 1);
  }
  ~ProxyEnvironment() {
    ::unsetenv("HTTPS_PROXY");
    ::unsetenv("NO_PROXY");
  }
};

TEST(Client, media_goes_through_the_proxy_of_the_environment_which_may_be_private) {
  FaultServer proxy([](const HttpRequest&, Connection& connection) { connection.respond(403, ""); });
  ProxyEnvironment environment(proxy.url(), "example.org");
  Client client({});
  Download download(client, "https://example.com/");
  EXPECT_TRUE(error_of([&] { download.wait(); }));
  ASSERT_EQ(proxy.requests().size(), 1u);
  EXPECT_EQ(proxy.requests()[0].method, "CONNECT");
  EXPECT_EQ(proxy.requests()[0].target, "example.com:443");
}

TEST(Client, media_that_no_proxy_names_is_checked_as_without_a_proxy) {
  FaultServer proxy([](const HttpRequest&, Connection& connection) { connection.respond(403, ""); });
  FaultServer target([](const HttpRequest&, Connection& connection) { connection.respond(200, "x"); });
  ProxyEnvironment environment(proxy.url(), "127.0.0.1");
  Client client({});
  Download download(client, fmt::format("https://127.0.0.1:{}/", target.port()));
  auto error = error_of([&] { download.wait(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->name(), "private_address");
  EXPECT_EQ(target.connections() + proxy.connections(), 0);
}

TEST_F(ClientTest, a_download_follows_redirects_without_a_key) {
  FaultServer media([](const HttpRequest&, Connection& connection) { connection.respond(200, "bytes"); });
  FaultServer server([&](const HttpRequest&, Connection& connection) {
    connection.respond(302, "ignored", "Location: " + media.url("/real") + "\r\nSet-Cookie: a=b\r\n");
  });
  client.perform({.url = media.url("/api"), .headers = {{"X-Api-Key", kKey}}});
  Download download(client, server.url());
  download.wait();
  EXPECT_EQ(download.status, 200);
  EXPECT_EQ(download.body, "bytes");
  HttpRequest seen = media.requests().at(1);
  EXPECT_EQ(seen.header("x-api-key"), "");
  EXPECT_EQ(seen.header("cookie"), "");
  EXPECT_EQ(seen.header("accept-encoding"), "identity");
  EXPECT_EQ(media.connections(), 2) << "API and media never share a connection";
}

TEST_F(ClientTest, a_redirect_loop_ends) {
  FaultServer server([](const HttpRequest&, Connection& connection) {
    connection.respond(302, "", "Location: /again\r\n");
  });
  Download download(client, server.url());
  auto error = error_of([&] { download.wait(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::network);
  EXPECT_EQ(server.requests().size(), 6u);
}

TEST_F(ClientTest, a_redirect_to_a_local_file_is_refused) {
  FaultServer server([](const HttpRequest&, Connection& connection) {
    connection.respond(302, "", "Location: file:///etc/passwd\r\n");
  });
  Download download(client, server.url());
  auto error = error_of([&] { download.wait(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->name(), "unsafe_url");
  EXPECT_EQ(download.body, "");
}

TEST_F(ClientTest, a_download_refuses_content_encodings) {
  FaultServer server([](const HttpRequest&, Connection& connection) {
    connection.respond(200, "\x1f\x8b", "Content-Encoding: gzip\r\n");
  });
  Download download(client, server.url());
  auto error = error_of([&] { download.wait(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->name(), "content_encoding");
  EXPECT_EQ(download.body, "");
}

TEST_F(ClientTest, a_download_asks_for_the_bytes_from_up_to_but_not_including) {
  FaultServer server([](const HttpRequest& request, Connection& connection) {
    test::serve_file(connection, request, "0123456789");
  });
  Download part(client, server.url(), 3, 5), tail(client, server.url(), 7), head(client, server.url(), 0, 1);
  part.wait();
  EXPECT_EQ(part.body, "34");
  tail.wait();
  EXPECT_EQ(tail.body, "789");
  head.wait();
  EXPECT_EQ(head.body, "0");
}

TEST_F(ClientTest, cancel_returns_after_the_handler_heard_of_it) {
  test::Gate arrived;
  FaultServer server([&](const HttpRequest&, Connection& connection) {
    arrived.open();
    connection.stall();
  });
  Download download(client, server.url());
  ASSERT_TRUE(arrived.wait_for(10s));
  download.cancel();
  auto error = error_of([&] { download.wait(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::interrupted);
}

TEST(Client, its_end_aborts_what_is_running) {
  test::Gate arrived;
  FaultServer server([&](const HttpRequest&, Connection& connection) {
    arrived.open();
    connection.stall();
  });
  struct Ending : TransferHandler {
    bool on_headers(const Response&) noexcept override { return true; }
    bool on_data(std::span<const std::byte>) noexcept override { return true; }
    void on_done(std::exception_ptr end) noexcept override { error = end; }
    std::exception_ptr error;
  } ending;
  {
    Client client({.allow_http = true});
    client.download(server.url(), 0, std::nullopt, ending);
    ASSERT_TRUE(arrived.wait_for(10s));
  }
  ASSERT_TRUE(ending.error);
  auto error = error_of([&] { std::rethrow_exception(ending.error); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::interrupted);
}

}  // namespace
}  // namespace avstage::net
