#pragma once

#include <httplib.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sandbox/api_error.h"
#include "sandbox/director.h"
#include "sandbox/http_server.h"
#include "sandbox/notebook.h"
#include "sandbox/orders.h"
#include "sandbox/side_files.h"
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
  /// Keeps the video and has its clip made. The account of the key "trial" has no credit. Throws ApiError 429
  /// for a v3 order beyond the account's concurrency.
  Video create(const Order& order, Dialect dialect, const std::string& idempotency_key,
               const httplib::Request& request, const std::string& callback_url = "");
  /// waiting, pending, processing, completed, failed or a scripted word.
  std::string status_of(const Video& video) { return status(video, false); }
  /// The same for a status call, which may move a script on.
  std::string status_for_call(const Video& video) { return status(video, true); }
  /// The video of that id and dialect. Throws ApiError 404.
  Video find(const std::string& id, Dialect dialect) const;
  /// A page of the list of a dialect, newest first, at most limit + 1 videos.
  std::vector<Video> list(Dialect dialect, const struct Page& page, const std::string& title) const;
  void remove(const Video& video);
  /// Signed anew with every call. `ending` is that of a side file; "": the video itself.
  std::string video_url(const Video& video, const std::string& ending = "") const;
  /// The path of a video's file, as it stands in its URL.
  std::string file_path(const Video& video, const std::string& ending = "") const;

  void count(const std::string& kind);
  std::map<std::string, int> counts() const;

  const std::string& base_url() const { return base_url_; }
  void set_base_url(const std::string& url) { base_url_ = url; }

  Store store;
  Workshop workshop;
  SideFiles side_files;
  const Signer signer;
  Director director;
  Notebook endpoints;  ///< webhook endpoints, as v1 answers them
  Notebook events;     ///< what webhooks were or are to be told of
  Notebook batches;
  Notebook replays;  ///< answers that a key gets again: of v3's POSTs that order nothing
  std::atomic<int> keys_on_cdn{0};

 private:
  std::string status(const Video& video, bool call);
  std::string natural_status(const Video& video) const;
  bool is_over(const Video& video);
  int active();
  void admit_queued();

  Options options_;
  std::string base_url_;
  std::mutex admission_;  ///< held from counting the jobs to adding one
  mutable std::mutex counts_mutex_;
  std::map<std::string, int> counts_;
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
/// {"data", "has_more", "next_token"}: a page of a v3 list that is an array, in its order.
nlohmann::json page_of(const httplib::Request& request, const nlohmann::json& items,
                       std::size_t default_limit);
void answer_page(const httplib::Request& request, httplib::Response& response, const nlohmann::json& items);
/// "2026-11-25T22:15:00"
std::string iso_time(std::int64_t unix_ms);
/// The callback_url of an order: an https URL, or one with http on loopback; "" without one. Throws ApiError.
std::string read_callback_url(const nlohmann::json& body);

/// The parsed body of a request. Throws ApiError.
nlohmann::json parse_body(const std::string& body);
void answer(httplib::Response& response, int status, const nlohmann::json& body);
/// The envelope is the error's or that of the path's generation: /v1, /v2 or else /v3.
void answer_error(const httplib::Request& request, httplib::Response& response, const ApiError& error);

/// The life of an idempotency key.
inline constexpr std::int64_t kReplayMs = 24LL * 3600 * 1000;
/// The path and its Idempotency-Key, which is that path's alone; "" without one. Throws ApiError.
std::string replay_key(const httplib::Request& request);

/// Carries out a create request: the good answer. `key`: of replay_key(). Throws ApiError.
using Creation = std::function<nlohmann::json(const std::string& key, const httplib::Request& request,
                                              const nlohmann::json& body)>;
/// POST of that path: counted, spoiled as the script or the header says, one at a time for a key.
void serve_orders(httplib::Server& server, Service& service, const std::string& path, Dialect dialect,
                  bool idempotent, const Creation& creation);

/// A way to order a video.
struct CreatePath {
  std::string path;
  Dialect dialect;
  Order (*read)(const nlohmann::json& body);
  nlohmann::json (*answer)(const Video& video);
  bool idempotent = false;  ///< the Idempotency-Key header is honoured
};
void serve_create(httplib::Server& server, Service& service, const CreatePath& path);

/// What the status calls of both generations tell of a video.
struct Told {
  std::string status;
  bool completed = false, failed = false;
  bool with_url = false;
  nlohmann::json failure_code;  ///< null: no error
  std::string failure_message, failure_detail;
};
Told tell(Service& service, const Video& video);
Told tell(Service& service, const Video& video, const std::string& status);
/// {"code", "message"} as v3 tells them.
nlohmann::json v3_failure(const Told& told);
/// A batch with all its items. `call`: a status call asks.
nlohmann::json tell_batch(Service& service, const nlohmann::json& batch, bool call);
/// A status call: counted, and spoiled as the script or the header says. `write` writes the good answer.
void answer_poll(Service& service, const httplib::Request& request, httplib::Response& response,
                 const Video& video, const std::function<void(const Told&)>& write);

void serve_v2(httplib::Server& server, Service& service);
void serve_v3(httplib::Server& server, Service& service);
/// v3's batches and bulk statuses; before serve_v3(), whose paths are wider.
void serve_bulk(httplib::Server& server, Service& service);
/// GET and HEAD of finished videos, on the connection itself.
RawHandler file_handler(Service& service);
/// What no vendor has: /__sandbox/charges and /__sandbox/state.
class Courier;
void serve_state(httplib::Server& server, Service& service, const Courier& courier);
/// Avatars, voices and credit, in both dialects.
void serve_catalog(httplib::Server& server, Service& service);

/// A handler for authenticated requests; an ApiError it throws is answered. Sunset is its business too.
httplib::Server::Handler guarded(Service& service, httplib::Server::Handler handler);
/// What guarded() does around a handler. False: the handler did not run.
void conduct(Service& service, const httplib::Request& request, httplib::Response& response,
             const std::function<void()>& handler);

}  // namespace avstage::sandbox
