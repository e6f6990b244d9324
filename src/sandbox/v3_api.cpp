#include <set>

#include "sandbox/service.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

constexpr std::int64_t kReplayMs = 24LL * 3600 * 1000;

/// The idempotency keys of create requests that have begun but not ended. Any thread.
class InFlight {
 public:
  /// Holds a key from the request's headers to its answer. An empty key holds nothing.
  class Hold {
   public:
    Hold(InFlight& keys, std::string key) : keys_(keys), key_(std::move(key)) {
      std::lock_guard lock(keys_.mutex_);
      if (key_.empty() || keys_.held_.insert(key_).second) return;
      throw ApiError{409, "request_in_progress", "a request with this Idempotency-Key is still in progress",
                     "Idempotency-Key"};
    }
    ~Hold() {
      std::lock_guard lock(keys_.mutex_);
      keys_.held_.erase(key_);
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    InFlight& keys_;
    std::string key_;
  };

 private:
  std::mutex mutex_;
  std::set<std::string> held_;
};

std::string read_key(const httplib::Request& request) {
  constexpr const char* kHeader = "Idempotency-Key";
  constexpr const char* kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:.-";
  if (!request.has_header(kHeader)) return "";
  std::string key = request.get_header_value(kHeader);
  if (key.empty() || key.size() > 255 || key.find_first_not_of(kAllowed) != std::string::npos) {
    throw ApiError{400, "invalid_parameter",
                   "Idempotency-Key is invalid: must be 1 to 255 characters of A-Z a-z 0-9 _ : . -", kHeader};
  }
  return key;
}

/// Every way to order a video has its body and its answer.
struct CreatePath {
  Order (*read)(const json& body);
  json (*answer)(const Video& video);
};

json created(const Video& video) {
  return {{"data", {{"video_id", video.id}, {"status", "waiting"}, {"output_format", "mp4"}}}};
}

json created_from_template(const Video& video) {
  return {{"data", {{"id", video.id}, {"status", "waiting"}, {"title", video.title}}}};
}

/// Reads the body in any case: what stays unread would be taken for the next request of the connection.
std::string read_body(const httplib::ContentReader& reader) {
  std::string body;
  bool complete = reader([&body](const char* data, std::size_t size) {
    body.append(data, size);
    return true;
  });
  if (!complete) throw ApiError{400, "invalid_parameter", "the request body is incomplete or too large"};
  return body;
}

void create(Service& service, InFlight& in_flight, const CreatePath& path, const httplib::Request& request,
            httplib::Response& response, const httplib::ContentReader& reader) {
  bool read = false;
  try {
    service.authenticate(request);
    std::string key = read_key(request);
    InFlight::Hold hold(in_flight, key);
    read = true;
    std::string body = read_body(reader);
    if (!key.empty()) {
      auto earlier = service.store.find_by_key(key, unix_milliseconds() - kReplayMs);
      if (earlier) return answer(response, 200, path.answer(*earlier));
    }
    Order order = path.read(parse_body(body));
    answer(response, 200, path.answer(service.create(order, Dialect::v3, key, request)));
  } catch (const ApiError& error) {
    if (!read) reader([](const char*, std::size_t) { return true; });
    if (response.status == 413) return;
    answer_error(request, response, error);
  }
}

json video_json(const Service& service, const Video& video) {
  std::string status = service.status_of(video);
  json out = {{"id", video.id},
              {"status", status},
              {"title", video.title},
              {"created_at", video.created_ms / 1000},
              {"video_url", nullptr},
              {"captioned_video_url", nullptr},
              {"subtitle_url", nullptr},
              {"thumbnail_url", nullptr},
              {"gif_url", nullptr},
              {"duration", nullptr},
              {"completed_at", nullptr},
              {"failure_code", nullptr},
              {"failure_message", nullptr}};
  if (!video.callback_id.empty()) out["callback_id"] = video.callback_id;
  if (status == "completed") {
    out["video_url"] = service.video_url(video);
    out["duration"] = video.duration;
    out["completed_at"] = video.finished_ms / 1000;
    if (video.unpaid) out["failure_code"] = kUnpaid;
  } else if (status == "failed") {
    out["failure_code"] = std::to_string(video.error_code);
    out["failure_message"] = video.error_message + ": " + video.error_detail;
  }
  return out;
}

void get_video(const Service& service, const httplib::Request& request, httplib::Response& response) {
  auto video = service.store.find(request.matches[1]);
  if (!video || video->dialect != Dialect::v3) {
    throw ApiError{404, "video_not_found", "Video not found", "video_id"};
  }
  answer(response, 200, {{"data", video_json(service, *video)}});
}

void get_list(const Service& service, const httplib::Request& request, httplib::Response& response) {
  Page page = read_page(request, 10);
  auto videos =
      service.store.list(Dialect::v3, page.limit + 1, page.before, request.get_param_value("title"));
  bool more = videos.size() > page.limit;
  if (more) videos.pop_back();
  json items = json::array();
  for (const Video& video : videos) items.push_back(video_json(service, video));
  json token = more ? json(page_token(videos.back())) : json();
  answer(response, 200, {{"data", std::move(items)}, {"has_more", more}, {"next_token", token}});
}

}  // namespace

void serve_v3(httplib::Server& server, Service& service) {
  auto in_flight = std::make_shared<InFlight>();
  auto serve = [&](const char* where, CreatePath path) {
    server.Post(where,
                [&service, in_flight, path](const httplib::Request& request, httplib::Response& response,
                                            const httplib::ContentReader& reader) {
                  create(service, *in_flight, path, request, response, reader);
                });
  };
  serve("/v3/videos", {read_v3_order, created});
  serve("/v3/templates/([^/]+)", {read_template_order, created_from_template});
  server.Get("/v3/videos", guarded(service, [&service](const auto& request, auto& response) {
               get_list(service, request, response);
             }));
  server.Get(R"(/v3/videos/([^/]+))", guarded(service, [&service](const auto& request, auto& response) {
               get_video(service, request, response);
             }));
}

}  // namespace avstage::sandbox
