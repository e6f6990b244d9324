#pragma once

#include <gmock/gmock.h>
#include <atomic>

#include "net/stream_bench.h"

namespace avstage::net {

constexpr std::size_t kSize = 200'000;

/// A stream from a server that does what a test says, and how it has to end.
class StreamFaults : public StreamBench {
 protected:
  using Fault = std::function<void(int number, const test::HttpRequest&, test::Connection&)>;

  /// A server that hands each request to `fault` with its number, from 0.
  static std::unique_ptr<test::FaultServer> serve(Fault fault) {
    auto count = std::make_shared<std::atomic<int>>(0);
    return std::make_unique<test::FaultServer>(
        [fault, count](const test::HttpRequest& request, test::Connection& connection) {
          fault((*count)++, request, connection);
        });
  }
  /// The first request gets `first`, all later ones `later`.
  std::unique_ptr<test::FaultServer> serve_once(test::ServeOptions first, test::ServeOptions later = {}) {
    return serve([=, this](int number, const test::HttpRequest& r, test::Connection& c) {
      test::serve_file(c, r, file, number == 0 ? first : later);
    });
  }

  /// The stream delivers the file, whatever the server does.
  void expect_whole(test::FaultServer& server) { expect_whole(options(server.url("/a.mp4"))); }
  void expect_whole(HttpStreamOptions how) {
    auto stream = HttpStream::open(client, std::move(how));
    EXPECT_EQ(read_all(*stream->reader()), file);
    stream->wait_complete({});
    facts = stream->facts();
    EXPECT_EQ(facts.size, file.size());
    EXPECT_EQ(facts.received, file.size());
  }
  Error expect_failure(test::FaultServer& server, ErrorCode code, HttpStreamOptions how) {
    auto stream = HttpStream::open(client, std::move(how));
    auto error = failure_of(*stream);
    facts = stream->facts();
    EXPECT_FALSE(stream->complete());
    if (!error) {
      ADD_FAILURE() << "the stream did not fail, after " << server.requests().size() << " requests";
      return Error(ErrorCode::bug, "");
    }
    EXPECT_EQ(error->code(), code) << error->message();
    EXPECT_THAT(error->message(), testing::HasSubstr("clip 'host': "));
    return *error;
  }
  Error expect_failure(test::FaultServer& server, ErrorCode code) {
    return expect_failure(server, code, options(server.url("/a.mp4")));
  }

  const std::string file = test::noise(kSize);
  HttpStream::Facts facts;
};

}  // namespace avstage::net
