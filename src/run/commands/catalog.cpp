#include "avstage/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/log.h"
#include "base/sha256.h"
#include "heygen/catalog.h"
#include "run/clips/account.h"

namespace avstage {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kFresh = 15 * 60;  ///< seconds a list is taken from the cache folder

struct Asker {
  explicit Asker(const Settings& settings)
      : client(run::client_options(settings)), account(run::account_of(settings)) {
    run::require_key(account);
  }
  heygen::Catalog catalog(const std::string& dialect) { return {client, account, system_clock(), dialect}; }
  std::unique_ptr<heygen::Provider> provider(const std::string& dialect) {
    return dialect == "v2" ? heygen::make_v2(client, account, system_clock())
                           : heygen::make_v3(client, account, system_clock());
  }

  net::Client client;
  heygen::Account account;
};

void require_dialect(const std::string& api, bool auto_too) {
  if (api == "v2" || api == "v3" || (auto_too && api == "auto")) return;
  throw Error(ErrorCode::usage, fmt::format("--api {}: allowed are {}v3, v2", api, auto_too ? "auto, " : ""),
              "command_line");
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool suits(const CatalogQuery& query, const std::string& name, const std::string& gender) {
  return lower(name).find(lower(query.name)) != std::string::npos &&
         (query.gender.empty() || lower(gender) == lower(query.gender));
}

ordered_json to_row(const CatalogAvatar& a) {
  return {a.id, a.name, a.gender, a.kind, a.default_voice};
}
ordered_json to_row(const CatalogVoice& v) {
  return {v.id, v.name, v.language, v.gender, v.kind};
}
void from_row(const ordered_json& row, CatalogAvatar& a) {
  a = {row.at(0), row.at(1), row.at(2), row.at(3), row.at(4)};
}
void from_row(const ordered_json& row, CatalogVoice& v) {
  v = {row.at(0), row.at(1), row.at(2), row.at(3), row.at(4)};
}

/// Lists differ from account to account, and the key alone tells accounts apart; of it only a few digits of a
/// hash stand in a file name that lives for minutes.
std::string cache_file(const Settings& settings, const heygen::Account& account, const std::string& what) {
  std::string base = settings.sandbox.empty() ? account.api_base : "sandbox";
  std::string id = sha256_hex(base + "\n" + account.key).substr(0, 16);
  return fmt::format("{}/lists/{}-{}.json", settings.cache_dir, what, id);
}

template <typename Entry>
std::optional<std::vector<Entry>> read_cache(const std::string& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    ordered_json file = ordered_json::parse(read_file(path));
    std::int64_t age = system_clock().unix_seconds() - file.at("asked_at").get<std::int64_t>();
    if (age < 0 || age >= kFresh) return std::nullopt;
    std::vector<Entry> out;
    for (const ordered_json& row : file.at("rows")) from_row(row, out.emplace_back());
    return out;
  } catch (const std::exception& e) {
    log::info("{}: {}; asking again", path, e.what());
    return std::nullopt;
  }
}

template <typename Entry>
void write_cache(const std::string& path, const std::vector<Entry>& entries) {
  ordered_json file{{"asked_at", system_clock().unix_seconds()}, {"rows", ordered_json::array()}};
  for (const Entry& entry : entries) file["rows"].push_back(to_row(entry));
  try {
    make_directories(std::filesystem::path(path).parent_path().string());
    write_file_atomically(path, file.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  } catch (const Error& e) {
    log::warning("{}; the list is not kept", e.message());  // it was asked for, and it is there
  }
}

template <typename Entry, typename Ask>
std::vector<Entry> cached(const Settings& settings, const CatalogQuery& query, const char* what,
                          const Ask& ask) {
  require_dialect(query.api, false);
  Asker asker(settings);
  std::string path = cache_file(settings, asker.account, what + ("-" + query.api));
  if (!query.refresh) {
    if (auto known = read_cache<Entry>(path)) return std::move(*known);
  }
  heygen::Catalog catalog = asker.catalog(query.api);
  std::vector<Entry> entries = ask(catalog);
  write_cache(path, entries);
  return entries;
}

std::string public_state(heygen::VideoStatus::State state) {
  using State = heygen::VideoStatus::State;
  return state == State::completed ? "completed" : state == State::failed ? "failed" : "pending";
}

constexpr const char* why_unknown = "it was deleted, is a moment old, or belongs to another account";

/// `v2`: what the older API said when it was asked too.
[[noreturn]] void fail_unknown_to_v3(const std::string& video_id, const Error& v2) {
  const std::string id = log::redact(video_id);
  std::string message =
      fmt::format("the vendor's v3 does not know video {}, and its v2 says: {}", id, v2.message());
  if (v2.name() == "gone") {
    message =
        fmt::format("the vendor's v2 API is gone, and its v3 does not know video {}: {}", id, why_unknown);
  }
  throw Error(v2.code(), message, v2.name());
}

/// nullopt: this dialect does not know the id.
std::optional<VideoState> look_up(Asker& asker, const std::string& dialect, const std::string& id,
                                  const std::stop_token& stop) {
  heygen::VideoStatus status = asker.provider(dialect)->status(id, stop);
  if (status.word == "not_found") return std::nullopt;
  VideoState out;
  out.video_id = id;
  out.dialect = dialect;
  out.state = public_state(status.state);
  out.word = log::redact(status.word);
  out.duration = status.duration;
  out.video_url = status.video_url;
  out.caption_url = status.caption_url;
  out.thumbnail_url = status.thumbnail_url;
  out.gif_url = status.gif_url;
  if (status.error) out.error = log::redact(status.error->str());
  out.unpaid = status.unpaid;
  return out;
}

}  // namespace

std::vector<CatalogAvatar> list_avatars(const Settings& settings, const CatalogQuery& query,
                                        const std::stop_token& stop) {
  auto all =
      cached<CatalogAvatar>(settings, query, "avatars", [&](heygen::Catalog& c) { return c.avatars(stop); });
  std::erase_if(all, [&](const CatalogAvatar& a) { return !suits(query, a.name + "\n" + a.id, a.gender); });
  return all;
}

std::vector<CatalogVoice> list_voices(const Settings& settings, const CatalogQuery& query,
                                      const std::stop_token& stop) {
  auto all =
      cached<CatalogVoice>(settings, query, "voices", [&](heygen::Catalog& c) { return c.voices(stop); });
  std::erase_if(all, [&](const CatalogVoice& v) {
    return !suits(query, v.name + "\n" + v.id, v.gender) ||
           !lower(v.language).starts_with(lower(query.language));
  });
  return all;
}

Quota ask_quota(const Settings& settings, const std::string& api, const std::stop_token& stop) {
  require_dialect(api, false);
  Asker asker(settings);
  return asker.catalog(api).quota(stop);
}

VideoState ask_status(const Settings& settings, const std::string& video_id, const std::string& api,
                      const std::stop_token& stop) {
  require_dialect(api, true);
  Asker asker(settings);
  if (api != "v2") {
    if (auto found = look_up(asker, "v3", video_id, stop)) return *found;
  }
  if (api != "v3") {
    try {
      if (auto found = look_up(asker, "v2", video_id, stop)) return *found;
    } catch (const Error& e) {
      if (api == "v2" || e.code() != ErrorCode::vendor) throw;
      fail_unknown_to_v3(video_id, e);
    }
  }
  throw Error(ErrorCode::vendor,
              fmt::format("the vendor does not know video {}: {}", log::redact(video_id), why_unknown),
              "not_found");
}

}  // namespace avstage
