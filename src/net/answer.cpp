#include "net/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace avstage::net {
namespace {

[[noreturn]] void refuse(const std::string& message, const char* name) {
  throw Error(ErrorCode::input, message, name);
}

/// A plain decimal number that fits a file offset.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void require_media_type(const std::string& content_type) {
  std::string type = lower(content_type.substr(0, content_type.find(';')));
  type.erase(std::remove(type.begin(), type.end(), ' '), type.end());
  if (type == "text/html" || type == "application/xhtml+xml" || type.ends_with("/json") ||
      type.ends_with("/xml") || type.ends_with("+xml") || type.ends_with("+json")) {
    refuse(fmt::format("the server sent a page of type '{}', not media", type), "not_media");
  }
}

std::optional<std::uint64_t> content_length(const Response& head) {
  const std::string text = head.header("content-length");
  if (text.empty()) return std::nullopt;
  std::optional<std::uint64_t> length = parse_number(text);
  if (!length) refuse(fmt::format("Content-Length '{}' is not a number", text), "bad_answer");
  return length;
}

void judge_whole(const Response& head, Answer& answer) {
  if (!answer.chunked) answer.total = answer.end = content_length(head);
  answer.ranges = lower(head.header("accept-ranges")) == "bytes";
  if (answer.total == 0) refuse("the server sent zero bytes", "empty");
}

void judge_part(const Response& head, const Asked& asked, Answer& answer) {
  const std::string text = head.header("content-range");
  std::optional<ContentRange> range = parse_content_range(text);
  bool right = range && range->total && range->from == asked.from && (!asked.to || range->to <= *asked.to);
  if (!right) {
    answer.kind = Answer::Kind::wrong_range;
    answer.what = fmt::format("asked for bytes from {}, got Content-Range '{}'", asked.from, text);
    return;
  }
  answer.part = true;
  answer.start = range->from;
  answer.end = range->to;
  answer.total = range->total;
  answer.ranges = true;
}

/// 416 says how long the resource is: where we asked from that very byte, it is complete.
void judge_unsatisfiable(const Response& head, const Asked& asked, Answer& answer) {
  const std::string text = head.header("content-range");
  if (text != fmt::format("bytes */{}", asked.from)) {
    throw_changed(fmt::format("asked for bytes from {}, answered 416 '{}'", asked.from, text));
  }
  answer.kind = Answer::Kind::at_end;
  answer.total = asked.from;
}

/// Base64 to lower-case hex; "" for what is no base64.
std::string hex_of_base64(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (char c : text) {
    std::size_t value = alphabet.find(c);
    if (value == std::string_view::npos) return "";
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xffff;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += fmt::format("{:02x}", bits >> have & 0xff);
  }
  return out;
}

/// What stands behind "sha-256=" in a list of sums, without the colons that Repr-Digest puts around it.
std::string_view named_sum(std::string_view list, const std::string& lowered) {
  constexpr std::string_view name = "sha-256=";
  std::size_t at = lowered.find(name);
  if (at == std::string::npos) return {};
  list.remove_prefix(at + name.size());
  list = list.substr(0, list.find_first_of(", ;"));
  if (list.starts_with(':')) list.remove_prefix(1);
  if (list.ends_with(':')) list.remove_suffix(1);
  return list;
}

}  // namespace

std::string offered_sha256(const Response& head) {
  constexpr std::size_t digits = 64;
  std::string sum;
  for (const char* name : {"repr-digest", "digest"}) {
    const std::string list = head.header(name);
    sum = hex_of_base64(named_sum(list, lower(list)));
    if (sum.size() == digits) return sum;
  }
  // S3 gives the sum of a part for a part, and "SUM-N", a sum of sums, for what was uploaded in pieces.
  if (head.status != 200) return "";
  sum = hex_of_base64(head.header("x-amz-checksum-sha256"));
  return sum.size() == digits ? sum : "";
}

void throw_changed(const std::string& how) {
  throw Error(ErrorCode::input, fmt::format("the file changed while downloading ({})", how), "changed");
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view unit = "bytes ";
  std::size_t dash = text.find('-'), slash = text.find('/');
  if (!text.starts_with(unit) || dash == std::string_view::npos || slash == std::string_view::npos ||
      dash > slash) {
    return std::nullopt;
  }
  std::optional<std::uint64_t> first = parse_number(text.substr(unit.size(), dash - unit.size()));
  std::optional<std::uint64_t> last = parse_number(text.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *last < *first) return std::nullopt;
  ContentRange range{*first, *last + 1, std::nullopt};
  std::string_view total = text.substr(slash + 1);
  if (total == "*") return range;
  range.total = parse_number(total);
  if (!range.total || *range.total < range.to) return std::nullopt;
  return range;
}

Answer judge(const Response& head, const Asked& asked, std::int64_t now_unix) {
  Answer answer;
  answer.what = fmt::format("HTTP {}", head.status);
  answer.retry_after = head.retry_after(now_unix);
  answer.etag = head.header("etag");
  answer.last_modified = head.header("last-modified");
  answer.sha256 = offered_sha256(head);
  answer.chunked = lower(head.header("transfer-encoding")).ends_with("chunked");
  switch (head.status) {
    case 200:
      require_media_type(head.header("content-type"));
      judge_whole(head, answer);
      return answer;
    case 206:
      if (!asked.ranged) refuse("answered 206 although no range was asked for", "bad_answer");
      require_media_type(head.header("content-type"));
      judge_part(head, asked, answer);
      return answer;
    case 401:
    case 403:
    case 404:
    case 410:
      answer.kind = Answer::Kind::expired;
      return answer;
    case 416:
      if (!asked.ranged) break;
      judge_unsatisfiable(head, asked, answer);
      return answer;
    case 408:
    case 425:
    case 429:
      answer.kind = Answer::Kind::busy;
      return answer;
    default:
      break;
  }
  if (head.status < 500) refuse(fmt::format("answered {}", answer.what), "http_status");
  answer.kind = Answer::Kind::busy;
  return answer;
}

void Identity::hold(const Answer& answer) {
  auto same = [](std::string& ours, const std::string& theirs, const char* name) {
    if (theirs.empty()) return;
    if (!ours.empty() && ours != theirs) throw_changed(fmt::format("{} {} is now {}", name, ours, theirs));
    ours = theirs;
  };
  same(etag_, answer.etag, "ETag");
  same(last_modified_, answer.last_modified, "Last-Modified");
  same(sha256_, answer.sha256, "SHA-256");
  if (!answer.total) return;
  if (size_ && *size_ != *answer.total) {
    throw_changed(fmt::format("{} bytes are now {}", *size_, *answer.total));
  }
  size_ = answer.total;
}

}  // namespace avstage::net
