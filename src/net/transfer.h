#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <optional>
#include <set>
#include <string>

#include "net/client.h"

struct curl_slist;
struct curl_sockaddr;

namespace avstage::net {

/// Who is trusted with what: api carries the key, follows no redirect and may talk to any address; media
/// follows redirects, carries nothing secret and stays off private addresses. Connections are not shared.
enum class Zone { api, media };

struct TransferSpec {
  std::uint64_t id = 0;
  Zone zone = Zone::api;
  Request request;
  std::string range;   ///< "5-9", or "" for the whole resource
  bool fresh = false;  ///< on a new connection
};

/// Throws Error{usage} unless `url` is https (or http where allowed), without a user name in it.
void require_allowed_url(const std::string& url, bool allow_http);

/// One request on its way: a CURL handle and all that must live as long as it. Net thread only.
/// The header keeps libcurl's types out: `CURL` and `CURLSH` are void, a `CURLcode` is an int.
class Transfer {
 public:
  /// `proxy`: the endpoints that a media transfer may connect to although they are private.
  Transfer(TransferSpec spec, const Client::Options& options, void* share, const std::set<std::string>& proxy,
           TransferHandler& handler);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  std::uint64_t id() const { return spec_.id; }
  void* curl() const { return curl_; }
  /// Tells the handler how it ended, libcurl having answered `code`.
  void finish(int code) noexcept;
  /// Tells the handler that it was cancelled.
  void interrupt() noexcept;

 private:
  void set_up(const Client::Options& options, void* share);
  void set_up_api();
  void set_up_media(const Client::Options& options);
  void add_header(const std::string& line);

  void take_header_line(std::string_view line);
  bool take_body(const char* data, std::size_t size);
  bool end_of_head();
  std::exception_ptr result(int code) const;
  bool provably_unsent(int code) const;

  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self) noexcept;
  static int open_public_socket(void* self, int purpose, curl_sockaddr* address) noexcept;

  TransferSpec spec_;
  const std::set<std::string>& proxy_;
  TransferHandler& handler_;
  void* curl_;
  curl_slist* headers_ = nullptr;
  std::array<char, 256> error_text_{};

  Response head_;
  bool head_over_ = false;       ///< the final answer's head was handed on; what follows are trailers
  bool stopped_ = false;         ///< the handler wants no more
  std::string private_address_;  ///< a socket to it was refused
  std::exception_ptr failure_;   ///< why we ended it ourselves
};

}  // namespace avstage::net
