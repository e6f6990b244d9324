#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>

#include "base/log.h"
#include "net/stream_bench.h"
#include "support/log_guard.h"

namespace avstage::net {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::FaultServer;
using test::HttpRequest;
using test::noise;
using test::serve_file;
using test::ServeOptions;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kSize = 200'000;

class StreamFaults : public StreamBench {
 protected:
  using Fault = std::function<void(int number, const HttpRequest&, Connection&)>;

  /// A server that hands each request to `fault` with its number, from 0.
  static std::unique_ptr<FaultServer> serve(Fault fault) {
    auto count = std::make_shared<std::atomic<int>>(0);
    return std::make_unique<FaultServer>([fault, count](const HttpRequest& request, Connection& connection) {
      fault((*count)++, request, connection);
    });
  }
  /// The first request gets `first`, all later ones `later`.
  std::unique_ptr<FaultServer> serve_once(ServeOptions first, ServeOptions later = {}) {
    return serve([=, this](int number, const HttpRequest& r, Connection& c) {
      serve_file(c, r, file, number == 0 ? first : later);
    });
  }

  /// The stream delivers the file, whatever the server does.
  void expect_whole(FaultServer& server) { expect_whole(options(server.url("/a.mp4"))); }
  void expect_whole(HttpStreamOptions how) {
    auto stream = HttpStream::open(client, std::move(how));
    EXPECT_EQ(read_all(*stream->reader()), file);
    stream->wait_complete({});
    facts = stream->facts();
    EXPECT_EQ(facts.size, file.size());
    EXPECT_EQ(facts.received, file.size());
  }
  Error expect_failure(FaultServer& server, ErrorCode code, HttpStreamOptions how) {
    auto stream = HttpStream::open(client, std::move(how));
    auto error = failure_of(*stream);
    facts = stream->facts();
    EXPECT_FALSE(stream->complete());
    if (!error) {
      ADD_FAILURE() << "the stream did not fail, after " << server.requests().size() << " requests";
      return Error(ErrorCode::bug, "");
    }
    EXPECT_EQ(error->code(), code) << error->message();
    EXPECT_THAT(error->message(), HasSubstr("clip 'host': "));
    return *error;
  }
  Error expect_failure(FaultServer& server, ErrorCode code) {
    return expect_failure(server, code, options(server.url("/a.mp4")));
  }

  const std::string file = noise(kSize);
  HttpStream::Facts facts;
};

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

TEST_F(StreamFaults, a_wrong_content_range_is_answered_by_reading_everything_again) {
  for (const char* lie :
       {"bytes 0-199999/200000", "bytes 50001-199999/200000", "bytes 50000-199999/*", "rubbish"}) {
    auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
      if (!r.range()) return serve_file(c, r, file, {.cut_at = number == 0 ? 50'000 : kSize});
      c.respond(206, file, fmt::format("Content-Range: {}\r\n", lie));
    });
    expect_whole(*server);
    EXPECT_EQ(server->requests().size(), 3u) << lie;
    EXPECT_EQ(server->requests().back().header("range"), "") << lie;
  }
}

TEST_F(StreamFaults, a_range_with_other_bytes_than_its_head_says_is_answered_by_reading_everything_again) {
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    if (!r.range()) return serve_file(c, r, file, {.cut_at = number == 0 ? 50'000 : kSize});
    serve_file(c, r, "x" + file.substr(0, kSize - 1));
  });
  expect_whole(*server);
  EXPECT_EQ(server->requests().size(), 3u);
  EXPECT_EQ(server->requests().back().header("range"), "");
}

TEST_F(StreamFaults, after_one_wrong_range_no_other_is_taken) {
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    if (number == 0) return serve_file(c, r, file, {.cut_at = 50'000});
    c.respond(206, file, "Content-Range: bytes 0-199999/200000\r\n");
  });
  EXPECT_EQ(expect_failure(*server, ErrorCode::input).name(), "bad_answer");
  EXPECT_EQ(facts.requests, 3);
}

TEST_F(StreamFaults, another_file_of_the_same_length_is_found_without_any_validator) {
  const std::string other = noise(kSize, 2);
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    serve_file(c, r, number == 0 ? file : other, {.etag = "", .cut_at = number == 0 ? 50'000 : kSize + 1});
  });
  EXPECT_EQ(expect_failure(*server, ErrorCode::input).name(), "changed");
  EXPECT_EQ(facts.received, 50'000u);
}

TEST_F(StreamFaults, a_tail_that_differs_from_what_the_front_brings_is_found) {
  const std::string large = noise(1'500'000), other = noise(1'500'000, 2);
  test::Gate gate;
  auto server = serve([&](int, const HttpRequest& r, Connection& c) {
    r.range() ? serve_file(c, r, other) : serve_file(c, r, large, {.gate = &gate, .gate_at = 1000});
  });
  auto stream = HttpStream::open(client, patient(server->url()));
  auto reader = stream->reader();
  EXPECT_EQ(read_at(*reader, 1'400'000, 10), other.substr(1'400'000, 10));
  gate.open();
  auto error = failure_of(*stream);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->name(), "changed");
}

TEST_F(StreamFaults, a_sum_that_the_server_names_is_checked) {
  const std::string bytes(10, 'a');
  const std::string sum = "vyy1imj2hNlaO3jvj2Ycmk5bCegsyPnMiMzpBSjK6yc=";
  for (const std::string& line : {"Digest: SHA-256=" + sum, "Repr-Digest: sha-256=:" + sum + ":",
                                  "x-amz-checksum-sha256: " + sum, "x-amz-checksum-sha256: " + sum + "-2"}) {
    auto server = serve_once({.extra_headers = line + "\r\n"});
    FaultServer good([&](const HttpRequest& r, Connection& c) {
      serve_file(c, r, bytes, {.extra_headers = line + "\r\n"});
    });
    auto stream = HttpStream::open(client, options(good.url()));
    EXPECT_EQ(read_all(*stream->reader()), bytes) << line;
    EXPECT_NO_THROW(stream->wait_complete({})) << line;
    if (line.ends_with("-2")) continue;
    EXPECT_EQ(expect_failure(*server, ErrorCode::input).name(), "checksum") << line;
  }
}

TEST_F(StreamFaults, a_disk_without_room_is_named_before_a_byte_is_taken) {
  auto server = serve([&](int, const HttpRequest&, Connection& c) {
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 1125899906842624\r\n\r\nx");
    c.stall();
  });
  auto how = options(server->url());
  how.max_bytes = std::uint64_t(1) << 60;
  Error error = expect_failure(*server, ErrorCode::local, how);
  EXPECT_EQ(error.name(), "no_space");
  EXPECT_THAT(error.message(),
              testing::AllOf(HasSubstr("no room for 1125899906842624 bytes"), HasSubstr("missing")));
  EXPECT_EQ(facts.received, 0u);
}

TEST_F(StreamFaults, other_bytes_while_reading_again_are_found) {
  const std::string other = noise(kSize, 2);
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    serve_file(c, r, number == 0 ? file : other,
               {.etag = "", .no_ranges = true, .cut_at = number == 0 ? 5000 : kSize});
  });
  Error error = expect_failure(*server, ErrorCode::input);
  EXPECT_THAT(error.message(), HasSubstr("the file changed while downloading"));
  EXPECT_EQ(facts.received, 5000u);
}

