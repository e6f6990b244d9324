#include "run/clips/session.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/disk.h"
#include "base/leftovers.h"
#include "base/log.h"
#include "base/sha256.h"
#include "run/clips/account.h"
#include "run/clips/damaged.h"

namespace avstage::run {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// One word of a command that can be pasted.
std::string shell_word(const std::string& text) {
  const bool plain =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:@%,") ==
      std::string::npos;
  if (plain) return text;
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string folder(const char* own, const char* xdg, const char* under_home) {
  if (std::string dir = env(own); !dir.empty()) return dir;
  if (std::string dir = env(xdg); !dir.empty()) return dir + "/avstage";
  if (std::string home = env("HOME"); !home.empty()) return home + "/" + under_home + "/avstage";
  throw Error(ErrorCode::local, fmt::format("no home folder is known: set {} or HOME", own), "no_home");
}

/// The folder of what was paid for; where it cannot be had, another one may be named.
void make_state_folder(const std::string& dir) {
  try {
    make_directories(dir);
  } catch (const Error& e) {
    throw Error(e.code(), e.message() + "; --state or AVSTAGE_STATE names another folder", e.name());
  }
}

}  // namespace

Patience Patience::for_stand_in() {
  Patience p;
  p.before_first = 20ms;
  p.first_poll = 100ms;
  p.longest_poll = 1s;
  p.list_lag = 500ms;
  p.unknown_id = 5s;
  p.no_url = 2s;
  p.retry = 50ms;
  p.stall = 5s;
  return p;
}

Session::Session(const Settings& settings, const HeygenSettings& heygen, std::stop_token stop,
                 net::Listener listener)
    : Session(settings, heygen, std::move(stop), system_clock(), nullptr, std::move(listener)) {}

Session::Session(const Settings& settings, const HeygenSettings& heygen, std::stop_token stop, Clock& clock,
                 std::unique_ptr<ledger::Ledger> ledger, net::Listener listener)
    : settings_(settings),
      stop_(std::move(stop)),
      clock_(clock),
      client_(client_options(settings, std::move(listener))),
      ledger_(std::move(ledger)) {
  account_ = account_of(settings_);
  bool stand_in = !settings_.sandbox.empty();
  realm_ = stand_in ? "sandbox" : ledger::realm_of(account_.api_base, heygen.account);
  if (stand_in) patience_ = Patience::for_stand_in();
  if (settings_.stall.count() > 0) patience_.stall = settings_.stall;
  make_state_folder(settings_.state_dir);
  if (!ledger_) ledger_ = ledger::Ledger::open(settings_.state_dir, clock_);
  for (const std::string& dir : {archive_dir(), spool_dir()}) {
    make_directories(dir);
    remove_leftovers(dir);
  }
}

const heygen::Account& Session::account() {
  std::lock_guard lock(mutex_);
  require_key(account_);
  return account_;
}

Session::Spoken& Session::spoken(const std::string& dialect) {
  std::lock_guard lock(mutex_);
  require_key(account_);
  Spoken& slot = dialect == "v2" ? v2_ : v3_;
  if (!slot.provider) {
    slot.provider = dialect == "v2" ? heygen::make_v2(client_, account_, clock())
                                    : heygen::make_v3(client_, account_, clock());
    slot.rounds = std::make_unique<StatusRounds>(*slot.provider, clock());
  }
  return slot;
}

heygen::Provider& Session::provider(const std::string& dialect) {
  return *spoken(dialect).provider;
}

StatusRounds& Session::rounds(const std::string& dialect) {
  return *spoken(dialect).rounds;
}

std::string Session::archive_dir() const {
  return settings_.state_dir + "/archive/" + sha256_hex(realm_).substr(0, 12);
}

std::optional<ledger::Entry> Session::archived(const std::string& clip_key) {
  std::optional<ledger::Entry> entry = ledger_->find(realm_, clip_key);
  if (!entry || entry->state != ledger::State::completed || entry->archive.empty()) return std::nullopt;
  if (entry->unpaid && !takes_unpaid()) return std::nullopt;
  const std::string path = archive_path(*entry);
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return std::nullopt;
  if (static_cast<std::uint64_t>(s.st_size) != entry->bytes || content_hash(path) != entry->sha256) {
    set_aside(path);
    return std::nullopt;
  }
  return entry;
}

void Session::hold_clips(const std::vector<std::pair<std::string, std::string>>& keys_and_labels) {
  for (const auto& [key, label] : keys_and_labels) {
    auto lock = ledger::ClipLock::try_take(settings_.state_dir, realm_, key);
    if (!lock) {
      throw Error(ErrorCode::locked,
                  label + ": another run is obtaining it; without --no-wait this run waits", "locked");
    }
    std::lock_guard guard(mutex_);
    held_[key] = std::move(lock);
  }
}

std::unique_ptr<ledger::ClipLock> Session::lock_clip(const std::string& clip_key) {
  {
    std::lock_guard guard(mutex_);
    if (auto held = held_.extract(clip_key)) return std::move(held.mapped());
  }
  return ledger::ClipLock::try_take(settings_.state_dir, realm_, clip_key);
}

std::string Session::settle_command(const ledger::Entry& entry) const {
  std::string state;
  try {
    if (settings_.state_dir != default_settings().state_dir) state = settings_.state_dir;
  } catch (const Error&) {  // no home folder: there is no default
    state = settings_.state_dir;
  }
  return fmt::format("avstage ledger settle {}{}", entry.tag,
                     state.empty() ? "" : " --state " + shell_word(fs::absolute(state).string()));
}

std::string Session::content_hash(const std::string& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return sha256_file(path, stop_);  // throws with the reason
  const std::string key = file_state(s);
  if (auto known = ledger_->remembered(key)) return *known;
  std::string hash = sha256_file(path, stop_);
  ledger_->remember(key, hash);
  return hash;
}

plan::AvatarWords avatar_words() {
  return {[](const AvatarRef& a) { return ledger::clip_key(heygen::canonical_request(a), a.take); },
          [](const AvatarRef& a) { return heygen::requested_background(a); }};
}

}  // namespace avstage::run

namespace avstage {

Settings default_settings() {
  Settings s;
  s.state_dir = run::folder("AVSTAGE_STATE", "XDG_STATE_HOME", ".local/state");
  s.cache_dir = run::folder("AVSTAGE_CACHE", "XDG_CACHE_HOME", ".cache");
  return s;
}

}  // namespace avstage
