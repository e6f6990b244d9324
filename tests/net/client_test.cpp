#include "net/client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
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

template <typename Work>
std::optional<TransportError> transport_error_of(Work work) {
  try {
    work();
  } catch (const TransportError& error) {
    return error;
  } catch (const Error& error) {
    ADD_FAILURE() << "not a transport error: " << error.what();
  }
  return std::nullopt;
}

int unused_port() {
  return FaultServer([](const HttpRequest&, Connection&) {}).port();
}

TEST_F(ClientTest, sends_what_was_given_and_returns_any_status) {
  FaultServer server([](const HttpRequest&, Connection& connection) {
    connection.respond(418, "short and stout", "X-Request-Id: r1\r\n");
  });
  Response response = client.perform({.method = "POST",
                                      .url = server.url("/v3/videos?a=b"),
                                      .headers = {{"X-Api-Key", kKey}, {"Content-Type", "application/json"}},
                                      .body = "{}"});
  EXPECT_EQ(response.status, 418);
  EXPECT_EQ(response.body, "short and stout");
  EXPECT_EQ(response.header("x-request-id"), "r1");
  HttpRequest seen = server.requests().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/v3/videos?a=b");
  EXPECT_EQ(seen.body, "{}");
  EXPECT_EQ(seen.header("x-api-key"), kKey);
  EXPECT_EQ(seen.header("content-type"), "application/json");
}

TEST_F(ClientTest, an_answer_that_is_no_http_is_a_lost_answer) {
  FaultServer server([](const HttpRequest&, Connection& connection) {
    connection.send("\x16\x03\x01 no HTTP\r\n\r\n");
    connection.close();
  });
  auto error = transport_error_of([&] { client.perform({.method = "POST", .url = server.url()}); });
  ASSERT_TRUE(error);
  EXPECT_FALSE(error->unsent());
  EXPECT_EQ(error->code(), ErrorCode::network);
}

TEST_F(ClientTest, sends_other_methods_as_they_are_named) {
  FaultServer server([](const HttpRequest&, Connection& connection) { connection.respond(200, ""); });
  client.perform({.method = "DELETE", .url = server.url()});
  client.perform({.method = "POST", .url = server.url()});
  EXPECT_EQ(server.requests().at(0).method, "DELETE");
  EXPECT_EQ(server.requests().at(1).method, "POST");
}

TEST_F(ClientTest, polls_on_one_kept_connection) {
  FaultServer server([](const HttpRequest&, Connection& connection) { connection.respond(200, "x"); });
  for (int i = 0; i < 3; ++i) client.perform({.url = server.url()});
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTest, a_refused_connection_is_provably_unsent) {
  int port = unused_port();
  auto error = transport_error_of([&] {
    client.perform({.method = "POST", .url = fmt::format("http://127.0.0.1:{}/?Signature=s", port)});
  });
  ASSERT_TRUE(error);
  EXPECT_TRUE(error->unsent());
  EXPECT_FALSE(error->timeout());
  EXPECT_THAT(error->message(), Not(HasSubstr("Signature")));
}

TEST_F(ClientTest, an_unknown_host_is_provably_unsent) {
  auto error =
      transport_error_of([&] { client.perform({.method = "POST", .url = "http://nowhere.invalid/"}); });
  ASSERT_TRUE(error);
  EXPECT_TRUE(error->unsent());
}

TEST_F(ClientTest, a_failed_tls_handshake_is_provably_unsent) {
  FaultServer silent([](const HttpRequest&, Connection&) {});
  auto error = transport_error_of([&] {
    client.perform(
        {.method = "POST", .url = fmt::format("https://127.0.0.1:{}/", silent.port()), .timeout = 300ms});
  });
  ASSERT_TRUE(error);
  EXPECT_TRUE(error->unsent());
}

TEST_F(ClientTest, a_reset_after_the_request_is_not_unsent) {
  FaultServer server([](const HttpRequest&, Connection& connection) { connection.reset(); });
  auto error =
      transport_error_of([&] { client.perform({.method = "POST", .url = server.url(), .body = "{}"}); });
  ASSERT_TRUE(error);
  EXPECT_FALSE(error->unsent());
}

