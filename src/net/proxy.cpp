#include "net/proxy.h"

#include <curl/curl.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstdlib>
#include <memory>

namespace avstage::net {
namespace {

std::string environment_proxy() {
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
  return text;
}

}  // namespace

std::string spell_endpoint(const sockaddr* address, unsigned length) {
  char host[NI_MAXHOST], port[NI_MAXSERV];
  int flags = NI_NUMERICHOST | NI_NUMERICSERV;
  if (::getnameinfo(address, length, host, sizeof host, port, sizeof port, flags) != 0) return "";
  return std::string(host) + " " + port;
}

std::set<std::string> proxy_endpoints() {
  const std::string proxy = environment_proxy();
  if (proxy.empty()) return {};
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME;
  if (curl_url_set(url.get(), CURLUPART_URL, proxy.c_str(), flags) != CURLUE_OK) return {};
  std::string host = part_of(url.get(), CURLUPART_HOST), port = part_of(url.get(), CURLUPART_PORT);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  // libcurl's own defaults for a proxy without a port.
  if (port.empty()) port = part_of(url.get(), CURLUPART_SCHEME) == "https" ? "443" : "1080";
  addrinfo hints{}, *list = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) return {};
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
  std::set<std::string> out;
  for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
    out.insert(spell_endpoint(a->ai_addr, a->ai_addrlen));
  }
  return out;
}

}  // namespace avstage::net
