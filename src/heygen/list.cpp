#include <fmt/format.h>

#include "base/log.h"
#include "heygen/api.h"

namespace avstage::heygen {

std::optional<std::string> find_tagged(const Json& videos, const char* title_key, const std::string& tag) {
  for (const Json& video : videos) {
    if (text_of(member(video, title_key)).find(tag) == std::string::npos) continue;
    std::string id = text_of(member(video, "video_id"));
    if (id.empty()) id = text_of(member(video, "id"));
    if (!id.empty()) return id;
  }
  return std::nullopt;
}

std::string next_v3_page(const Json& body) {
  bool more = member(body, "has_more") != Json(false);
  return more ? text_of(member(body, "next_token")) : "";
}

void no_such_list(const std::string& path) {
  throw Error(ErrorCode::vendor, fmt::format("GET {}: the vendor has no such list (HTTP 404)", path),
              "vendor");
}

bool walk_pages(Api& api, const Pages& pages, const std::stop_token& stop,
                const std::function<bool(const Json& body)>& visit, int most) {
  std::string token;
  for (int page = 0; page < most; ++page) {
    std::string path = pages.path + "?limit=100" + (token.empty() ? "" : "&token=" + url_encode(token));
    std::optional<Json> body = api.get(path, pages.usable, stop);
    if (!body) no_such_list(pages.path);
    if (visit(*body)) return true;
    std::string next = pages.next(*body);
    if (next.empty() || next == token) return true;
    token = next;
  }
  return false;
}

std::optional<std::string> find_in_list(Api& api, const Listing& listing, const std::string& tag,
                                        const std::stop_token& stop) {
  constexpr int max_pages = 20;
  std::optional<std::string> id;
  auto look = [&](const Json& body) { return (id = listing.find(body, tag)).has_value(); };
  if (!walk_pages(api, listing.pages, stop, look, max_pages)) {
    log::warning("looked for {} in the newest {} pages of the vendor's list only", tag, max_pages);
  }
  return id;
}

}  // namespace avstage::heygen
