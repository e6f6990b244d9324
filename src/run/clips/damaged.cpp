#include "run/clips/damaged.h"

#include <filesystem>

#include "base/log.h"
#include "base/sha256.h"

namespace avstage::run {
namespace fs = std::filesystem;

void set_aside(const std::string& path) {
  std::error_code ec;
  const std::string aside = path + ".damaged";
  fs::rename(path, aside, ec);
  if (ec) return;  // another run was quicker, or the next purchase writes over it
  log::warning("{}: damaged in the archive, kept as {}; the clip is fetched again, nothing is bought", path,
               aside);
}

namespace {

bool set_aside_if_damaged(Session& session, const std::string& clip_key, const std::stop_token& stop) {
  auto entry = session.ledger().find(session.realm(), clip_key);
  if (!entry || entry->state != ledger::State::completed || entry->archive.empty()) return false;
  const std::string path = session.archive_path(*entry);
  std::error_code ec;
  if (!fs::exists(path, ec) || sha256_file(path, stop) == entry->sha256) return false;
  set_aside(path);
  return true;
}

}  // namespace

bool set_aside_damaged(Session& session, const plan::Plan& plan, const std::stop_token& stop) {
  bool any = false;
  for (const plan::Purchase& purchase : plan.purchases) {
    any = set_aside_if_damaged(session, purchase.clip_key, stop) || any;
    if (purchase.fallback) any = set_aside_if_damaged(session, purchase.fallback_key, stop) || any;
  }
  return any;
}

}  // namespace avstage::run
