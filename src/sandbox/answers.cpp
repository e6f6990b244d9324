#include <fmt/format.h>

#include <cmath>

#include "sandbox/service.h"

/// How requests are guarded and answers are written, in every shape the vendor's clients have met.
namespace avstage::sandbox {
using nlohmann::json;
namespace {

bool begins(const std::string& path, const char* start) {
  return path.rfind(start, 0) == 0;
}

std::string envelope_of(const std::string& path) {
  return begins(path, "/v1/") ? "E2" : begins(path, "/v2/") ? "E1" : "E5";
}

json error_body(const ApiError& error, const std::string& envelope) {
  if (envelope == "E2") return {{"code", error.number}, {"message", error.message}, {"data", nullptr}};
  if (envelope == "E3") return {{"error", error.message}};
  if (envelope == "E4") {
    return {{"error", {{"code", error.number}, {"message", error.message}, {"detail", error.message}}}};
  }
  if (envelope == "E5") {
    json param = error.param.empty() ? json() : json(error.param);
    return {{"error",
             {{"code", error.code}, {"message", error.message}, {"param", param}, {"doc_url", nullptr}}}};
  }
  if (envelope == "E8") {
    return {{"data", nullptr},
            {"error", {{"code", "invalid_parameter"}, {"message", "voice_id is invalid: is required"}}}};
  }
  return {{"data", nullptr}, {"error", {{"code", error.code}, {"message", error.message}}}};
}

constexpr const char* kWarning =
    "Legacy API: this endpoint is deprecated and will be removed on 2026-10-31. Use POST /v3/videos.";

void warn_of_sunset(httplib::Response& response) {
  response.set_header("Deprecation", "true");
  response.set_header("Sunset", "Sat, 31 Oct 2026 00:00:00 GMT");
  json body = json::parse(response.body, nullptr, false);
  if (!body.is_object()) return;
  body["warning"] = {{"message", kWarning},
                     {"v3_endpoint", "POST /v3/videos"},
                     {"docs_url", "https://developers.heygen.com/endpoint-version-comparison"},
                     {"sunset_date", "2026-10-31"}};
  answer(response, response.status < 0 ? 200 : response.status, body);
}

}  // namespace

json parse_body(const std::string& body) {
  constexpr std::size_t kMost = std::size_t(4) << 20;  // uploads alone are larger
  if (body.size() > kMost) throw ApiError{413, "payload_too_large", "the request body is larger than 4 MiB"};
  try {
    return json::parse(body);
  } catch (const json::parse_error& e) {
    throw ApiError{400, "invalid_parameter", fmt::format("the request body is not JSON: byte {}", e.byte)};
  }
}

void answer(httplib::Response& response, int status, const json& body) {
  response.status = status;
  response.set_content(body.dump(-1, ' ', false, json::error_handler_t::replace), "application/json");
}

void answer_error(const httplib::Request& request, httplib::Response& response, const ApiError& error) {
  std::string envelope = error.envelope.empty() ? envelope_of(request.path) : error.envelope;
  if (error.retry_after > 0) {
    response.set_header("Retry-After", fmt::format("{}", std::ceil(error.retry_after)));
  }
  if (envelope == "E7") {
    response.status = error.status;
    return response.set_content(
        fmt::format("<html><head><title>{0} {1}</title></head><body><h1>{0} {1}</h1></body></html>\n",
                    error.status, error.message),
        "text/html");
  }
  answer(response, envelope == "E6" ? 200 : error.status, error_body(error, envelope));
}

void conduct(Service& service, const httplib::Request& request, httplib::Response& response,
             const std::function<void()>& handler) {
  bool legacy = begins(request.path, "/v1/") || begins(request.path, "/v2/");
  std::string sunset;
  try {
    if (legacy) sunset = service.director.of_request(request.get_header_value("X-Sandbox-Fault")).sunset;
    if (begins(sunset, "gone")) {
      throw ApiError{sunset == "gone" ? 410 : 404, sunset == "gone" ? "gone" : "not_found",
                     "This endpoint was removed on 2026-10-31. Use POST /v3/videos."};
    }
    service.authenticate(request);
    handler();
  } catch (const ApiError& error) {
    if (response.status != 413) answer_error(request, response, error);
  }
  if (sunset == "warn") warn_of_sunset(response);
}

httplib::Server::Handler guarded(Service& service, httplib::Server::Handler handler) {
  return
      [&service, handler = std::move(handler)](const httplib::Request& request, httplib::Response& response) {
        conduct(service, request, response, [&] { handler(request, response); });
      };
}

}  // namespace avstage::sandbox