TEST_F(ClientTest, a_post_is_never_sent_twice_when_a_kept_connection_dies) {
  FaultServer server([](const HttpRequest& request, Connection& connection) {
    request.method == "GET" ? (void)connection.respond(200, "x") : connection.reset();
  });
  client.perform({.url = server.url()});
  auto error =
      transport_error_of([&] { client.perform({.method = "POST", .url = server.url(), .body = "{}"}); });
  ASSERT_TRUE(error);
  EXPECT_FALSE(error->unsent());
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(ClientTest, a_late_answer_is_a_timeout_and_not_unsent) {
  FaultServer server([](const HttpRequest&, Connection& connection) { connection.stall(); });
  auto error = transport_error_of(
      [&] { client.perform({.method = "POST", .url = server.url(), .body = "{}", .timeout = 100ms}); });
  ASSERT_TRUE(error);
  EXPECT_TRUE(error->timeout());
  EXPECT_FALSE(error->unsent());
}

TEST_F(ClientTest, a_stop_request_ends_a_wait_at_once) {
  test::Gate arrived;
  FaultServer server([&](const HttpRequest&, Connection& connection) {
    arrived.open();
    connection.stall();
  });
  std::stop_source stop;
  std::jthread stopper([&] {
    arrived.wait_for(10s);
    stop.request_stop();
  });
  auto begin = std::chrono::steady_clock::now();
  auto error = error_of([&] { client.perform({.url = server.url()}, stop.get_token()); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::interrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST_F(ClientTest, nothing_is_sent_once_stopped) {
  FaultServer server([](const HttpRequest&, Connection& connection) { connection.respond(200, "x"); });
  std::stop_source stop;
  stop.request_stop();
  auto error = error_of([&] { client.perform({.url = server.url()}, stop.get_token()); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::interrupted);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(ClientTest, an_answer_beyond_the_limit_is_refused) {
  FaultServer server(
      [](const HttpRequest&, Connection& connection) { connection.respond(200, "0123456789"); });
  EXPECT_EQ(client.perform({.url = server.url(), .max_body = 10}).body.size(), 10u);
  auto error = error_of([&] { client.perform({.url = server.url(), .max_body = 9}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::vendor);
  EXPECT_THAT(error->message(), HasSubstr("9 bytes"));
}

TEST_F(ClientTest, a_redirected_api_call_is_an_error_and_the_key_stays) {
  FaultServer thief([](const HttpRequest&, Connection& connection) { connection.respond(200, "{}"); });
  FaultServer server([&](const HttpRequest&, Connection& connection) {
    connection.respond(307, "", "Location: " + thief.url() + "\r\n");
  });
  auto error = error_of([&] { client.perform({.url = server.url(), .headers = {{"X-Api-Key", kKey}}}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::vendor);
  EXPECT_THAT(error->message(), HasSubstr("307"));
  EXPECT_EQ(thief.connections(), 0);
}

TEST_F(ClientTest, refuses_line_breaks_in_a_header) {
  auto error = error_of([&] {
    client.perform({.url = "http://127.0.0.1:1/", .headers = {{"X-Api-Key", "a\r\nHost: b"}}});
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::usage);
  EXPECT_THAT(error->message(), Not(HasSubstr("Host")));
}

TEST(Client, refuses_urls_that_are_not_https) {
  Client client({});
  for (const char* url : {"http://example.com/", "file:///etc/passwd", "ftp://example.com/", "gopher://x/",
                          "", "example.com", "https://user:pass@example.com/", "https://", "https://a b/",
                          "https://a/\r\nX: y", "HTTP://example.com/", "://", "concat:https://a/"}) {
    auto error = error_of([&] { client.perform({.url = url}); });
    ASSERT_TRUE(error) << url;
    EXPECT_EQ(error->code(), ErrorCode::usage) << url << ": " << error->what();
    error = error_of([&] { Download(client, url); });
    ASSERT_TRUE(error) << url;
    EXPECT_EQ(error->code(), ErrorCode::usage) << url;
  }
}

TEST_F(ClientTest, many_callers_at_once_each_get_their_own_answer) {
  FaultServer server(
      [](const HttpRequest& request, Connection& connection) { connection.respond(200, request.target); });
  std::vector<std::jthread> callers;
  std::atomic<int> right = 0;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&, i] {
      std::string target = fmt::format("/{}", i);
      for (int n = 0; n < 5; ++n) right += client.perform({.url = server.url(target)}).body == target ? 1 : 0;
    });
  }
  callers.clear();
  EXPECT_EQ(right, 80);
}

}  // namespace
}  // namespace avstage::net