TEST_F(StreamFaults, a_changed_etag_is_found_before_a_byte_is_taken) {
  Error error =
      expect_failure(*serve_once({.etag = "\"one\"", .cut_at = 5000}, {.etag = "\"two\""}), ErrorCode::input);
  EXPECT_THAT(error.message(), HasSubstr("the file changed while downloading"));
  EXPECT_EQ(facts.received, 5000u);
}

TEST_F(StreamFaults, a_changed_date_is_found) {
  expect_failure(*serve_once({.extra_headers = "Last-Modified: then\r\n", .cut_at = 5000},
                             {.extra_headers = "Last-Modified: now\r\n"}),
                 ErrorCode::input);
}

TEST_F(StreamFaults, a_changed_length_is_found) {
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    if (number == 0) return serve_file(c, r, file, {.etag = "", .cut_at = 5000});
    serve_file(c, r, file + "more", {.etag = ""});
  });
  Error error = expect_failure(*server, ErrorCode::input);
  EXPECT_THAT(error.message(), HasSubstr("200000 bytes are now 200004"));
}

TEST_F(StreamFaults, a_later_answer_without_a_length_cannot_shorten_the_file) {
  auto server = serve([&](int number, const HttpRequest& r, Connection& c) {
    if (number == 1)
      return serve_file(c, r, file.substr(0, 150'000), {.no_ranges = true, .close_delimited = true});
    serve_file(c, r, file, {.cut_at = number == 0 ? 5000 : kSize});
  });
  expect_whole(*server);
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

TEST_F(StreamFaults, pages_are_refused_before_a_byte_is_taken) {
  for (const char* type : {"text/html; charset=utf-8", "application/json", "application/xml"}) {
    auto server = serve_once({.content_type = type});
    Error error = expect_failure(*server, ErrorCode::input);
    EXPECT_THAT(error.message(), HasSubstr("not media"));
    EXPECT_EQ(facts.received, 0u);
    EXPECT_EQ(facts.requests, 1);
  }
}

TEST_F(StreamFaults, compressed_answers_are_refused) {
  expect_failure(*serve_once({.extra_headers = "Content-Encoding: gzip\r\n"}), ErrorCode::input);
  EXPECT_EQ(facts.received, 0u);
}

TEST_F(StreamFaults, zero_bytes_are_refused) {
  for (ServeOptions how :
       {ServeOptions{}, ServeOptions{.chunked = true}, ServeOptions{.close_delimited = true}}) {
    auto server = serve([&](int, const HttpRequest& r, Connection& c) { serve_file(c, r, "", how); });
    Error error = expect_failure(*server, ErrorCode::input);
    EXPECT_THAT(error.message(), HasSubstr("zero bytes"));
  }
}

TEST_F(StreamFaults, a_file_beyond_the_limit_is_refused_before_it_is_downloaded) {
  auto server = serve_once({});
  auto how = options(server->url());
  how.max_bytes = kSize - 1;
  Error error = expect_failure(*server, ErrorCode::input, how);
  EXPECT_THAT(error.message(), HasSubstr("199999"));
  EXPECT_EQ(facts.received, 0u);
}

TEST_F(StreamFaults, an_unannounced_file_beyond_the_limit_is_refused_when_it_gets_there) {
  auto server = serve_once({.chunked = true});
  auto how = options(server->url());
  how.max_bytes = 100'000;
  Error error = expect_failure(*server, ErrorCode::input, how);
  EXPECT_THAT(error.message(), HasSubstr("100000"));
  EXPECT_LE(facts.received, 100'000u);
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
