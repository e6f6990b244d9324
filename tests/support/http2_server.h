#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "support/fault_server.h"
#include "support/relay.h"

namespace avstage::test {

/// What becomes of one HTTP/2 request: an answer, up to where `how` ends it.
struct Http2Answer {
  enum class How {
    whole,         ///< END_STREAM at the end of the body
    ended,         ///< END_STREAM at `at`, whatever the length says
    reset,         ///< RST_STREAM with `error` at `at`
    goaway_below,  ///< at `at` GOAWAY that says the stream was never looked at; then closed
    goaway_at,     ///< at `at` GOAWAY that says this stream is the last; then closed
    draining,      ///< the same, but the body goes on to its end
    closed,        ///< the connection is closed at `at` without a GOAWAY
    stalled,       ///< nothing more is sent of this stream
    silent,        ///< nothing more is said on this connection, and nothing is read
  };
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  How how = How::whole;
  std::optional<std::size_t> at = std::nullopt;  ///< bytes of the body; nullopt: before the headers
  std::uint32_t error = 0;                       ///< 2 INTERNAL_ERROR, 7 REFUSED_STREAM, 8 CANCEL …
};

/// An HTTP/2 server on loopback, over TLS, from Debian's nghttp2: right answers and those that `answer`
/// spoils. It is called on the connection's thread, also several at a time. Who chooses HTTP/1.1 is served by
/// `upstream_port`.
class Http2Server {
 public:
  using Handler = std::function<Http2Answer(const HttpRequest&)>;
  Http2Server(Handler answer, int upstream_port, std::uint32_t max_streams = 100);
  std::string url(const std::string& target = "/") const { return tls_.url(target); }
  /// All HTTP/2 requests so far, in the order of their arrival.
  std::vector<HttpRequest> requests() const;
  int connections() const { return tls_.connections(); }

 private:
  void serve(ssl_st* tls);

  Handler answer_;
  std::uint32_t max_streams_;
  std::atomic<int> sessions_ = 0;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  TlsServer tls_;  // the last: its threads use the others
};

/// A GET of `bytes`, answered well: 200 or 206 with lengths and validators.
Http2Answer file_answer(const HttpRequest& request, const std::string& bytes);

}  // namespace avstage::test
