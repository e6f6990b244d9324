#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/log.h"
#include "net/stream_faults.h"
#include "support/log_guard.h"

namespace avstage::net {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::FaultServer;
using test::HttpRequest;
using test::serve_file;
using test::ServeOptions;
using testing::HasSubstr;
using testing::Not;

class DropAt : public StreamFaults, public testing::WithParamInterface<std::size_t> {};

TEST_P(DropAt, a_reset_is_resumed_without_loss) {
  expect_whole(*serve_once({.reset_at = GetParam()}));
  EXPECT_EQ(facts.requests, 2);
}

TEST_P(DropAt, an_early_close_is_resumed_at_that_byte_and_what_is_before_it_is_compared) {
  auto server = serve_once({.cut_at = GetParam()});
  expect_whole(*server);
  ASSERT_EQ(server->requests().size(), 2u);
  std::size_t from = GetParam() - std::min<std::size_t>(65536, GetParam() / 4);
  std::string range = from == 0 ? "" : fmt::format("bytes={}-", from);
  EXPECT_THAT(server->requests()[1].header("range"), testing::StartsWith(range));
}

TEST_P(DropAt, a_stall_is_resumed_without_loss) {
  auto server = serve_once({.stall_at = GetParam()});
  expect_whole(impatient(server->url()));
}

TEST_P(DropAt, a_chunked_body_cut_short_is_resumed) {
  expect_whole(*serve_once({.chunked = true, .cut_at = GetParam()}));
  EXPECT_TRUE(facts.length_proven);
}

TEST_P(DropAt, a_server_that_ignores_range_is_read_again_and_compared) {
  expect_whole(*serve_once({.no_ranges = true, .reset_at = GetParam()}, {.no_ranges = true}));
}

INSTANTIATE_TEST_SUITE_P(Positions, DropAt, testing::Values(0, 1, 65536, 100'000, kSize - 1));

TEST_F(StreamFaults, a_server_that_drops_every_request_is_outlasted_while_bytes_come) {
  auto server = serve([&](int, const HttpRequest& r, Connection& c) {
    std::uint64_t from = r.range() ? r.range()->first : 0;
    serve_file(c, r, file, {.cut_at = from + 20'000});
  });
  expect_whole(*server);
  EXPECT_LE(facts.requests, 14) << "what is read again is a small part of what each request brings";
}

TEST_F(StreamFaults, a_chunked_body_that_lacks_only_its_terminator_is_complete) {
  expect_whole(*serve_once({.chunked = true, .cut_at = kSize}));
  EXPECT_TRUE(facts.length_proven);
}

TEST_F(StreamFaults, without_new_bytes_it_gives_up_after_five_tries) {
  auto server =
      serve([&](int, const HttpRequest& r, Connection& c) { serve_file(c, r, file, {.cut_at = 1000}); });
  Error error = expect_failure(*server, ErrorCode::network);
  EXPECT_THAT(error.message(), HasSubstr("5 tries"));
  EXPECT_EQ(facts.received, 1000u);
  EXPECT_EQ(facts.requests, 6);
}

TEST_F(StreamFaults, a_server_that_ignores_range_and_always_drops_does_not_loop_for_ever) {
  auto server = serve([&](int, const HttpRequest& r, Connection& c) {
    serve_file(c, r, file, {.no_ranges = true, .cut_at = 1000});
  });
  expect_failure(*server, ErrorCode::network);
  EXPECT_EQ(facts.requests, 6);
}

TEST_F(StreamFaults, an_endless_stall_ends_in_bounded_time) {
  auto server =
      serve([&](int, const HttpRequest& r, Connection& c) { serve_file(c, r, file, {.stall_at = 1000}); });
  auto begin = std::chrono::steady_clock::now();
  expect_failure(*server, ErrorCode::network, impatient(server->url()));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kShortStall * 6 + 3s);
}

TEST_F(StreamFaults, silence_after_the_request_ends_in_bounded_time) {
  auto server = serve([&](int, const HttpRequest&, Connection& c) { c.stall(); });
  expect_failure(*server, ErrorCode::network, impatient(server->url()));
  EXPECT_EQ(facts.requests, 5);
}

TEST_F(StreamFaults, slow_bytes_are_no_stall) {
  auto server = serve([&](int, const HttpRequest&, Connection& c) {
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
    for (std::size_t at = 0; at < kSize; at += 20'000) {
      c.send(std::string_view(file).substr(at, 20'000));
      c.sleep(50ms);
    }
  });
  expect_whole(*server);
  EXPECT_EQ(facts.requests, 1);
}

TEST_F(StreamFaults, a_busy_server_is_asked_again) {
  for (int status : {429, 500, 503}) {
    auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
      if (number > 0) return serve_file(c, r, file);
      c.respond(status, "busy");
    });
    expect_whole(*server);
    EXPECT_EQ(facts.requests, 2) << status;
  }
}

TEST_F(StreamFaults, retry_after_is_honoured) {
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    if (number > 0) return serve_file(c, r, file);
    c.respond(503, "", "Retry-After: 1\r\n");
  });
  auto begin = std::chrono::steady_clock::now();
  expect_whole(*server);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
}

TEST_F(StreamFaults, an_expired_url_is_renewed_and_continued_at_the_same_byte) {
  for (int status : {401, 403, 404, 410}) {
    FaultServer server([&](const HttpRequest& r, Connection& c) {
      bool fresh = r.target == "/a.mp4?Signature=fresh";
      if (!fresh && r.range())
        return (void)c.respond(status, "<Error>expired</Error>", "Content-Type: text/xml\r\n");
      serve_file(c, r, file, {.cut_at = fresh ? kSize + 1 : 70'000});
    });
    auto how = options(server.url("/a.mp4?Signature=stale"));
    how.refresh = [&] { return server.url("/a.mp4?Signature=fresh"); };
    auto stream = HttpStream::open(client, how);
    EXPECT_EQ(read_all(*stream->reader()), file);
    EXPECT_EQ(stream->facts().refreshes, 1);
    EXPECT_EQ(stream->facts().requests, 3);
    EXPECT_EQ(server.requests().back().header("range"), "bytes=52500-199999")
        << "70000 less what is compared";
  }
}

TEST_F(StreamFaults, a_url_that_is_not_fetchable_yet_is_asked_for_again) {
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    number < 3 ? (void)c.respond(404, "not yet") : serve_file(c, r, file);
  });
  auto how = options(server->url());
  how.refresh = [&] { return server->url(); };
  auto stream = HttpStream::open(client, how);
  EXPECT_EQ(read_all(*stream->reader()), file);
  EXPECT_EQ(stream->facts().refreshes, 3);
}

TEST_F(StreamFaults, refreshing_without_success_is_bounded) {
  auto server = serve([&](int, const HttpRequest&, Connection& c) { c.respond(403, ""); });
  auto how = options(server->url());
  how.refresh = [&] { return server->url(); };
  expect_failure(*server, ErrorCode::network, how);
  EXPECT_LE(facts.refreshes, 5);
}

TEST_F(StreamFaults, an_expired_url_is_final_where_nobody_can_renew_it) {
  auto server = serve([&](int, const HttpRequest&, Connection& c) { c.respond(403, ""); });
  Error error = expect_failure(*server, ErrorCode::input, options(server->url("/a.mp4?Signature=secret")));
  EXPECT_THAT(error.message(), HasSubstr("HTTP 403"));
  EXPECT_THAT(error.message(), Not(HasSubstr("secret")));
  EXPECT_EQ(facts.requests, 1);
}

TEST_F(StreamFaults, what_refresh_throws_is_the_cause) {
  auto server = serve([&](int, const HttpRequest&, Connection& c) { c.respond(403, ""); });
  auto how = options(server->url());
  how.refresh = []() -> std::string { throw Error(ErrorCode::money, "no credit left", "credit"); };
  Error error = expect_failure(*server, ErrorCode::money, how);
  EXPECT_EQ(error.name(), "credit");
}

TEST_F(StreamFaults, signed_urls_reach_no_log_line) {
  log::set_level(log::Level::debug);
  auto server = serve([&](int, const HttpRequest&, Connection& c) { c.reset(); });
  expect_failure(*server, ErrorCode::network, options(server->url("/a.mp4?Signature=secret&Expires=1")));
  log::set_level(log::Level::warning);
  EXPECT_THAT(test::logged_lines(), testing::Contains(HasSubstr("clip 'host'")));
  EXPECT_THAT(test::logged_lines(), testing::Each(Not(HasSubstr("secret"))));
}

}  // namespace
}  // namespace avstage::net
