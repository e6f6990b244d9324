#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "net/client.h"

namespace avstage::net {

std::string library_version() {
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  return std::string("libcurl ") + info->version + " (" + (info->ssl_version ? info->ssl_version : "no TLS") +
         ")";
}

std::string Response::header(std::string_view name) const {
  auto it = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  return it == headers.end() ? "" : it->second;
}

namespace {

constexpr std::int64_t kLongestWait = 366 * 24 * 3600;  // so that nobody's sum of times overflows

}  // namespace

std::optional<std::int64_t> Response::retry_after(std::int64_t now_unix) const {
  const std::string text = header("retry-after");
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size()) {
    return seconds < 0 ? std::nullopt : std::optional(std::min(seconds, kLongestWait));
  }
  // curl_getdate guesses at anything with a digit in it; an HTTP date always names its zone.
  if (!text.ends_with("GMT")) return std::nullopt;
  std::time_t date = curl_getdate(text.c_str(), nullptr);
  if (date == -1) return std::nullopt;
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(date) - now_unix, 0, kLongestWait);
}

}  // namespace avstage::net
