#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "avstage/avstage.h"
#include "heygen/provider.h"
#include "ledger/ledger.h"
#include "net/client.h"
#include "plan/plan.h"
#include "run/clips/status_rounds.h"

namespace avstage::run {

/// How patient acquiring is. A stand-in answers at once, so its times are short.
struct Patience {
  std::chrono::milliseconds before_first{5'000};  ///< from an order to the first question about it
  std::chrono::milliseconds first_poll{5'000}, longest_poll{30'000};
  std::chrono::milliseconds list_lag{60'000};     ///< before the vendor's list is believed
  std::chrono::milliseconds unknown_id{300'000};  ///< a new video id may be 404 for so long
  std::chrono::milliseconds no_url{60'000};       ///< completed may come before its URL for so long
  std::chrono::milliseconds retry{500};           ///< first delay before a POST is sent again
  std::chrono::milliseconds stall{20'000};
  static Patience for_stand_in();
};

/// What one run has open to the world: ledger, account, net. Members may be used by any thread.
class Session {
 public:
  /// Opens the ledger and creates the folders. Reads no API key yet. `stop` ends what takes long here.
  /// Error{local}, Error{usage}.
  /// `listener` hears every API request; it must outlive the session.
  Session(const Settings& settings, const HeygenSettings& heygen, std::stop_token stop = {},
          net::Listener listener = {});
  /// The same with another clock and, where one is given, another ledger: for tests.
  Session(const Settings& settings, const HeygenSettings& heygen, std::stop_token stop, Clock& clock,
          std::unique_ptr<ledger::Ledger> ledger, net::Listener listener = {});

  const Settings& settings() const { return settings_; }
  const std::string& realm() const { return realm_; }
  const std::stop_token& stop() const { return stop_; }
  const Patience& patience() const { return patience_; }
  ledger::Ledger& ledger() { return *ledger_; }
  net::Client& client() { return client_; }
  Clock& clock() { return clock_; }

  /// The provider of a dialect. Reads the API key at the first call; Error{money} when there is none.
  heygen::Provider& provider(const std::string& dialect);
  /// What its status questions go through; likewise.
  StatusRounds& rounds(const std::string& dialect);

  /// The archived, intact clip of this key; nullopt: it has to be obtained. An unpaid (watermarked) version
  /// counts only where the settings accept it, and a damaged file never.
  std::optional<ledger::Entry> archived(const std::string& clip_key);
  std::string archive_dir() const;
  std::string archive_path(const ledger::Entry& entry) const { return archive_dir() + "/" + entry.archive; }
  std::string spool_dir() const { return settings_.cache_dir + "/spool"; }
  /// A watermarked version is fine here: accepted by the user, or nothing real is bought at all.
  bool takes_unpaid() const { return settings_.accept_watermark || !settings_.sandbox.empty(); }

  /// Locks these clips now, for lock_clip() to hand out; Error{locked} when another run holds one of them.
  void hold_clips(const std::vector<std::pair<std::string, std::string>>& keys_and_labels);
  /// The clip's lock; nullptr while another run holds it. Error{local}.
  std::unique_ptr<ledger::ClipLock> lock_clip(const std::string& clip_key);

  /// The command that settles an ambiguous purchase, but for its last word.
  std::string settle_command(const ledger::Entry& entry) const;

  /// SHA-256 of a file's content, remembered by its inode, size and times.
  std::string content_hash(const std::string& path);

  /// The account with its key. Error{money} when there is none.
  const heygen::Account& account();

 private:
  struct Spoken {
    std::unique_ptr<heygen::Provider> provider;
    std::unique_ptr<StatusRounds> rounds;
  };
  Spoken& spoken(const std::string& dialect);

  Settings settings_;
  std::stop_token stop_;
  Clock& clock_;
  Patience patience_;
  heygen::Account account_;
  net::Client client_;
  std::string realm_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::mutex mutex_;
  Spoken v2_, v3_;                                                 ///< made when first needed, under mutex_
  std::map<std::string, std::unique_ptr<ledger::ClipLock>> held_;  ///< by clip key, under mutex_
};

/// What the planner asks about avatar clips.
plan::AvatarWords avatar_words();

}  // namespace avstage::run
