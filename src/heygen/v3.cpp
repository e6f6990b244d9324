#include <fmt/format.h>

#include "base/log.h"
#include "base/sha256.h"
#include "heygen/api.h"
#include "heygen/request.h"

namespace avstage::heygen {
namespace {

bool has_list(const Json& body) {
  return member(body, "data").is_array();
}

const Listing kV3Listing{
    {"/v3/videos", has_list, next_v3_page},
    [](const Json& body, const std::string& tag) { return find_tagged(member(body, "data"), "title", tag); }};

std::map<std::string, std::string> words_of(const Json& body) {
  std::map<std::string, std::string> out;
  for (const Json& item : member(body, "data")) {
    std::string id = text_of(member(item, "video_id")), word = text_of(member(item, "status"));
    if (!id.empty() && !word.empty()) out[id] = word;
  }
  return out;
}

std::optional<ApiError> failure_of(const Json& data) {
  Json flat = {{"code", member(data, "failure_code")}, {"message", member(data, "failure_message")}};
  ApiError error = parse_error(flat);
  if (!error.code.empty() || !error.message.empty()) return error;
  const Json& nested = member(data, "error");
  if (nested.is_object() || nested.is_string()) return parse_error(nested);
  return std::nullopt;
}

bool has_new_asset_id(const Json& body) {
  return !text_of(member(member(body, "data"), "asset_id")).empty();
}

/// One part, "file". Its name is made up but for the ending: the user's own need not travel, and has no
/// quotes.
std::string form_of(const AssetFile& file, const std::string& boundary) {
  std::string ending = file.mime_type.substr(file.mime_type.find('/') + 1);
  return fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"asset.{}\"\r\nContent-Type: "
      "{}\r\n\r\n{}\r\n--{}--\r\n",
      boundary, ending, file.mime_type, file.content, boundary);
}

/// Any thread: nothing but the Api is shared.
class V3 : public Provider {
 public:
  V3(net::Client& client, Account account, Clock& clock) : api_(client, std::move(account), clock) {}

  std::string dialect() const override { return "v3"; }

  SubmitResult submit(const AvatarRef& clip, const std::string& tag, const std::string& idempotency_key,
                      const std::stop_token& stop) override {
    return api_.create(v3_path(clip), v3_body(clip, tag), {{"Idempotency-Key", idempotency_key}}, stop);
  }

  std::string upload(const AssetFile& file, const std::stop_token& stop) override {
    std::string boundary = "avstage-" + sha256_hex(file.content);
    net::Headers type = {{"Content-Type", "multipart/form-data; boundary=" + boundary}};
    Json body = api_.upload(api_.base() + "/v3/assets", std::move(type), form_of(file, boundary),
                            has_new_asset_id, stop);
    return text_of(member(member(body, "data"), "asset_id"));
  }

  VideoStatus status(const std::string& video_id, const std::stop_token& stop,
                     const BusyWait& wait) override {
    std::optional<Json> body =
        api_.get("/v3/videos/" + url_encode(video_id), has_status, stop, AnswerSize::ordinary, wait);
    VideoStatus out;
    out.word = "not_found";
    if (!body) return out;
    const Json& data = member(*body, "data");
    out.word = text_of(member(data, "status"));
    out.video_url = text_of(member(data, "video_url"));
    out.caption_url = text_of(member(data, "subtitle_url"));
    out.thumbnail_url = text_of(member(data, "thumbnail_url"));
    out.gif_url = text_of(member(data, "gif_url"));
    out.duration = positive_number(member(data, "duration"));
    out.error = failure_of(data);
    return judge_status(std::move(out), video_id, api_);
  }

  std::optional<std::map<std::string, std::string>> words(const std::vector<std::string>& video_ids,
                                                          const std::stop_token& stop,
                                                          const BusyWait& wait) override {
    std::string path = "/v3/videos/statuses?video_ids=";
    for (const std::string& id : video_ids) path += (path.back() == '=' ? "" : ",") + url_encode(id);
    try {
      std::optional<Json> body = api_.get(path, has_list, stop, AnswerSize::ordinary, wait);
      if (!body) return std::nullopt;
      return words_of(*body);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::vendor && error.code() != ErrorCode::money) throw;
      log::info("{}; each video is asked for by itself", error.message());
      return std::nullopt;
    }
  }

  std::optional<std::string> find_by_tag(const std::string& tag, const std::stop_token& stop) override {
    return find_in_list(api_, kV3Listing, tag, stop);
  }

 private:
  Api api_;
};

}  // namespace

std::unique_ptr<Provider> make_v3(net::Client& client, Account account, Clock& clock) {
  return std::make_unique<V3>(client, std::move(account), clock);
}

}  // namespace avstage::heygen
