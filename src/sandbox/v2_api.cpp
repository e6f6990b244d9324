#include "sandbox/service.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

/// v1's numbers: the status calls of this generation answer with them.
constexpr int kSuccess = 100;
constexpr int kBadQuery = 40012;
constexpr int kBadVideoId = 40031;

json error_of(const Video& video) {
  if (video.unpaid) {
    return {{"code", kUnpaid}, {"message", "Insufficient credit. This is the watermarked version."}};
  }
  if (video.state != Video::State::failed) return nullptr;
  return {{"code", video.error_code}, {"message", video.error_message}, {"detail", video.error_detail}};
}

json status_data(const Service& service, const Video& video) {
  std::string status = service.status_of(video);
  bool completed = status == "completed", over = completed || status == "failed";
  return {{"id", video.id},
          {"status", status},
          {"callback_id", video.callback_id.empty() ? json() : json(video.callback_id)},
          {"caption_url", nullptr},
          {"created_at", video.created_ms / 1000},
          {"duration", completed ? json(video.duration) : json()},
          {"error", over ? error_of(video) : json()},
          {"gif_url", nullptr},
          {"thumbnail_url", nullptr},
          {"video_url", completed ? json(service.video_url(video)) : json()},
          {"video_url_caption", nullptr}};
}

void get_status(const Service& service, const httplib::Request& request, httplib::Response& response) {
  if (!request.has_param("video_id")) {
    throw ApiError{400, "invalid_parameter", "video_id is invalid: is required", "video_id", kBadQuery};
  }
  auto video = service.store.find(request.get_param_value("video_id"));
  if (!video || video->dialect != Dialect::v2) {
    throw ApiError{404, "not_found", "Video not found", "video_id", kBadVideoId};
  }
  answer(response, 200, {{"code", kSuccess}, {"message", "Success"}, {"data", status_data(service, *video)}});
}

void get_list(const Service& service, const httplib::Request& request, httplib::Response& response) {
  Page page = read_page(request, 100);
  auto videos = service.store.list(Dialect::v2, page.limit + 1, page.before, "");
  json token;
  if (videos.size() > page.limit) {
    videos.pop_back();
    token = page_token(videos.back());
  }
  json items = json::array();
  for (const Video& video : videos) {
    items.push_back({{"video_id", video.id},
                     {"video_title", video.title},
                     {"status", service.status_of(video)},
                     {"created_at", video.created_ms / 1000},
                     {"type", "GENERATED"}});
  }
  json data = {{"token", token}, {"videos", std::move(items)}};
  answer(response, 200, {{"code", kSuccess}, {"message", "Success"}, {"data", std::move(data)}});
}

}  // namespace

void serve_v2(httplib::Server& server, Service& service) {
  server.Post("/v2/video/generate",
              guarded(service, [&service](const httplib::Request& request, httplib::Response& response) {
                Order order = read_v2_order(parse_body(request.body));
                Video video = service.create(order, Dialect::v2, "", request);
                answer(response, 200, {{"error", nullptr}, {"data", {{"video_id", video.id}}}});
              }));
  server.Post(R"(/v2/template/([^/]+)/generate)",
              guarded(service, [&service](const auto& request, auto& response) {
                Order order = read_template_order(parse_body(request.body));
                Video video = service.create(order, Dialect::v2, "", request);
                answer(response, 200, {{"error", nullptr}, {"data", {{"video_id", video.id}}}});
              }));
  server.Get(R"(/v1/video_status\.get)", guarded(service, [&service](const auto& request, auto& response) {
               get_status(service, request, response);
             }));
  server.Get(R"(/v1/video\.list)", guarded(service, [&service](const auto& request, auto& response) {
               get_list(service, request, response);
             }));
}

}  // namespace avstage::sandbox
