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

std::optional<std::string> find_in_list(Api& api, const Listing& listing, const std::string& tag,
                                        const std::stop_token& stop) {
  constexpr int max_pages = 20;
  std::string token;
  for (int page = 0; page < max_pages; ++page) {
    std::string path = listing.path + "?limit=100" + (token.empty() ? "" : "&token=" + url_encode(token));
    std::optional<Json> body = api.get(path, listing.usable, stop);
    if (!body) {
      throw Error(ErrorCode::vendor,
                  fmt::format("GET {}: the vendor has no such list (HTTP 404)", listing.path), "vendor");
    }
    if (std::optional<std::string> id = listing.find(*body, tag)) return id;
    std::string next = listing.next(*body);
    if (next.empty() || next == token) return std::nullopt;
    token = next;
  }
  log::warning("looked for {} in the newest {} pages of the vendor's list only", tag, max_pages);
  return std::nullopt;
}

}  // namespace avstage::heygen
