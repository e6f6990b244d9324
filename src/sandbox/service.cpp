#include "sandbox/service.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "base/atomic_file.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

constexpr const char* kTrialKey = "trial";
constexpr std::size_t kMaxPage = 100;

const std::string& made(const std::string& folder) {
  make_directories(folder);
  return folder;
}

}  // namespace

Service::Service(const Options& options)
    : store(made(options.folder) + "/videos"),
      workshop(store, options.folder + "/clips", options.index),
      signer(options.folder + "/secret"),
      options_(options) {}

void Service::authenticate(const httplib::Request& request) const {
  std::string key = request.get_header_value("X-Api-Key");
  if (!key.empty() && (options_.key.empty() || key == options_.key)) return;
  throw ApiError{401, "unauthorized", "Unauthorized: the API key is missing or wrong", "", 400112};
}

Video Service::create(const Order& order, Dialect dialect, const std::string& idempotency_key,
                      const httplib::Request& request) {
  Video video;
  video.id = random_hex(16);
  video.dialect = dialect;
  video.title = order.title.empty() ? video.id : order.title;
  video.callback_id = order.callback_id;
  video.idempotency_key = idempotency_key;
  video.test = order.test;
  video.unpaid = !order.test && is_trial(request);
  video.created_ms = unix_milliseconds();
  video.due_ms = video.created_ms + options_.make_time.count();
  video.spec = order.clip;
  video.spec.watermark |= video.unpaid;
  store.add(video);
  workshop.order(video.id);
  return video;
}

std::string Service::status_of(const Video& video) const {
  std::int64_t now = unix_milliseconds();
  if (video.state != Video::State::making && now >= video.due_ms) {
    return video.state == Video::State::completed ? "completed" : "failed";
  }
  bool early = now < video.created_ms + (video.due_ms - video.created_ms) / 3;
  return early || !workshop.started(video.id) ? "pending" : "processing";
}

std::string Service::file_path(const Video& video) const {
  return fmt::format("/files/{}/{}.mp4", signer.folder_name(), video.id);
}

std::string Service::video_url(const Video& video) const {
  std::int64_t expires = system_clock().unix_seconds() + options_.url_ttl.count();
  return base_url_ + signer.sign(file_path(video), expires);
}

bool is_trial(const httplib::Request& request) {
  return request.get_header_value("X-Api-Key") == kTrialKey;
}

Page read_page(const httplib::Request& request, std::size_t default_limit) {
  auto bad = [](const char* name, const std::string& reason) {
    return ApiError{400, "invalid_parameter", fmt::format("{} is invalid: {}", name, reason), name, 40012};
  };
  Page page{default_limit, std::numeric_limits<std::int64_t>::max()};
  if (std::string limit = request.get_param_value("limit"); !limit.empty()) {
    auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), page.limit);
    bool whole = error == std::errc() && end == limit.data() + limit.size();
    if (!whole || page.limit < 1 || page.limit > kMaxPage) throw bad("limit", "must be between 1 and 100");
  }
  if (std::string token = request.get_param_value("token"); !token.empty()) {
    auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), page.before, 16);
    if (error != std::errc() || end != token.data() + token.size() || page.before < 0) {
      throw bad("token", "must be a token of an earlier page");
    }
  }
  return page;
}

std::string page_token(const Video& last) {
  return fmt::format("{:012x}", last.number);
}

json parse_body(const std::string& body) {
  try {
    return json::parse(body);
  } catch (const json::parse_error& e) {
    throw ApiError{400, "invalid_parameter", fmt::format("the request body is not JSON: byte {}", e.byte)};
  }
}

void answer(httplib::Response& response, int status, const json& body) {
  response.status = status;
  response.set_content(body.dump(), "application/json");
}

void answer_error(const httplib::Request& request, httplib::Response& response, const ApiError& error) {
  if (request.path.rfind("/v1/", 0) == 0) {
    return answer(response, error.status,
                  {{"code", error.number}, {"message", error.message}, {"data", nullptr}});
  }
  json details = {{"code", error.code}, {"message", error.message}};
  if (request.path.rfind("/v2/", 0) == 0) {
    return answer(response, error.status, {{"data", nullptr}, {"error", std::move(details)}});
  }
  details["param"] = error.param.empty() ? json() : json(error.param);
  details["doc_url"] = nullptr;
  answer(response, error.status, {{"error", std::move(details)}});
}

httplib::Server::Handler guarded(Service& service, httplib::Server::Handler handler) {
  return
      [&service, handler = std::move(handler)](const httplib::Request& request, httplib::Response& response) {
        try {
          service.authenticate(request);
          handler(request, response);
        } catch (const ApiError& error) {
          answer_error(request, response, error);
        }
      };
}

}  // namespace avstage::sandbox
