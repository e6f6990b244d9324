#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "avstage/cache.h"
#include "run/cache_folder.h"

/// `avstage cache`: what is kept, and how it is removed.
namespace avstage {
namespace {

using nlohmann::ordered_json;
using run::CacheEntry;
using run::Removed;

constexpr std::array kKinds = {"segment", "run", "spool", "list"};

std::string utc(std::int64_t seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

/// Segments and lists are nobody's; what a run has in work is its, or left behind.
std::string state_of(const CacheEntry& entry) {
  const bool work = entry.kind == "run" || entry.kind == "spool";
  return !work ? "kept" : entry.in_use ? "in use" : "left behind";
}

struct Total {
  int entries = 0, left_behind = 0;
  std::uint64_t bytes = 0;
};

Total total_of(const std::vector<CacheEntry>& entries, const std::string& kind) {
  Total total;
  for (const CacheEntry& entry : entries) {
    if (entry.kind != kind) continue;
    ++total.entries;
    total.bytes += entry.bytes;
    total.left_behind += state_of(entry) == "left behind";
  }
  return total;
}

std::string list_json(const Settings& settings, const std::vector<CacheEntry>& entries) {
  ordered_json j{{"folder", settings.cache_dir}, {"limit", settings.cache_limit}};
  for (const std::string kind : kKinds) {
    const Total total = total_of(entries, kind);
    j["kinds"][kind] = {
        {"entries", total.entries}, {"bytes", total.bytes}, {"left_behind", total.left_behind}};
  }
  j["entries"] = ordered_json::array();
  for (const CacheEntry& e : entries) {
    j["entries"].push_back({{"kind", e.kind},
                            {"path", e.path},
                            {"bytes", e.bytes},
                            {"used", utc(e.used_at)},
                            {"state", state_of(e)}});
  }
  return j.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string list_text(const Settings& settings, const std::vector<CacheEntry>& entries) {
  std::string out = settings.cache_dir + "\n";
  for (const std::string kind : kKinds) {
    const Total total = total_of(entries, kind);
    std::string note;
    if (kind == "segment") note = "of at most " + megabytes(settings.cache_limit);
    if (total.left_behind > 0) note = fmt::format("{} left behind", total.left_behind);
    out += fmt::format("{:<9}{:>6}  {:>12}  {}", kind, total.entries, megabytes(total.bytes), note);
    out.erase(out.find_last_not_of(' ') + 1);
    out += "\n";
  }
  return out;
}

std::string told(const Settings& settings, const Removed& removed, CacheForm form) {
  if (form == CacheForm::text) {
    return fmt::format("{}: {} removed, {}\n", settings.cache_dir, removed.entries, megabytes(removed.bytes));
  }
  const ordered_json j{
      {"folder", settings.cache_dir}, {"removed", removed.entries}, {"bytes", removed.bytes}};
  return j.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string cache_list(const Settings& settings, CacheForm form) {
  const std::vector<CacheEntry> entries = run::cache_entries(settings.cache_dir);
  return form == CacheForm::json ? list_json(settings, entries) : list_text(settings, entries);
}

std::string cache_collect(const Settings& settings, CacheForm form) {
  Removed removed = run::remove_left_behind(settings.cache_dir);
  const Removed trimmed = run::trim_segments(settings.cache_dir, settings.cache_limit);
  removed.entries += trimmed.entries;
  removed.bytes += trimmed.bytes;
  return told(settings, removed, form);
}

std::string cache_clear(const Settings& settings, CacheForm form) {
  return told(settings, run::clear_cache(settings.cache_dir), form);
}

}  // namespace avstage
