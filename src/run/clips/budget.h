#pragma once

#include "ledger/ledger.h"
#include "plan/plan.h"
#include "run/clips/session.h"

namespace avstage::run {

/// Credits for a second of finished clip, by dialect. The built-in figures are what public sources said in
/// 2026: v2's plans took one credit a minute, v3's wallet takes dollars.
struct Prices {
  double v2 = 1.0 / 60, v3 = 0.067;
  double of(const std::string& dialect) const { return dialect == "v2" ? v2 : v3; }
};
/// The built-in figures, overridden by prices.json in the XDG configuration folder where that exists:
/// { "credits_per_second": { "v2": 0.0167, "v3": 0.067 } }. Error{usage} names the file and what is wrong.
Prices load_prices();

/// What one clip, or all that would be bought, may cost. A guess: the vendor alone knows.
struct Estimate {
  double seconds = 0, credits = 0;
  bool at_least = false;  ///< something in it cannot be guessed
  Estimate& operator+=(const Estimate& other);
  std::string str() const;  ///< "about 2.8 s, about 0.05 credits (an estimate)"
};
Estimate estimate(const Prices& prices, const AvatarRef& clip, const std::string& dialect);
/// Of what the ledger knows: the vendor's length where it has one. nullopt for what was not bought for sure.
std::optional<double> credits_of(const Prices& prices, const ledger::Entry& entry);

/// Whether a run would send a new order for it.
bool would_be_bought(Session& session, const plan::Purchase& purchase);
/// The sum of what would be bought; `with_fallbacks`: and of what takes its place, if all of it turned out
/// opaque.
Estimate estimate_all(Session& session, const plan::Plan& plan, bool with_fallbacks = false);
/// Error{money} where the job or the settings allow less than the estimate with all fallbacks.
void check_budget(Session& session, const plan::Plan& plan);

}  // namespace avstage::run
