#pragma once

#include <httplib.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>

#include "sandbox/api_error.h"
#include "sandbox/orders.h"
#include "sandbox/signer.h"
#include "sandbox/store.h"
#include "sandbox/workshop.h"

namespace avstage::sandbox {

/// What both dialects and the file server share. Any thread.
class Service {
 public:
  explicit Service(const Options& options);

  /// Throws ApiError 401.
  void authenticate(const httplib::Request& request) const;
  /// Keeps the video and has its clip made. The account of the key "trial" has no credit.
  Video create(const Order& order, Dialect dialect, const std::string& idempotency_key,
               const httplib::Request& request);
  /// pending, processing, completed or failed.
  std::string status_of(const Video& video) const;
  /// Signed anew with every call.
  std::string video_url(const Video& video) const;
  /// The path of a video's file, as it stands in its URL.
  std::string file_path(const Video& video) const;

  const std::string& base_url() const { return base_url_; }
  void set_base_url(const std::string& url) { base_url_ = url; }

  Store store;
  Workshop workshop;
  const Signer signer;
  std::atomic<int> keys_on_cdn{0};

 private:
  Options options_;
  std::string base_url_;
};

/// The error code of a clip made for an account without credit.
inline constexpr const char* kUnpaid = "MOVIO_PAYMENT_INSUFFICIENT_CREDIT";

/// Whether a request comes from the account without credit.
bool is_trial(const httplib::Request& request);

/// The `limit` and `token` of a list request. Throws ApiError.
struct Page {
  std::size_t limit;
  std::int64_t before;  ///< numbers below this one
};
Page read_page(const httplib::Request& request, std::size_t default_limit);
std::string page_token(const Video& last);

/// The parsed body of a request. Throws ApiError.
nlohmann::json parse_body(const std::string& body);
void answer(httplib::Response& response, int status, const nlohmann::json& body);
/// The envelope is that of the path's generation: /v1, /v2 or else /v3.
void answer_error(const httplib::Request& request, httplib::Response& response, const ApiError& error);

void serve_v2(httplib::Server& server, Service& service);
void serve_v3(httplib::Server& server, Service& service);
void serve_files(httplib::Server& server, Service& service);
/// Avatars, voices and credit, in both dialects.
void serve_catalog(httplib::Server& server, Service& service);

/// A handler for authenticated requests; an ApiError it throws is answered.
httplib::Server::Handler guarded(Service& service, httplib::Server::Handler handler);

}  // namespace avstage::sandbox
