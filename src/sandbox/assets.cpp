#include "sandbox/assets.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "base/sha256.h"
#include "sandbox/fields.h"
#include "sandbox/service.h"

namespace avstage::sandbox {
namespace {

constexpr std::size_t kMaxAsset = std::size_t(32) << 20;
constexpr std::size_t kIdLength = 32;
constexpr std::string_view kTypes[] = {"image/png",  "image/jpeg", "video/mp4",
                                       "video/webm", "audio/mpeg", "audio/wav"};

bool is_id(const std::string& text) {
  return text.size() == kIdLength && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

struct Upload {
  std::string content, type;
};

/// The part "file" of a form. Its boundary is the body's first line.
Upload read_form(const std::string& body) {
  auto bad = [](const std::string& why) {
    return ApiError{400, "invalid_parameter", "file is invalid: " + why, "file"};
  };
  std::size_t line = body.find("\r\n"), head = body.find("\r\n\r\n");
  if (body.rfind("--", 0) != 0 || head == std::string::npos) throw bad("must be a part of a form");
  std::string boundary = "\r\n" + body.substr(0, line);
  std::string headers = body.substr(line, head - line);
  std::size_t end = body.find(boundary, head + 2);
  if (headers.find("name=\"file\"") == std::string::npos || end == std::string::npos) {
    throw bad("the form has no such part");
  }
  constexpr std::string_view kType = "Content-Type: ";
  std::size_t type = headers.find(kType);
  if (type == std::string::npos) throw bad("has no Content-Type");
  type += kType.size();
  std::size_t type_end = std::min(headers.find("\r\n", type), headers.size());
  return {body.substr(head + 4, end - head - 4), headers.substr(type, type_end - type)};
}

/// Keeps the file; answers with its id.
std::string keep(const std::string& folder, const Upload& upload) {
  if (std::find(std::begin(kTypes), std::end(kTypes), upload.type) == std::end(kTypes)) {
    throw ApiError{400, "invalid_parameter", "the type " + upload.type + " is not taken", "file", 40002};
  }
  if (upload.content.empty() || upload.content.size() > kMaxAsset) {
    throw ApiError{upload.content.empty() ? 400 : 413, "payload_too_large",
                   "a file of 1 byte to 32 MiB is taken", "file", 40002};
  }
  std::string id = sha256_hex(upload.content).substr(0, kIdLength);
  make_directories(folder);
  write_file_atomically(folder + "/" + id, upload.content);
  return id;
}

}  // namespace

std::string asset_path(const std::string& clip, const std::string& id) {
  return (std::filesystem::path(clip).parent_path().parent_path() / "assets" / id).string();
}

std::string read_asset_id(const Fields& fields, const char* url, const char* id) {
  std::string given = fields.exactly_one({url, id});
  std::string text = fields.text(given.c_str());
  std::string found = given == id ? text : text.substr(text.rfind('/') + 1);
  bool own = given == id || text.find("/assets/") != std::string::npos;
  if (!is_id(found) || !own) {
    fields.refuse(given.c_str(),
                  "the sandbox fetches nothing: upload the file, and name its id or its URL here");
  }
  return found;
}

void serve_assets(httplib::Server& server, Service& service, const std::string& folder) {
  auto url_of = [&service](const std::string& id) { return service.base_url() + "/assets/" + id; };
  server.Post(
      "/v1/asset", guarded(service, [folder, url_of](const auto& request, auto& response) {
        std::string type = request.get_header_value("Content-Type");
        std::string id = keep(folder, {request.body, type});
        nlohmann::json data = {
            {"id", id},         {"name", id},      {"file_type", type.substr(0, type.find('/'))},
            {"folder_id", ""},  {"meta", nullptr}, {"created_ts", unix_milliseconds() / 1000},
            {"url", url_of(id)}};
        answer(response, 200, {{"code", 100}, {"data", data}, {"msg", nullptr}, {"message", nullptr}});
      }));
  server.Post("/v3/assets", guarded(service, [folder, url_of](const auto& request, auto& response) {
                Upload upload = read_form(request.body);
                std::string id = keep(folder, upload);
                answer(response, 200,
                       {{"data",
                         {{"asset_id", id},
                          {"url", url_of(id)},
                          {"mime_type", upload.type},
                          {"size_bytes", upload.content.size()}}}});
              }));
  server.Get("/assets/([0-9a-f]{32})", [folder](const auto& request, auto& response) {
    try {
      response.set_content(read_file(folder + "/" + request.matches[1].str()), "application/octet-stream");
    } catch (const Error&) {
      response.status = 404;
    }
  });
}

}  // namespace avstage::sandbox
