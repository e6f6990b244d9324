#include "run/clips/uploads.h"

#include <fmt/format.h>

#include <mutex>

#include "base/log.h"
#include "base/sha256.h"

namespace avstage::run {
namespace {

std::string key_of(const Session& session, const heygen::Provider& provider, const AssetRef& asset) {
  return fmt::format("asset {} {} {}", provider.dialect(), asset.sha256, session.realm());
}

void hash_assets(MediaRef& media) {
  auto* avatar = std::get_if<AvatarRef>(&media);
  if (avatar == nullptr) return;
  for (auto [asset, kind] : heygen::assets_of(*avatar)) {
    if (!asset->file.empty()) asset->sha256 = sha256_hex(heygen::read_asset_file(*asset, kind).content);
  }
}

std::string upload(heygen::Provider& provider, const AssetRef& asset, std::string_view kind,
                   const std::stop_token& stop) {
  heygen::AssetFile file = heygen::read_asset_file(asset, kind);
  if (sha256_hex(file.content) != asset.sha256) {
    throw Error(ErrorCode::input,
                fmt::format("{}: {} changed while the job ran", asset.mark.str(), asset.file), "changed");
  }
  log::info("{}: {} bytes are uploaded", asset.file, file.content.size());
  return provider.upload(file, stop);
}

}  // namespace

Job with_hashed_assets(Job job) {
  for (Track& track : job.tracks) {
    for (Clip& clip : track.clips) hash_assets(clip.media);
  }
  return job;
}

AvatarRef with_uploads(Session& session, heygen::Provider& provider, AvatarRef clip,
                       const std::stop_token& stop) {
  static std::mutex one_at_a_time;  // clips that share a file must not both upload it
  std::lock_guard lock(one_at_a_time);
  for (auto [asset, kind] : heygen::assets_of(clip)) {
    if (asset->file.empty()) continue;
    const std::string key = key_of(session, provider, *asset);
    asset->asset_id = session.ledger().remembered(key).value_or("");
    if (!asset->asset_id.empty()) continue;
    asset->asset_id = upload(provider, *asset, kind, stop);
    session.ledger().remember(key, asset->asset_id);
  }
  return clip;
}

void forget_uploads(Session& session, heygen::Provider& provider, AvatarRef clip) {
  for (auto [asset, kind] : heygen::assets_of(clip)) {
    if (!asset->file.empty()) session.ledger().remember(key_of(session, provider, *asset), "");
  }
}

}  // namespace avstage::run
