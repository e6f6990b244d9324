#include "net/transfer.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "base/log.h"
#include "net/address.h"
#include "net/proxy.h"

namespace avstage::net {
namespace {

static_assert(CURL_ERROR_SIZE == 256);
constexpr long kMaxRedirects = 5;

template <typename T>
void set(CURL* curl, CURLoption option, T value) {
  CURLcode code = curl_easy_setopt(curl, option, value);
  if (code != CURLE_OK) {
    throw Error(ErrorCode::bug, fmt::format("libcurl refuses option {}: {}", static_cast<int>(option),
                                            curl_easy_strerror(code)));
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

long status_of(std::string_view status_line) {
  std::size_t space = status_line.find(' ');
  long status = 0;
  for (std::size_t i = space + 1; space != std::string_view::npos && i < space + 4 && i < status_line.size();
       ++i) {
    if (std::isdigit(static_cast<unsigned char>(status_line[i])) == 0) return 0;
    status = status * 10 + (status_line[i] - '0');
  }
  return status;
}

std::string spell(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "an address that is not IP";
  const void* raw = address->sa_family == AF_INET6
                        ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr)
                        : &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  inet_ntop(address->sa_family, raw, text, sizeof text);
  return text;
}

}  // namespace

void require_allowed_url(const std::string& url, bool allow_http) {
  auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::usage, log::redact(fmt::format("'{}': {}", url, why)), "unsafe_url");
  };
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
  if (std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= ' ' || c == 127; })) {
    refuse("a URL has no spaces or control characters");
  }
  CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER);
  if (code == CURLUE_USER_NOT_ALLOWED) refuse("a user name in a URL is not allowed");
  char* part = nullptr;
  if (code == CURLUE_OK) code = curl_url_get(parsed.get(), CURLUPART_SCHEME, &part, 0);
  std::unique_ptr<char, decltype(&curl_free)> scheme(part, &curl_free);
  if (code != CURLUE_OK && code != CURLUE_UNSUPPORTED_SCHEME) {
    refuse(fmt::format("not a URL: {}", curl_url_strerror(code)));
  }
  const std::string name = code == CURLUE_OK ? part : "";
  if (name == "http" && !allow_http) refuse("plain http:// is not allowed, https:// is");
  if (name != "https" && name != "http") refuse("only https:// is allowed");
}

Transfer::Transfer(TransferSpec spec, const Client::Options& options, void* share,
                   const std::set<std::string>& proxy, TransferHandler& handler)
    : spec_(std::move(spec)), proxy_(proxy), handler_(handler), curl_(curl_easy_init()) {
  if (curl_ == nullptr) throw Error(ErrorCode::local, "libcurl is out of memory");
  try {
    set_up(options, share);
  } catch (...) {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(curl_);
    throw;
  }
}

Transfer::~Transfer() {
  curl_easy_cleanup(curl_);
  curl_slist_free_all(headers_);
}

