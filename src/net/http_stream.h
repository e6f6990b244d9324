#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/byte_source.h"
#include "net/client.h"

namespace avstage::net {

struct HttpStreamOptions {
  std::string name;  ///< for messages: "clip 'host' (video 1234)"
  std::string url;   ///< signed; logged without its query
  /// A fresh URL for the same bytes, asked for after 401/403/404/410; called on a thread of the stream, may
  /// block and throw. The stream's end waits for it: it has to return when its owner stops. Empty: such an
  /// answer is final.
  std::function<std::string()> refresh;
  std::string spool_path;  ///< created; holds the bytes, is the buffer and, once complete, the whole file
  std::uint64_t max_bytes = std::uint64_t(8) << 30;  ///< a longer resource is refused, Error{input}
  std::chrono::milliseconds stall{
      20'000};  ///< no new byte for this long: the connection is dropped and resumed
  std::chrono::milliseconds retry_delay{500};  ///< first back-off, doubles with full jitter, capped at 20 s
  int max_tries = 5;                           ///< tries in a row without a new byte
};

/// Bytes of one http(s) resource that arrive in a spool file while any number of readers use them. One
/// request for a clean transfer; resumed by Range at the first missing byte after a drop, with up to 64 KiB
/// before it, which are compared; read again from 0, once and for all, after a wrong answer to a Range;
/// refreshed through `refresh` when the URL has expired; 206, Content-Range, length and validators (ETag,
/// Last-Modified) are checked before a byte reaches a reader, and a SHA-256 that a header offers at the end.
/// A reader that seeks far ahead of what has arrived gets a second request for the tail (index-last mp4), if
/// the server can. All members may be called by any thread.
class HttpStream {
 public:
  static std::shared_ptr<HttpStream> open(Client& client, HttpStreamOptions options);
  virtual ~HttpStream() = default;

  /// A new reader at byte 0, for one thread. It keeps the stream alive. It reports the end only when the
  /// transfer has proven where the end is; a failure of the transfer is thrown as its cause.
  virtual std::unique_ptr<ByteSource> reader() = 0;

  /// For a reader that must not wait: bytes from `at` that are there, 0 when the first has not arrived (or
  /// `at` is the end); throws the cause when it never will. want() makes the stream fetch it as for a reader
  /// that waits, until unwant().
  virtual std::size_t read_arrived(std::uint64_t at, std::span<std::byte> out) const = 0;
  virtual void want(std::uint64_t at) = 0;
  virtual void unwant(std::uint64_t at) noexcept = 0;

  /// Waits until every byte is in the spool, or throws the cause; Error{interrupted} on `stop`. Where only
  /// the closed connection marked the end, Facts::length_proven stays false: the container must prove it.
  virtual void wait_complete(const std::stop_token& stop) = 0;
  virtual bool complete() const = 0;
  /// Ends the transfer; readers throw Error{interrupted}.
  virtual void abort() noexcept = 0;

  struct Facts {
    std::optional<std::uint64_t> size;
    std::uint64_t received = 0;  ///< bytes in the spool
    int requests = 0;
    int refreshes = 0;
    bool length_proven = false;  ///< Content-Length or a chunk terminator said where the end is
  };
  virtual Facts facts() const = 0;
};

/// A ByteSource over a local file; Error{input} when it cannot be opened.
std::unique_ptr<ByteSource> open_file_source(const std::string& path);

}  // namespace avstage::net
