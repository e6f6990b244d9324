#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The little of HTTP/1.1 that serving files takes. Pure.
namespace avstage::gateway {

struct Request {
  std::string method, path;  ///< the path without its query
  std::string host, range, if_range;
  bool keep_alive = true;
};

inline constexpr std::size_t kMaxHead = 16 << 10;

/// The request whose head ends `length` bytes into `bytes`; nullopt when it cannot be read.
std::optional<Request> parse_request(std::string_view head);
/// Where the head of the first request ends; npos: not there yet.
std::size_t end_of_head(std::string_view bytes);

struct ByteRange {
  std::uint64_t begin = 0, end = 0;  ///< half-open
};
/// Which bytes of `size` a Range header asks for. `satisfiable` is false where there are none such. nullopt:
/// the whole (no header, another unit, several ranges, nonsense: all of them may be ignored).
struct RangeAnswer {
  bool satisfiable = true;
  ByteRange bytes;
};
std::optional<RangeAnswer> parse_range(std::string_view header, std::uint64_t size);

/// "127.0.0.1", "localhost" or "[::1]", with or without a port: a name that somebody points at loopback in
/// the DNS is none of ours.
bool is_loopback_host(std::string_view host);

/// A head with Connection and, unless a body of another length follows, the plain-text body itself.
std::string plain_answer(int status, std::string_view text, bool keep_alive, std::string_view headers = "");
std::string status_line(int status);

}  // namespace avstage::gateway
