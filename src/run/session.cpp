#include "run/session.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/atomic_file.h"
#include "base/log.h"
#include "base/sha256.h"
#include "run/leftovers.h"

namespace avstage::run {
namespace {

using namespace std::chrono_literals;

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string folder(const char* own, const char* xdg, const char* under_home) {
  if (std::string dir = env(own); !dir.empty()) return dir;
  if (std::string dir = env(xdg); !dir.empty()) return dir + "/avstage";
  if (std::string home = env("HOME"); !home.empty()) return home + "/" + under_home + "/avstage";
  throw Error(ErrorCode::local, fmt::format("no home folder is known: set {} or HOME", own), "no_home");
}

}  // namespace

net::Client::Options client_options(const Settings& settings) {
  net::Client::Options options;
  options.allow_http = !settings.sandbox.empty() || heygen::allow_http();
  options.allow_private = options.allow_http;
  return options;
}

Patience Patience::for_stand_in() {
  Patience p;
  p.first_poll = 100ms;
  p.longest_poll = 1s;
  p.list_lag = 500ms;
  p.unknown_id = 5s;
  p.no_url = 2s;
  p.retry = 50ms;
  p.stall = 5s;
  return p;
}

Session::Session(const Settings& settings, const HeygenSettings& heygen, std::stop_token stop)
    : settings_(settings), stop_(std::move(stop)), client_(client_options(settings)) {
  if (settings_.sandbox.empty()) {
    account_.api_base = heygen::resolve_api_base(settings_.api_base);
    realm_ = ledger::realm_of(account_.api_base, heygen.account);
  } else {
    account_.api_base = settings_.sandbox;
    account_.key = "sandbox";
    realm_ = "sandbox";
    patience_ = Patience::for_stand_in();
  }
  make_directories(settings_.state_dir);
  ledger_ = ledger::Ledger::open(settings_.state_dir, clock());
  for (const std::string& dir : {archive_dir(), spool_dir()}) {
    make_directories(dir);
    remove_leftovers(dir);
  }
}

heygen::Provider& Session::provider(const std::string& dialect) {
  std::lock_guard lock(mutex_);
  if (account_.key.empty()) {
    std::optional<std::string> key = heygen::load_api_key();
    if (!key) {
      throw Error(ErrorCode::money,
                  "no API key: set HEYGEN_API_KEY, or put it into ~/.heygen/credentials (mode 0600); "
                  "--sandbox renders with stand-in clips and needs none",
                  "no_key");
    }
    account_.key = *key;
  }
  auto& slot = dialect == "v2" ? v2_ : v3_;
  if (!slot) {
    slot = dialect == "v2" ? heygen::make_v2(client_, account_, clock())
                           : heygen::make_v3(client_, account_, clock());
  }
  return *slot;
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
    log::warning("{}: damaged in the archive; it is fetched again, nothing is bought", path);
    return std::nullopt;
  }
  return entry;
}

std::string Session::content_hash(const std::string& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return sha256_file(path, stop_);  // throws with the reason
  std::string key = fmt::format("{}:{}:{}:{}.{}:{}.{}", s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec,
                                s.st_mtim.tv_nsec, s.st_ctim.tv_sec, s.st_ctim.tv_nsec);
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
