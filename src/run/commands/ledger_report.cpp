#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "avstage/ledger.h"
#include "base/suggest.h"
#include "ledger/ledger.h"
#include "run/clips/budget.h"

/// `avstage ledger`: what was bought, printed and, where a human decides, settled.
namespace avstage {
namespace {

using ledger::Entry;
using nlohmann::ordered_json;

std::unique_ptr<ledger::Ledger> open(const Settings& settings) {
  return ledger::Ledger::open(settings.state_dir, system_clock());
}

std::string when(std::int64_t seconds) {
  return seconds == 0 ? ""
                      : fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

ordered_json tags_of(const Entry& entry) {
  ordered_json tags = ordered_json::parse(entry.tags, nullptr, false);
  return tags.is_object() ? tags : ordered_json::object();
}

ordered_json value_of(const Entry& e, const run::Prices& prices) {
  ordered_json j{{"tag", e.tag},
                 {"realm", e.realm},
                 {"clip_key", e.clip_key},
                 {"attempt", e.attempt},
                 {"state", ledger::to_string(e.state)},
                 {"dialect", e.dialect},
                 {"video_id", e.video_id},
                 {"title", e.title},
                 {"ordered_at", when(e.intent_at)},
                 {"settled_at", when(e.settled_at)}};
  j["seconds"] = e.duration ? ordered_json(*e.duration) : ordered_json();
  auto credits = run::credits_of(prices, e);
  j["estimated_credits"] = credits ? ordered_json(*credits) : ordered_json();
  j["bytes"] = e.bytes;
  j["archive"] = e.archive;
  j["sha256"] = e.sha256;
  j["unpaid"] = e.unpaid;
  j["error"] = e.error;
  j["tags"] = tags_of(e);
  return j;
}

ordered_json details_of(const Entry& e, const run::Prices& prices) {
  ordered_json j = value_of(e, prices);
  j["submitting_at"] = when(e.submitting_at);
  j["submitted_at"] = when(e.submitted_at);
  j["request"] = ordered_json::parse(e.request, nullptr, false);
  if (j["request"].is_discarded()) j["request"] = e.request;
  return j;
}

std::string dump(const ordered_json& j) {
  return j.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string plain(const ordered_json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// RFC 4180: quoted where it must be.
std::string cell(const ordered_json& value) {
  std::string text = plain(value);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv(const std::vector<Entry>& entries, const run::Prices& prices) {
  constexpr const char* columns[] = {"tag",        "realm",      "clip_key", "attempt",
                                     "state",      "dialect",    "video_id", "title",
                                     "ordered_at", "settled_at", "seconds",  "estimated_credits"};
  std::set<std::string> names;
  for (const Entry& e : entries) {
    const ordered_json tags = tags_of(e);
    for (const auto& [name, value] : tags.items()) names.insert(name);
  }
  std::string out;
  for (const char* column : columns) out += fmt::format("{}{}", out.empty() ? "" : ",", column);
  for (const std::string& name : names) out += ",tag:" + name;
  out += "\r\n";
  for (const Entry& e : entries) {
    const ordered_json j = value_of(e, prices);
    std::string line;
    for (const char* column : columns) line += (line.empty() ? "" : ",") + cell(j[column]);
    for (const std::string& name : names) line += "," + cell(j["tags"].value(name, ordered_json()));
    out += line + "\r\n";
  }
  return out;
}

std::string text(const std::vector<Entry>& entries, const run::Prices& prices) {
  if (entries.empty()) return "nothing was bought yet\n";
  std::string out = fmt::format("{:<28}  {:<10} {:<3} {:<20}  {:>10}  {:>15}  {}\n", "TAG", "STATE", "API",
                                "ORDERED", "LENGTH", "ESTIMATE", "VIDEO, JOB'S TAGS");
  for (const Entry& e : entries) {
    const ordered_json j = value_of(e, prices);
    out += fmt::format(
        "{:<28}  {:<10} {:<3} {:<20}  {:>8} s  {:>7} credits  {}", e.tag, plain(j["state"]), e.dialect,
        plain(j["ordered_at"]), e.duration ? fmt::format("{:.2f}", *e.duration) : "?",
        j["estimated_credits"].is_null() ? "?" : fmt::format("{:.2f}", j["estimated_credits"].get<double>()),
        e.video_id.empty() ? "-" : e.video_id);
    for (const auto& [name, value] : j["tags"].items()) out += fmt::format("  {}={}", name, plain(value));
    out += fmt::format("{}\n", e.realm == "sandbox" ? "  (sandbox)" : "");
  }
  return out + "All of one purchase: avstage ledger show TAG\n";
}

bool is_named(const Entry& e, const std::string& name) {
  constexpr std::size_t shortest = 6;
  return e.tag == name || (!name.empty() && e.video_id == name) ||
         (name.size() >= shortest && e.clip_key.starts_with(name));
}

/// Every attempt of the one clip of that name, the latest first.
std::vector<Entry> find(ledger::Ledger& ledger, const std::string& name) {
  const std::vector<Entry> all = ledger.list();
  std::vector<Entry> found;
  std::set<std::pair<std::string, std::string>> clips;
  for (const Entry& e : all) {
    if (is_named(e, name)) clips.emplace(e.realm, e.clip_key);
  }
  if (clips.size() != 1) {
    throw Error(
        ErrorCode::usage,
        fmt::format("{}: {} in the ledger; allowed: a tag, 6 or more digits of a clip key, or a video id "
                    "(avstage ledger list)",
                    in_quotes(name), clips.empty() ? "no such clip" : "more than one clip of that name"),
        "no_such_clip");
  }
  std::copy_if(all.begin(), all.end(), std::back_inserter(found), [&](const Entry& e) {
    return clips.contains({e.realm, e.clip_key});
  });
  std::sort(found.begin(), found.end(), [](const Entry& a, const Entry& b) { return a.attempt > b.attempt; });
  return found;
}

void check_video_id(const std::string& id) {
  bool good = !id.empty() && id.size() <= 256 &&
              std::all_of(id.begin(), id.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (good) return;
  throw Error(ErrorCode::usage, fmt::format("--video-id {}: not an id", in_quotes(id)), "video_id");
}

}  // namespace

std::string ledger_list(const Settings& settings, LedgerForm form) {
  const run::Prices prices = run::load_prices();
  const std::vector<Entry> entries = open(settings)->list();
  if (form == LedgerForm::csv) return csv(entries, prices);
  if (form == LedgerForm::text) return text(entries, prices);
  ordered_json j = ordered_json::array();
  for (const Entry& e : entries) j.push_back(value_of(e, prices));
  return dump(j);
}

std::string ledger_show(const Settings& settings, const std::string& clip, LedgerForm form) {
  const run::Prices prices = run::load_prices();
  ordered_json attempts = ordered_json::array();
  for (const Entry& e : find(*open(settings), clip)) attempts.push_back(details_of(e, prices));
  if (form == LedgerForm::json) return dump(attempts);
  std::string out;
  for (const ordered_json& attempt : attempts) {
    if (!out.empty()) out += "\n";
    for (const auto& [name, value] : attempt.items()) {
      if (std::string words = plain(value); !words.empty()) out += fmt::format("{:<18} {}\n", name, words);
    }
  }
  return out;
}

std::string ledger_settle(const Settings& settings, const std::string& clip,
                          const std::optional<std::string>& video_id) {
  if (video_id) check_video_id(*video_id);
  auto ledger = open(settings);
  Entry entry = find(*ledger, clip).front();
  auto lock = ledger::ClipLock::try_take(settings.state_dir, entry.realm, entry.clip_key);
  if (!lock) throw Error(ErrorCode::locked, entry.tag + ": a run is working on it", "locked");
  entry = *ledger->find(entry.realm, entry.clip_key);  // as it stands under the lock
  if (entry.state != ledger::State::ambiguous) {
    const char* advice = entry.state == ledger::State::submitting ? "; render looks for it first" : "";
    throw Error(ErrorCode::usage,
                fmt::format("{}: is {}; allowed: a purchase that is ambiguous{}", entry.tag,
                            ledger::to_string(entry.state), advice),
                "not_ambiguous");
  }
  entry = video_id ? ledger->submitted(entry, *video_id) : ledger->not_bought(entry);
  return video_id
             ? fmt::format("{}: bought as video {}; the next render fetches it\n", entry.tag, entry.video_id)
             : fmt::format("{}: not bought; the next render buys it\n", entry.tag);
}

}  // namespace avstage
