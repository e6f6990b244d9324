#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace avstage::test {

/// A listening socket on a free port of 127.0.0.1.
int listen_on_loopback(int& port);

/// Something to wait for that is opened once, by any thread.
class Gate {
 public:
  void open();
  /// False when `stop` was requested before it opened.
  bool wait(const std::stop_token& stop = {});
  bool wait_for(std::chrono::milliseconds limit);

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
};

/// A request as it arrived.
struct HttpRequest {
  std::string method;
  std::string target;                                        ///< "/clip.mp4?Signature=x"
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  int connection = 0;  ///< which connection it came on, from 0

  /// The first header of that (lower-case) name, or "".
  std::string header(std::string_view name) const;
  /// First byte and, where given, the byte behind the last one of a "bytes=a-b" Range; nullopt without one.
  std::optional<std::pair<std::uint64_t, std::optional<std::uint64_t>>> range() const;
};

/// The server's end of one connection, for one handler at a time. What is sent to a peer that has gone away
/// is dropped; when the server stops, everything that waits here returns.
class Connection {
 public:
  Connection(int fd, std::stop_token stop) : fd_(fd), stop_(std::move(stop)) {}

  /// False once the peer or the server is gone.
  bool send(std::string_view bytes);
  /// A whole answer with its Content-Length; `headers` are complete lines such as "ETag: \"a\"\r\n".
  bool respond(int status, std::string_view body, std::string_view headers = "");
  /// Withholds everything until `gate` opens.
  bool wait(Gate& gate) { return gate.wait(stop_); }
  void sleep(std::chrono::milliseconds duration);
  /// Says nothing more, until the peer hangs up or the server stops.
  void stall();
  /// Ends the connection orderly / with a TCP reset, so that the peer may lose what it has not read.
  void close();
  void reset();

  bool closed() const { return closed_; }
  const std::stop_token& stop() const { return stop_; }

 private:
  int fd_;
  std::stop_token stop_;
  bool closed_ = false;
};

/// A loopback HTTP/1.1 server on a free port, with a joined thread per connection, that does whatever its
/// handler writes to the socket: right answers, lies, silence. The handler is called for each request, on the
/// connection's thread, also several at a time; unless it closes the connection, that is kept alive.
class FaultServer {
 public:
  using Handler = std::function<void(const HttpRequest&, Connection&)>;
  explicit FaultServer(Handler handler);
  ~FaultServer();
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& target = "/") const;
  /// All requests so far, in the order of their arrival.
  std::vector<HttpRequest> requests() const;
  /// Connections accepted so far, also those on which no request came.
  int connections() const { return connections_; }

 private:
  void accept_loop();
  void serve(int fd, int number);

  Handler handler_;
  int port_ = 0;
  int listener_;
  std::atomic<int> connections_ = 0;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::list<int> open_;  // descriptors of the live connections
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

/// How serve_file misbehaves. Positions are offsets in the file; one before the range asked for does nothing.
struct ServeOptions {
  std::string etag = "\"one\"";
  std::string content_type = "video/mp4";
  std::string extra_headers;              ///< complete lines
  bool no_ranges = false;                 ///< ignores Range: always 200 from byte 0
  bool chunked = false;                   ///< no Content-Length, chunks and a terminator
  bool close_delimited = false;           ///< no Content-Length, the end is the closed connection
  std::optional<std::uint64_t> cut_at;    ///< closes orderly before this byte
  std::optional<std::uint64_t> reset_at;  ///< resets the connection before this byte
  std::optional<std::uint64_t> stall_at;  ///< sends nothing more from this byte on
  Gate* gate = nullptr;                   ///< withholds the bytes from `gate_at` on until it opens
  std::uint64_t gate_at = 0;
};

/// Answers a GET or HEAD for `bytes` as a good server would (200, 206, 416, ETag, Accept-Ranges), but for
/// what `options` say.
void serve_file(Connection& connection, const HttpRequest& request, std::string_view bytes,
                const ServeOptions& options = {});

/// `size` bytes without a pattern that repeats, so that no shifted piece looks right.
std::string noise(std::size_t size, unsigned seed = 1);

}  // namespace avstage::test
