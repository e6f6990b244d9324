#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "net/client.h"

namespace avstage::net {

std::string library_version() {
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  return std::string("libcurl ") + info->version + " (" + (info->ssl_version ? info->ssl_version : "no TLS") + ")";
}

std::string Response::header(std::string_view name) const {
  auto it = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  return it == headers.end() ? "" : it->second;
}

std::optional<std::int64_t> Response::retry_after(std::int64_t now_unix) const {
  const std::string text = header("retry-after");
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size()) {
    return seconds < 0 ? std::nullopt : std::optional(seconds);
  }
  // curl_getdate guesses at anything with a digit in it; an HTTP date always names its zone.
  if (!text.ends_with("GMT")) return std::nullopt;
  std::time_t date = curl_getdate(text.c_str(), nullptr);
  if (date == -1) return std::nullopt;
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(date) - now_unix);
}

}  // namespace avstage::net
