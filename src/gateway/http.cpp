#include "gateway/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace avstage::gateway {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Cuts the first line off `rest`.
std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

void take_header(Request& request, std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = lower(line.substr(0, colon));
  const std::string value(trimmed(line.substr(colon + 1)));
  if (name == "host") request.host = value;
  if (name == "range") request.range = value;
  if (name == "if-range") request.if_range = value;
  if (name == "connection" && lower(value) == "close") request.keep_alive = false;
  if (name == "connection" && lower(value) == "keep-alive") request.keep_alive = true;
}

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 416:
      return "Range Not Satisfiable";
    case 431:
      return "Request Header Fields Too Large";
    case 504:
      return "Gateway Timeout";
    default:
      return "Bad Gateway";
  }
}

}  // namespace

std::size_t end_of_head(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? end : end + 4;
}

std::optional<Request> parse_request(std::string_view head) {
  Request request;
  std::string_view line = next_line(head);
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  std::string_view target = line.substr(first + 1, last - first - 1), version = line.substr(last + 1);
  if (!version.starts_with("HTTP/1.") || !target.starts_with('/')) return std::nullopt;
  request.method = line.substr(0, first);
  request.path = target.substr(0, target.find_first_of("?#"));
  request.keep_alive = version != "HTTP/1.0";
  while (!head.empty()) take_header(request, next_line(head));
  return request;
}

std::optional<RangeAnswer> parse_range(std::string_view header, std::uint64_t size) {
  if (!lower(header).starts_with("bytes=")) return std::nullopt;
  header = trimmed(header.substr(6));
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return std::nullopt;
  std::string_view from = header.substr(0, dash), to = header.substr(dash + 1);
  std::optional<std::uint64_t> first = number(from), last = number(to);
  if ((!from.empty() && !first) || (!to.empty() && !last) || (from.empty() && to.empty()))
    return std::nullopt;
  if (from.empty()) {
    const std::uint64_t length = std::min(*last, size);
    return RangeAnswer{length > 0, {size - length, size}};
  }
  if (last && *last < *first) return std::nullopt;
  if (*first >= size) return RangeAnswer{false, {}};
  return RangeAnswer{true, {*first, last && *last < size ? *last + 1 : size}};
}

bool is_loopback_host(std::string_view host) {
  std::string name = lower(host);
  if (const std::size_t colon = name.rfind(':'); colon != std::string::npos && !name.ends_with(']')) {
    name.resize(colon);
  }
  return name == "127.0.0.1" || name == "localhost" || name == "[::1]";
}

std::string status_line(int status) {
  return fmt::format("HTTP/1.1 {} {}\r\n", status, reason(status));
}

std::string plain_answer(int status, std::string_view text, bool keep_alive, std::string_view headers) {
  return fmt::format(
      "{}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: {}\r\n{}\r\n{}\n",
      status_line(status), text.size() + 1, keep_alive ? "keep-alive" : "close", headers, text);
}

}  // namespace avstage::gateway