void Transfer::set_up(const Client::Options& options, void* share) {
  set(curl_, CURLOPT_ERRORBUFFER, error_text_.data());
  set(curl_, CURLOPT_PRIVATE, this);
  set(curl_, CURLOPT_SHARE, share);
  set(curl_, CURLOPT_NOSIGNAL, 1L);
  set(curl_, CURLOPT_URL, spec_.request.url.c_str());
  const char* protocols = options.allow_http ? "http,https" : "https";
  set(curl_, CURLOPT_PROTOCOLS_STR, protocols);
  set(curl_, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  set(curl_, CURLOPT_USERAGENT, "avstage/" AVSTAGE_VERSION);
  set(curl_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(curl_, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);  // also in a redirect
  if (!options.ca_bundle.empty()) {
    set(curl_, CURLOPT_CAINFO, options.ca_bundle.c_str());
    set(curl_, CURLOPT_PROXY_CAINFO, options.ca_bundle.c_str());
  }
  set(curl_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(curl_, CURLOPT_HEADERDATA, this);
  set(curl_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(curl_, CURLOPT_WRITEDATA, this);
  if (spec_.zone == Zone::api) {
    set_up_api();
  } else {
    set_up_media(options);
  }
  set(curl_, CURLOPT_HTTPHEADER, headers_);
}

void Transfer::set_up_api() {
  const Request& request = spec_.request;
  // Over HTTP/2 libcurl sends a request again by itself, an order too, when its stream is refused
  // (REFUSED_STREAM, HTTP_1_1_REQUIRED), and asks the next question over a connection that has gone silent.
  set(curl_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(curl_, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  if (request.method == "HEAD") {
    set(curl_, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET" || !request.body.empty()) {
    set(curl_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(curl_, CURLOPT_POSTFIELDS, request.body.c_str());
    set(curl_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    add_header("Expect:");
    // libcurl sends a request again by itself when a kept-alive connection turns out to be dead: for a paid
    // POST that may be a second purchase. On a connection of its own it never does.
    set(curl_, CURLOPT_FRESH_CONNECT, 1L);
  }
  for (const auto& [name, value] : request.headers) {
    add_header(value.empty() ? name + ";" : name + ": " + value);
  }
}

void Transfer::set_up_media(const Client::Options& options) {
  set(curl_, CURLOPT_FOLLOWLOCATION, 1L);
  set(curl_, CURLOPT_MAXREDIRS, kMaxRedirects);
  set(curl_, CURLOPT_BUFFERSIZE, 256L << 10);
  if (!spec_.range.empty()) set(curl_, CURLOPT_RANGE, spec_.range.c_str());
  if (spec_.fresh) set(curl_, CURLOPT_FRESH_CONNECT, 1L);
  add_header("Accept-Encoding: identity");
  if (options.allow_http || options.allow_private) return;
  // A proxy looks up the host itself: behind one there is nothing to check but that it is the proxy.
  set(curl_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_public_socket);
  set(curl_, CURLOPT_OPENSOCKETDATA, this);
}

void Transfer::add_header(const std::string& line) {
  if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    throw Error(ErrorCode::usage, fmt::format("header '{}': line breaks are not allowed in a header",
                                              line.substr(0, line.find_first_of(":;"))));
  }
  curl_slist* longer = curl_slist_append(headers_, line.c_str());
  if (longer == nullptr) throw Error(ErrorCode::local, "libcurl is out of memory");
  headers_ = longer;
}

std::size_t Transfer::on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    transfer.take_header_line(std::string_view(data, size));
  } catch (...) {
    transfer.failure_ = std::current_exception();
  }
  return transfer.failure_ || transfer.stopped_ ? 0 : size;
}

void Transfer::take_header_line(std::string_view line) {
  if (head_over_) return;
  if (line.starts_with("HTTP/")) {
    head_ = Response{};
    head_.status = status_of(line);
    return;
  }
  line = trim(line);
  if (line.empty()) {
    stopped_ = !end_of_head();
    return;
  }
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  head_.headers.emplace_back(lower(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
}

bool Transfer::end_of_head() {
  bool media = spec_.zone == Zone::media;
  if (head_.status < 200) return true;
  if (media && head_.status / 100 == 3 && !head_.header("location").empty()) return true;
  head_over_ = true;
  const std::string encoding = lower(head_.header("content-encoding"));
  if (media && head_.status / 100 == 2 && !encoding.empty() && encoding != "identity") {
    throw Error(ErrorCode::input,
                fmt::format("the server sent Content-Encoding '{}', only identity is allowed", encoding),
                "content_encoding");
  }
  return handler_.on_headers(head_);
}

std::size_t Transfer::on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.handler_.on_data(std::as_bytes(std::span(data, size)))) transfer.stopped_ = true;
  return transfer.stopped_ ? 0 : size;
}

int Transfer::open_public_socket(void* self, int, curl_sockaddr* address) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  bool to_proxy = transfer.proxy_.contains(spell_endpoint(&address->addr, address->addrlen));
  if (!to_proxy && !is_public_address(&address->addr)) {
    try {
      transfer.private_address_ = spell(&address->addr);
    } catch (...) {
      transfer.failure_ = std::current_exception();
    }
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void Transfer::finish(int code) noexcept {
  std::exception_ptr error;
  try {
    error = result(code);
  } catch (...) {
    error = std::current_exception();
  }
  handler_.on_done(std::move(error));
}

void Transfer::interrupt() noexcept {
  handler_.on_done(std::make_exception_ptr(Error(ErrorCode::interrupted, "stopped", "interrupted")));
}

std::exception_ptr Transfer::result(int code) const {
  if (failure_) return failure_;
  if (code == CURLE_OK) return nullptr;
  if (stopped_) return std::make_exception_ptr(Error(ErrorCode::interrupted, "ended by its owner", "ended"));
  const std::string where = fmt::format("{} {}", spec_.request.method, spec_.request.url);
  // Whoever wrote the URL is not to blame for where the server leads.
  const bool redirected = head_.status / 100 == 3;
  const ErrorCode refused = redirected ? ErrorCode::input : ErrorCode::usage;
  if (!private_address_.empty() && code == CURLE_COULDNT_CONNECT) {
    return std::make_exception_ptr(
        Error(refused,
              log::redact(fmt::format("{}: {} is not a public address, media may come only from those", where,
                                      private_address_)),
              "private_address"));
  }
  // libcurl gives the same code for an answer that is no HTTP.
  if (code == CURLE_UNSUPPORTED_PROTOCOL && redirected) {
    return std::make_exception_ptr(Error(
        refused, log::redact(where + ": redirected to a URL that is not https://, refused"), "unsafe_url"));
  }
  const char* text =
      error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(static_cast<CURLcode>(code));
  std::string message = log::redact(fmt::format("{}: {} (curl {})", where, text, code));
  return std::make_exception_ptr(
      TransportError(std::move(message), provably_unsent(code), code == CURLE_OPERATION_TIMEDOUT));
}

bool Transfer::provably_unsent(int code) const {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PROXY:
    case CURLE_RECV_ERROR:  // a proxy that refuses CONNECT
      break;
    default:
      return false;
  }
  long request_bytes = 0;
  curl_off_t ready_to_send = 0, handshaken = 0;  // 0: that was never reached
  curl_easy_getinfo(curl_, CURLINFO_REQUEST_SIZE, &request_bytes);
  curl_easy_getinfo(curl_, CURLINFO_PRETRANSFER_TIME_T, &ready_to_send);
  curl_easy_getinfo(curl_, CURLINFO_APPCONNECT_TIME_T, &handshaken);
  // A proxy's CONNECT counts among the request's bytes. What follows it waits for the handshake.
  const bool tls = lower(spec_.request.url).starts_with("https:");
  return ready_to_send == 0 && (request_bytes == 0 || (tls && handshaken == 0));
}

}  // namespace avstage::net
