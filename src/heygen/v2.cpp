#include <fmt/format.h>

#include <atomic>

#include "heygen/api.h"
#include "heygen/request.h"

namespace avstage::heygen {
namespace {

/// About the clip, not about the path that was asked.
bool names_the_clip(const std::string& code) {
  return code == "400144" || code == "400116" || code == "400174" ||
         code.find("avatar") != std::string::npos || code.find("voice") != std::string::npos ||
         code.find("talking_photo") != std::string::npos || code.find("template") != std::string::npos ||
         code.find("asset") != std::string::npos;
}

SubmitResult with_way_out(SubmitResult result) {
  auto* rejected = std::get_if<Rejected>(&result);
  if (rejected == nullptr) return result;
  ApiError& error = rejected->error;
  bool gone = (error.http_status == 404 || error.http_status == 410) && !names_the_clip(error.code);
  if (gone) {
    error.message = fmt::format(
        "the vendor's v2 API is gone, nothing was bought: use \"api\": \"v3\". It said: {}", error.message);
  }
  return result;
}

[[noreturn]] void fail_gone(const std::string& why) {
  throw Error(ErrorCode::vendor,
              fmt::format("the vendor's v2 API is gone: use \"api\": \"v3\". It said: {}", why), "gone");
}

const Json& videos_of(const Json& body) {
  return member(member(body, "data"), "videos");
}

const Listing kV2Listing{{"/v1/video.list", [](const Json& body) { return videos_of(body).is_array(); },
                          [](const Json& body) { return text_of(member(member(body, "data"), "token")); }},
                         [](const Json& body, const std::string& tag) {
                           return find_tagged(videos_of(body), "video_title", tag);
                         }};

bool has_asset_id(const Json& body) {
  return !text_of(member(member(body, "data"), "id")).empty();
}

/// The vendor takes uploads of this generation on a host of its own; a stand-in has one host for all.
std::string upload_url(const std::string& api_base) {
  bool vendor = api_base == "https://api.heygen.com";
  return (vendor ? "https://upload.heygen.com" : api_base) + "/v1/asset";
}

/// Any thread: nothing but the Api is shared.
class V2 : public Provider {
 public:
  V2(net::Client& client, Account account, Clock& clock) : api_(client, std::move(account), clock) {}

  std::string dialect() const override { return "v2"; }

  SubmitResult submit(const AvatarRef& clip, const std::string& tag, const std::string&,
                      const std::stop_token& stop) override {
    return with_way_out(api_.create(v2_path(clip), v2_body(clip, tag), {}, stop));
  }

  std::string upload(const AssetFile& file, const std::stop_token& stop) override {
    net::Headers type = {{"Content-Type", file.mime_type}};
    Json body = api_.upload(upload_url(api_.base()), std::move(type), file.content, has_asset_id, stop);
    return text_of(member(member(body, "data"), "id"));
  }

  VideoStatus status(const std::string& video_id, const std::stop_token& stop,
                     const BusyWait& wait) override {
    std::optional<Json> body;
    try {
      body = api_.get("/v1/video_status.get?video_id=" + url_encode(video_id), has_status, stop,
                      AnswerSize::ordinary, wait);
    } catch (const Error& error) {
      if (error.name() == "gone") fail_gone(error.message());
      throw;
    }
    if (!body) require_api(stop);
    VideoStatus out;
    out.word = "not_found";
    if (!body) return out;
    const Json& data = member(*body, "data");
    out.word = text_of(member(data, "status"));
    out.video_url = text_of(member(data, "video_url"));
    out.caption_url = text_of(member(data, "caption_url"));
    out.thumbnail_url = text_of(member(data, "thumbnail_url"));
    out.gif_url = text_of(member(data, "gif_url"));
    out.duration = positive_number(member(data, "duration"));
    const Json& error = member(data, "error");
    if (error.is_object() || error.is_string()) out.error = parse_error(error);
    return judge_status(std::move(out), video_id, api_);
  }

  std::optional<std::map<std::string, std::string>> words(const std::vector<std::string>&,
                                                          const std::stop_token&, const BusyWait&) override {
    return std::nullopt;
  }

  std::optional<std::string> find_by_tag(const std::string& tag, const std::stop_token& stop) override {
    return find_in_list(api_, kV2Listing, tag, stop);
  }

 private:
  /// A 404 says that the video is unknown, or that the path is. Where the list is gone too, all is gone.
  void require_api(const std::stop_token& stop) {
    if (alive_) return;
    try {
      alive_ = api_.get(kV2Listing.pages.path + "?limit=1", kV2Listing.pages.usable, stop).has_value();
    } catch (const Error& error) {
      if (error.name() == "gone") fail_gone(error.message());
      if (error.code() == ErrorCode::interrupted) throw;
      return;  // nothing is known of the list: the video may be new
    }
    if (!alive_) fail_gone("HTTP 404");
  }

  Api api_;
  std::atomic<bool> alive_ = false;  ///< has listed its videos
};

}  // namespace

std::unique_ptr<Provider> make_v2(net::Client& client, Account account, Clock& clock) {
  return std::make_unique<V2>(client, std::move(account), clock);
}

}  // namespace avstage::heygen
