#include "sandbox/service.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

/// v1's numbers: the status calls of this generation answer with them.
constexpr int kV1Success = 100;
constexpr int kBadQuery = 40012;

json v2_created(const Video& video) {
  return {{"error", nullptr}, {"data", {{"video_id", video.id}}}};
}

json v1_answer(json data) {
  return {{"code", kV1Success}, {"message", "Success"}, {"data", std::move(data)}};
}

json error_of(const Told& told) {
  if (told.failure_code.is_null()) return nullptr;
  json error = {{"code", told.failure_code}, {"message", told.failure_message}};
  if (!told.failure_detail.empty()) error["detail"] = told.failure_detail;
  return error;
}

json status_data(const Service& service, const Video& video, const Told& told) {
  auto side = [&](const char* ending) {
    return told.completed ? json(service.video_url(video, ending)) : json();
  };
  return {{"id", video.id},
          {"status", told.status},
          {"callback_id", video.callback_id.empty() ? json() : json(video.callback_id)},
          {"caption_url", video.caption ? side("ass") : json()},
          {"created_at", video.created_ms / 1000},
          {"duration", told.completed ? json(video.duration) : json()},
          {"error", error_of(told)},
          {"gif_url", side("gif")},
          {"thumbnail_url", side("jpeg")},
          {"video_url", told.with_url ? json(service.video_url(video)) : json()},
          {"video_url_caption", nullptr}};
}

std::string id_in_query(const httplib::Request& request) {
  if (request.has_param("video_id")) return request.get_param_value("video_id");
  throw ApiError{400, "invalid_parameter", "video_id is invalid: is required", "video_id", kBadQuery};
}

void get_status(Service& service, const httplib::Request& request, httplib::Response& response) {
  Video video = service.find(id_in_query(request), Dialect::v2);
  answer_poll(service, request, response, video,
              [&](const Told& told) { answer(response, 200, v1_answer(status_data(service, video, told))); });
}

json list_data(Service& service, const httplib::Request& request) {
  service.count("lists");
  Page page = read_page(request, 100);
  auto videos = service.list(Dialect::v2, page, "");
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
  return {{"token", token}, {"videos", std::move(items)}};
}

void delete_v2(Service& service, const std::string& id) {
  service.count("deletes");
  service.remove(service.find(id, Dialect::v2));
}

/// v3's words of an avatar video, in v2's envelope.
Order read_flat_order(const json& body) {
  json with_type = body;
  if (with_type.is_object() && !with_type.contains("type")) with_type["type"] = "avatar";
  return read_v3_order(with_type);
}

/// The short-lived generation between the two.
void serve_flat(httplib::Server& server, Service& service) {
  serve_create(server, service, {"/v2/videos", Dialect::v2, read_flat_order, v2_created});
  auto enveloped = [](json data) { return json{{"error", nullptr}, {"data", std::move(data)}}; };
  server.Get("/v2/videos",
             guarded(service, [&service, enveloped](const httplib::Request& request, auto& response) {
               answer(response, 200, enveloped(list_data(service, request)));
             }));
  server.Get(R"(/v2/videos/([^/]+))", guarded(service, [&service, enveloped](const httplib::Request& request,
                                                                             httplib::Response& response) {
               Video video = service.find(request.matches[1], Dialect::v2);
               answer_poll(service, request, response, video, [&](const Told& told) {
                 answer(response, 200, enveloped(status_data(service, video, told)));
               });
             }));
  server.Delete(R"(/v2/videos/([^/]+))",
                guarded(service, [&service, enveloped](const auto& request, auto& response) {
                  delete_v2(service, request.matches[1]);
                  answer(response, 200, enveloped({{"deleted", true}, {"id", request.matches[1]}}));
                }));
}

}  // namespace

void serve_v2(httplib::Server& server, Service& service) {
  serve_create(server, service, {"/v2/video/generate", Dialect::v2, read_v2_order, v2_created});
  serve_create(server, service, {R"(/v1/video\.webm)", Dialect::v2, read_v1_webm_order, v2_created});
  serve_create(server, service,
               {R"(/v2/template/([^/]+)/generate)", Dialect::v2, read_template_order, v2_created});
  server.Get(R"(/v1/video_status\.get)", guarded(service, [&service](const auto& request, auto& response) {
               get_status(service, request, response);
             }));
  server.Get(R"(/v1/video\.list)", guarded(service, [&service](const auto& request, auto& response) {
               answer(response, 200, v1_answer(list_data(service, request)));
             }));
  server.Delete(R"(/v1/video\.delete)", guarded(service, [&service](const auto& request, auto& response) {
                  delete_v2(service, id_in_query(request));
                  answer(response, 200, v1_answer(nullptr));
                }));
  serve_flat(server, service);
}

}  // namespace avstage::sandbox
