#include <utility>

#include "sandbox/service.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

json v3_created(const Video& video) {
  return {
      {"data", {{"video_id", video.id}, {"status", "waiting"}, {"output_format", container_of(video.spec)}}}};
}

json created_from_template(const Video& video) {
  return {{"data", {{"id", video.id}, {"status", "waiting"}, {"title", video.title}}}};
}

json video_json(const Service& service, const Video& video, const Told& told) {
  json out = {{"id", video.id},
              {"status", told.status},
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
  if (told.with_url) out["video_url"] = service.video_url(video);
  if (told.completed) {
    if (video.caption) out["subtitle_url"] = service.video_url(video, "srt");
    out["thumbnail_url"] = service.video_url(video, "jpeg");
    out["gif_url"] = service.video_url(video, "gif");
    out["duration"] = video.duration;
    out["completed_at"] = video.finished_ms / 1000;
  }
  if (!told.failure_code.is_null()) out["failure_code"] = v3_failure(told)["code"];
  if (told.failed) out["failure_message"] = v3_failure(told)["message"];
  return out;
}

void get_video(Service& service, const httplib::Request& request, httplib::Response& response) {
  Video video = service.find(request.matches[1], Dialect::v3);
  answer_poll(service, request, response, video, [&](const Told& told) {
    answer(response, 200, {{"data", video_json(service, video, told)}});
  });
}

void get_list(Service& service, const httplib::Request& request, httplib::Response& response) {
  service.count("lists");
  Page page = read_page(request, 10);
  auto videos = service.list(Dialect::v3, page, request.get_param_value("title"));
  bool more = videos.size() > page.limit;
  if (more) videos.pop_back();
  json items = json::array();
  for (const Video& video : videos) items.push_back(video_json(service, video, tell(service, video)));
  json token = more ? json(page_token(videos.back())) : json();
  answer(response, 200, {{"data", std::move(items)}, {"has_more", more}, {"next_token", token}});
}

void delete_v3(Service& service, const httplib::Request& request, httplib::Response& response) {
  service.count("deletes");
  Video video = service.find(request.matches[1], Dialect::v3);
  service.remove(video);
  answer(response, 200, {{"data", {{"deleted", true}, {"id", video.id}}}});
}

}  // namespace

json v3_failure(const Told& told) {
  const json& code = told.failure_code;
  bool detail = !told.failure_detail.empty();
  return {{"code", code.is_string() ? code : json(code.dump())},
          {"message", detail ? told.failure_message + ": " + told.failure_detail : told.failure_message}};
}

void serve_v3(httplib::Server& server, Service& service) {
  serve_create(server, service, {"/v3/videos", Dialect::v3, read_v3_order, v3_created, true});
  serve_create(server, service,
               {"/v3/templates/([^/]+)", Dialect::v3, read_template_order, created_from_template, true});
  server.Get("/v3/videos", guarded(service, [&service](const auto& request, auto& response) {
               get_list(service, request, response);
             }));
  server.Get(R"(/v3/videos/([^/]+))", guarded(service, [&service](const auto& request, auto& response) {
               get_video(service, request, response);
             }));
  server.Delete(R"(/v3/videos/([^/]+))", guarded(service, [&service](const auto& request, auto& response) {
                  delete_v3(service, request, response);
                }));
}

}  // namespace avstage::sandbox
