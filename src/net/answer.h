#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/client.h"

namespace avstage::net {

/// What was asked of the server: everything, or the bytes [from, to).
struct Asked {
  bool ranged = false;
  std::uint64_t from = 0;
  std::optional<std::uint64_t> to;
};

/// What the head of an answer means for a download.
struct Answer {
  enum class Kind {
    body,         ///< bytes from `start` on follow
    at_end,       ///< 416: the resource ends exactly where we asked from
    expired,      ///< a fresh URL may help
    busy,         ///< the same again later may help
    wrong_range,  ///< 206 with other bytes than those asked for
  };
  Kind kind = Kind::body;
  std::string what;                    ///< for messages: "HTTP 503"
  std::uint64_t start = 0;             ///< offset of the first body byte in the resource
  std::optional<std::uint64_t> end;    ///< offset behind the last body byte, where the head says it
  std::optional<std::uint64_t> total;  ///< size of the whole resource
  bool ranges = false;                 ///< the server can send ranges
  bool part = false;                   ///< 206
  bool chunked = false;                ///< the body's end is marked by a terminator
  std::string etag, last_modified;
  std::string sha256;                       ///< of the whole resource, hexadecimal, where a header offers it
  std::optional<std::int64_t> retry_after;  ///< seconds
};

/// Throws Error{input} for an answer that no repetition can mend: another status, a page instead of media,
/// no bytes at all.
Answer judge(const Response& head, const Asked& asked, std::int64_t now_unix);

struct ContentRange {
  std::uint64_t from = 0, to = 0;  ///< half-open
  std::optional<std::uint64_t> total;
  friend bool operator==(const ContentRange&, const ContentRange&) = default;
};
/// "bytes 5-9/20" and "bytes 5-9/*"; nullopt for everything else, also where it contradicts itself.
std::optional<ContentRange> parse_content_range(std::string_view text);

/// The SHA-256 of the whole resource in `Repr-Digest`, `Digest` or `x-amz-checksum-sha256`, in lower-case
/// hex;
/// "" without one, also where it is no such sum.
std::string offered_sha256(const Response& head);

/// What the answers have said about the resource: the first one sets it, later ones are held to it.
/// Net thread only.
class Identity {
 public:
  /// Throws Error{input} "the file changed while downloading" on a contradiction.
  void hold(const Answer& answer);

 private:
  std::string etag_, last_modified_, sha256_;
  std::optional<std::uint64_t> size_;
};

[[noreturn]] void throw_changed(const std::string& how);

}  // namespace avstage::net
