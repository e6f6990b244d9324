#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "avstage/error.h"

namespace avstage::net {

/// How a transfer failed. `unsent` is true only when provably no byte of the request left this machine
/// (refused, DNS, TLS handshake): a paid POST may then be repeated.
class TransportError : public Error {
 public:
  TransportError(std::string message, bool unsent, bool timeout)
      : Error(ErrorCode::network, std::move(message), "transport"), unsent_(unsent), timeout_(timeout) {}
  bool unsent() const { return unsent_; }
  bool timeout() const { return timeout_; }

 private:
  bool unsent_;
  bool timeout_;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  std::chrono::milliseconds timeout{30'000};
  std::size_t max_body = std::size_t(4) << 20;
};

struct Response {
  long status = 0;
  Headers headers;  ///< names in lower case
  std::string body;
  /// The first header of that (lower-case) name, or "".
  std::string header(std::string_view name) const;
  /// Retry-After in seconds (number or HTTP date), from 0 to a year; nullopt when absent or malformed.
  std::optional<std::int64_t> retry_after(std::int64_t now_unix) const;
};

/// What a running transfer tells its owner. Called on the net thread; must not block, must not throw.
class TransferHandler {
 public:
  virtual ~TransferHandler() = default;
  /// The final response's status line and headers. Return false to end the transfer.
  virtual bool on_headers(const Response& head) noexcept = 0;
  /// Body bytes. Return false to end the transfer.
  virtual bool on_data(std::span<const std::byte> data) noexcept = 0;
  /// The end: nullptr when the transport saw a complete body, else why not.
  virtual void on_done(std::exception_ptr error) noexcept = 0;
};

/// Hears every API request with its answer, or why there was none; on the thread of perform(). Both hold
/// secrets.
using Listener = std::function<void(const Request&, const Response*, const std::string& error)>;

/// libcurl's name and version, with its TLS library.
std::string library_version();

/// Owns the one net thread and every CURL handle. All public members may be called by any thread. TLS
/// certificates are verified; redirects are followed only by download(). HTTPS_PROXY, ALL_PROXY and NO_PROXY
/// count as libcurl reads them; through a proxy the check for private addresses sees only the proxy.
class Client {
 public:
  struct Options {
    bool allow_http = false;     ///< plain http:// and loopback addresses (HEYGEN_ALLOW_HTTP)
    bool allow_private = false;  ///< media from loopback and private addresses; implied by allow_http
    std::string ca_bundle;       ///< a PEM file instead of the system's; empty: the system's
    Listener listener;           ///< may be empty
  };
  /// Error{usage} for a CA bundle that is none.
  explicit Client(Options options);
  ~Client();  ///< aborts what is running and joins the thread
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// One API request, blocking; redirects are an error (a key must not travel). Any HTTP status is a
  /// Response. Throws TransportError, Error{interrupted} when `stop` is requested, Error{vendor} when the
  /// body exceeds `max_body`, Error{usage} for a URL that is not allowed.
  Response perform(const Request& request, const std::stop_token& stop = {});

  /// Starts a GET of `url` from byte `from` (a Range header when from > 0, or when `to`, the byte behind the
  /// last one wanted, is given), following at most 5 redirects, with no key and no cookies, in the media
  /// trust zone. `fresh`: over a new connection, whatever others are open. Error{usage} for a URL that is not
  /// allowed. The handler must live until on_done. Returns an id for cancel(), which makes
  /// on_done(Error{interrupted}) follow soon.
  std::uint64_t download(const std::string& url, std::uint64_t from, std::optional<std::uint64_t> to,
                         TransferHandler& handler, bool fresh = false);
  /// Returns after on_done was called for that transfer (at once when it is already over). Not to be called
  /// from a handler.
  void cancel(std::uint64_t transfer);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace avstage::net
