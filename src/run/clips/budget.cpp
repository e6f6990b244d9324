#include "run/clips/budget.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "heygen/speech.h"
#include "run/clips/transparency.h"

namespace avstage::run {
namespace {

using nlohmann::json;

/// "" when no configuration folder is known.
std::string prices_path() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config != 0) return std::string(config) + "/avstage/prices.json";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home != 0 ? std::string(home) + "/.config/avstage/prices.json" : "";
}

[[noreturn]] void refuse(const std::string& path, const std::string& found) {
  throw Error(
      ErrorCode::usage,
      fmt::format("{}: found {}; allowed: {{ \"credits_per_second\": {{ \"v2\": number, \"v3\": number }} }}",
                  path, found),
      "prices");
}

void read_price(const std::string& path, const std::string& key, const json& value, Prices& prices) {
  if (key != "v2" && key != "v3") refuse(path, "the key \"" + key + "\"");
  if (!value.is_number() || value.get<double>() < 0) refuse(path, value.dump() + " for \"" + key + "\"");
  (key == "v2" ? prices.v2 : prices.v3) = value.get<double>();
}

std::string request_word(const ledger::Entry& entry, const char* key) {
  json request = json::parse(entry.request, nullptr, false);
  return request.is_object() && request.contains(key) ? request[key].dump() : "";
}

}  // namespace

Prices load_prices() {
  Prices prices;
  const std::string path = prices_path();
  std::error_code ec;
  if (path.empty() || !std::filesystem::exists(path, ec)) return prices;
  json table = json::parse(read_file(path, 1 << 16), nullptr, false, true);
  if (!table.is_object()) refuse(path, "no JSON object");
  for (const auto& [key, value] : table.items()) {
    if (key != "credits_per_second" || !value.is_object()) refuse(path, "the key \"" + key + "\"");
    for (const auto& [dialect, price] : value.items()) read_price(path, dialect, price, prices);
  }
  return prices;
}

Estimate& Estimate::operator+=(const Estimate& other) {
  seconds += other.seconds;
  credits += other.credits;
  at_least |= other.at_least;
  return *this;
}

std::string Estimate::str() const {
  const char* about = at_least ? "at least" : "about";
  return fmt::format("{} {:.1f} s, {} {:.2f} credits (an estimate)", about, seconds, about, credits);
}

Estimate estimate(const Prices& prices, const AvatarRef& clip, const std::string& dialect) {
  heygen::Speech speech = heygen::guess_speech(clip);
  return {speech.seconds, heygen::is_test(clip) ? 0 : speech.seconds * prices.of(dialect), speech.at_least};
}

std::optional<double> credits_of(const Prices& prices, const ledger::Entry& entry) {
  using ledger::State;
  if (entry.realm == "sandbox" || entry.unpaid || request_word(entry, "test") == "true") return 0;
  if (entry.state == State::rejected || entry.state == State::intent) return 0;
  if (entry.state != State::completed || !entry.duration) return std::nullopt;
  return *entry.duration * prices.of(entry.dialect);
}

namespace {

bool is_kept(Session& session, const plan::Plan& plan, const plan::Purchase& purchase) {
  return kept_clip(session, purchase, plan.clips[purchase.clips.front()].label).has_value();
}

bool is_unordered(Session& session, const std::string& clip_key) {
  auto entry = session.ledger().find(session.realm(), clip_key);
  return !entry || entry->state == ledger::State::intent || entry->state == ledger::State::rejected;
}

}  // namespace

bool would_be_bought(Session& session, const plan::Purchase& purchase) {
  return purchase.avatar.video_id.empty() && is_unordered(session, purchase.clip_key) &&
         !fallback_is_under_way(session, purchase);
}

Estimate estimate_all(Session& session, const plan::Plan& plan, bool with_fallbacks) {
  const Prices prices = load_prices();
  const std::string& api = plan.job.heygen.api;
  Estimate sum;
  for (const plan::Purchase& purchase : plan.purchases) {
    if (would_be_bought(session, purchase)) {
      sum += estimate(prices, purchase.avatar, heygen::choose_dialect(purchase.avatar, api));
    }
    // A clip that was paid for may turn out opaque, and its fallback is a second one.
    const bool perhaps = with_fallbacks && purchase.fallback &&
                         is_unordered(session, purchase.fallback_key) && !is_kept(session, plan, purchase);
    if (perhaps) sum += estimate(prices, *purchase.fallback, heygen::choose_dialect(*purchase.fallback, api));
  }
  return sum;
}

void check_budget(Session& session, const plan::Plan& plan) {
  const std::optional<double> own = session.settings().max_credits;
  const std::optional<double> limit = own ? own : plan.job.heygen.max_credits;
  if (!limit) return;
  const std::string named =
      fmt::format("the {:.2f} of {}", *limit, own ? "--max-credits" : "\"max_credits\"");
  const Estimate sum = estimate_all(session, plan, true);
  if (sum.credits > *limit) {
    const bool doubled = estimate_all(session, plan).credits < sum.credits;
    throw Error(ErrorCode::money,
                fmt::format("what would be bought is {}{}, more than {}; nothing was bought", sum.str(),
                            doubled ? " with the fallbacks of \"transparent\": \"prefer\"" : "", named),
                "max_credits");
  }
  if (!sum.at_least) return;
  throw Error(
      ErrorCode::money,
      fmt::format(
          "what would be bought is {}: a part of it has no length that can be estimated, so {} cannot "
          "be promised; nothing was bought",
          sum.str(), named),
      "max_credits");
}

}  // namespace avstage::run
