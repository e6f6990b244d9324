#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <fstream>

#include "net/client_bench.h"
#include "net/stream_bench.h"
#include "support/http2_server.h"

namespace avstage::net {
namespace {

using test::Connection;
using test::FaultServer;
using test::file_answer;
using test::Http2Answer;
using test::Http2Server;
using test::HttpRequest;
using test::serve_file;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using How = Http2Answer::How;

constexpr std::size_t kFileSize = 200'000;
constexpr std::uint32_t kNoError = 0, kInternalError = 2, kRefusedStream = 7, kCancel = 8,
                        kHttp11Required = 13;

/// A host that offers HTTP/2 and HTTP/1.1, and a client that trusts it.
class Http2 : public StreamBench {
 protected:
  using Spoil = std::function<void(int number, const HttpRequest&, Http2Answer&)>;

  void SetUp() override {
    std::ofstream(bundle) << test::TlsServer::authority();
    client.emplace(Client::Options{.allow_private = true, .ca_bundle = bundle});
  }

  /// Serves `file`; `spoil` changes the answer to a request with its number, from 0.
  std::unique_ptr<Http2Server> serve(Spoil spoil, std::uint32_t max_streams = 100) {
    auto count = std::make_shared<std::atomic<int>>(0);
    return std::make_unique<Http2Server>(
        [=, this](const HttpRequest& request) {
          Http2Answer answer = file_answer(request, file);
          spoil((*count)++, request, answer);
          return answer;
        },
        upstream.port(), max_streams);
  }
  std::unique_ptr<Http2Server> serve_once(How how, std::optional<std::size_t> at, std::uint32_t error) {
    return serve([=](int number, const HttpRequest&, Http2Answer& answer) {
      if (number == 0) spoil(answer, how, at, error);
    });
  }
  static void spoil(Http2Answer& answer, How how, std::optional<std::size_t> at,
                    std::uint32_t error = kNoError) {
    answer.how = how;
    answer.at = at;
    answer.error = error;
  }

  void expect_whole(const HttpStreamOptions& how) {
    auto stream = HttpStream::open(*client, how);
    EXPECT_EQ(read_all(*stream->reader()), file);
    stream->wait_complete({});
    facts = stream->facts();
    EXPECT_EQ(facts.received, file.size());
  }
  void expect_whole(Http2Server& server) { expect_whole(options(server.url("/a.mp4"))); }
  Error expect_failure(Http2Server& server) {
    auto stream = HttpStream::open(*client, options(server.url("/a.mp4")));
    auto error = failure_of(*stream);
    facts = stream->facts();
    EXPECT_FALSE(stream->complete());
    return error.value_or(Error(ErrorCode::bug, "it did not fail"));
  }

