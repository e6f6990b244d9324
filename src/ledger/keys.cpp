#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/sha256.h"
#include "ledger/ledger.h"

namespace avstage::ledger {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void drop_suffix(std::string& text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.resize(text.size() - suffix.size());
}

std::string attempt_hash(const std::string& realm, const std::string& clip_key, int attempt) {
  return sha256_hex(fmt::format("avstage attempt 1\n{}\n{}\n{}", realm, clip_key, attempt));
}

}  // namespace

std::string clip_key(const std::string& canonical_request, int take) {
  return sha256_hex(fmt::format("avstage clip 1\n{}\ntake {}", canonical_request, take));
}

std::string realm_of(const std::string& api_base, const std::string& account) {
  std::string base = api_base.substr(0, api_base.find_first_of("?#"));
  std::size_t scheme_end = base.find("://");
  std::string scheme = scheme_end == std::string::npos ? "" : lower(base.substr(0, scheme_end + 3));
  std::string rest = base.substr(scheme.size());
  std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string host = lower(rest.substr(0, slash));
  std::string path = rest.substr(slash);

  std::size_t user_end = host.rfind('@');
  if (user_end != std::string::npos) host.erase(0, user_end + 1);
  if (scheme == "https://") drop_suffix(host, ":443");
  if (scheme == "http://") drop_suffix(host, ":80");
  while (path.ends_with('/')) path.pop_back();
  return scheme + host + path + (account.empty() ? "" : "#" + account);
}

std::string tag_of(const std::string& realm, const std::string& clip_key, int attempt) {
  return "avstage-" + attempt_hash(realm, clip_key, attempt).substr(0, 20);
}

std::string idempotency_key_of(const std::string& realm, const std::string& clip_key, int attempt) {
  return attempt_hash(realm, clip_key, attempt);
}

}  // namespace avstage::ledger