  std::string file = test::noise(kFileSize);
  std::string bundle = dir / "authority.pem";
  FaultServer upstream{[this](const HttpRequest& r, Connection& c) {
    r.method == "POST" ? (void)c.respond(200, "bought") : serve_file(c, r, file);
  }};
  std::optional<Client> client;
  HttpStream::Facts facts;
};

TEST_F(Http2, media_come_over_it_where_the_server_offers_it) {
  auto server = serve([](int, const HttpRequest&, Http2Answer&) {});
  expect_whole(*server);
  EXPECT_EQ(facts.requests, 1);
  EXPECT_TRUE(facts.length_proven);
  EXPECT_THAT(server->requests(), SizeIs(1));
  EXPECT_THAT(upstream.requests(), IsEmpty());
}

struct Break {
  const char* name;
  How how;
  std::uint32_t error = kNoError;
};
class Http2Breaks : public Http2, public testing::WithParamInterface<std::tuple<Break, std::size_t>> {};

/// As after a TCP reset, the last bytes before the break may be lost.
TEST_P(Http2Breaks, are_resumed_without_loss) {
  const auto& [what, at] = GetParam();
  auto server = serve_once(what.how, at, what.error);
  expect_whole(*server);
  EXPECT_EQ(facts.requests, 2);
  ASSERT_THAT(server->requests(), SizeIs(2));
  const auto range = server->requests()[1].range();
  ASSERT_TRUE(range || at == 1) << "begun again";
  EXPECT_LE(range ? range->first : 0, at - std::min<std::size_t>(65536, at / 4));
}

INSTANTIATE_TEST_SUITE_P(
    Positions, Http2Breaks,
    testing::Combine(testing::Values(Break{"RST_STREAM_INTERNAL_ERROR", How::reset, kInternalError},
                                     Break{"RST_STREAM_CANCEL", How::reset, kCancel},
                                     Break{"RST_STREAM_REFUSED_STREAM", How::reset, kRefusedStream},
                                     Break{"RST_STREAM_NO_ERROR", How::reset, kNoError},
                                     Break{"GOAWAY_below", How::goaway_below},
                                     Break{"GOAWAY_below_with_an_error", How::goaway_below, kInternalError},
                                     Break{"GOAWAY_at", How::goaway_at}, Break{"closed", How::closed},
                                     Break{"END_STREAM_too_early", How::ended}),
                     testing::Values(1, 70'000, kFileSize - 1)),
    [](const auto& one) {
      return fmt::format("{}_{}", std::get<0>(one.param).name, std::get<1>(one.param));
    });

TEST_F(Http2, a_stream_that_is_reset_before_its_headers_is_asked_for_again) {
  for (std::uint32_t error : {kNoError, kInternalError, kCancel}) {
    auto server = serve_once(How::reset, std::nullopt, error);
    expect_whole(*server);
    EXPECT_EQ(facts.requests, 2) << error;
    EXPECT_THAT(server->requests(), SizeIs(2)) << error;
  }
}

/// Those two say that nothing was done: libcurl asks again by itself.
TEST_F(Http2, a_stream_that_is_refused_is_asked_for_again_on_another_connection) {
  auto server = serve_once(How::reset, std::nullopt, kRefusedStream);
  expect_whole(*server);
  EXPECT_THAT(server->requests(), SizeIs(2));
  EXPECT_EQ(server->connections(), 2);
  server = serve_once(How::goaway_below, std::nullopt, kNoError);
  expect_whole(*server);
  EXPECT_THAT(server->requests(), SizeIs(2));
}

TEST_F(Http2, a_server_that_wants_http_1_1_gets_it) {
  auto server = serve_once(How::reset, std::nullopt, kHttp11Required);
  expect_whole(*server);
  EXPECT_THAT(server->requests(), SizeIs(1));
  EXPECT_THAT(upstream.requests(), SizeIs(1));
}

TEST_F(Http2, what_breaks_always_there_is_given_up_after_five_tries_without_a_new_byte) {
  for (const Break& always :
       {Break{"RST_STREAM", How::reset, kInternalError}, Break{"REFUSED_STREAM", How::reset, kRefusedStream},
        Break{"GOAWAY", How::goaway_below}, Break{"closed", How::closed}, Break{"END_STREAM", How::ended}}) {
    SCOPED_TRACE(always.name);
    auto server = serve([&](int, const HttpRequest& request, Http2Answer& answer) {
      const std::size_t from = request.range() ? request.range()->first : 0;
      spoil(answer, always.how, 1000 - from, always.error);
    });
    Error error = expect_failure(*server);
    EXPECT_EQ(error.code(), ErrorCode::network) << error.message();
    EXPECT_THAT(error.message(), HasSubstr("after 5 tries without a new byte"));
    // What has come by the time of the break may be a piece of what was sent: then the next try brings the
    // rest.
    EXPECT_LE(facts.requests, 25);
  }
}

TEST_F(Http2, streams_that_are_always_refused_are_given_up) {
  auto server = serve([](int, const HttpRequest&, Http2Answer& answer) {
    spoil(answer, How::reset, std::nullopt, kRefusedStream);
  });
  EXPECT_EQ(expect_failure(*server).code(), ErrorCode::network);
  EXPECT_EQ(facts.requests, 5);
  EXPECT_LE(server->requests().size(), 5u * 6) << "libcurl's own tries, six a request";
}

TEST_F(Http2, without_a_length_only_the_streams_own_end_is_one) {
  for (const Break& what : {Break{"whole", How::whole}, Break{"closed", How::closed},
                            Break{"GOAWAY", How::goaway_at}, Break{"reset", How::reset, kInternalError}}) {
    SCOPED_TRACE(what.name);
    auto server = serve([&](int number, const HttpRequest&, Http2Answer& answer) {
      std::erase_if(answer.headers, [](const auto& header) { return header.first == "content-length"; });
      if (number == 0) spoil(answer, what.how, 70'000, what.error);
    });
    expect_whole(*server);
    EXPECT_EQ(facts.requests, what.how == How::whole ? 1 : 2);
  }
}

TEST_F(Http2, a_connection_that_drains_ends_what_it_has_begun) {
  auto server = serve_once(How::draining, 70'000, kNoError);
  expect_whole(*server);
  EXPECT_EQ(facts.requests, 1);
  expect_whole(options(server->url("/a.mp4"), "again"));
  EXPECT_EQ(server->connections(), 2);
}

TEST_F(Http2, a_connection_that_falls_silent_is_left) {
  auto server = serve_once(How::silent, 70'000, kNoError);
  HttpStreamOptions how = options(server->url("/a.mp4"));
  how.stall = kShortStall;
  expect_whole(how);
  EXPECT_GE(server->connections(), 2);
}

class Http2Tail : public Http2, public testing::WithParamInterface<std::uint32_t> {};

/// The front is stuck. Where the server allows several streams, the tail comes over the same connection.
TEST_P(Http2Tail, is_fetched_beside_the_front) {
  file = test::noise(1'000'000);
  auto server = serve(
      [](int number, const HttpRequest&, Http2Answer& answer) {
        if (number == 0) spoil(answer, How::stalled, 70'000);
      },
      GetParam());
  auto stream = HttpStream::open(*client, options(server->url("/a.mp4")));
  auto reader = stream->reader();
  EXPECT_EQ(read_at(*reader, 900'000, 100), file.substr(900'000, 100));
  ASSERT_GE(server->requests().size(), 2u);
  EXPECT_EQ(server->requests()[1].connection, GetParam() == 1 ? 1 : 0);
  EXPECT_EQ(read_at(*reader, 70'000, 100), file.substr(70'000, 100));
  EXPECT_EQ(read_all(*stream->reader()), file);
}

INSTANTIATE_TEST_SUITE_P(StreamsAtOnce, Http2Tail, testing::Values(1, 100));

/// Over HTTP/2 libcurl repeats a request by itself where its stream is refused: an order must not be.
TEST_F(Http2, the_api_is_asked_over_http_1_1) {
  for (std::uint32_t error : {kInternalError, kRefusedStream, kHttp11Required}) {
    auto server = serve([&](int, const HttpRequest&, Http2Answer& answer) {
      spoil(answer, How::reset, std::nullopt, error);
    });
    EXPECT_EQ(client->perform({.method = "POST", .url = server->url("/v3/videos"), .body = "{}"}).body,
              "bought");
    EXPECT_EQ(client->perform({.url = server->url("/v3/videos/1")}).body, file);
    EXPECT_THAT(server->requests(), IsEmpty()) << error;
  }
  EXPECT_THAT(upstream.requests(), SizeIs(6));
}

}  // namespace
}  // namespace avstage::net
