#include "run/clips/transparency.h"

#include <fmt/format.h>

#include "media/transparency.h"
#include "run/clips/acquire.h"
#include "run/clips/speech.h"

namespace avstage::run {
namespace {

const char* flaw_of(media::Transparency transparency) {
  switch (transparency) {
    case media::Transparency::none:
      return "it came without transparency";
    case media::Transparency::opaque:
      return "its transparency is empty: every frame is opaque";
    case media::Transparency::invisible:
      return "nothing of it is visible";
    case media::Transparency::usable:
      return "";
  }
  return "";
}

/// The archived clip of one key; `flaw` says why it cannot be used.
std::optional<KeptClip> kept(Session& session, const AvatarRef& avatar, const std::string& clip_key,
                             const std::string& label, std::string& flaw) {
  auto entry = session.archived(clip_key);
  if (!entry) return std::nullopt;
  KeptClip clip{*entry, session.archive_path(*entry), {}};
  clip.facts = media::probe_file(clip.path);
  auto open = [&clip](media::Demuxer::Want want) { return media::Demuxer::open_file(clip.path, want); };
  flaw = transparency_flaw(avatar, [&] { return open(media::Demuxer::Want::video); });
  if (flaw.empty()) {
    require_speech(avatar, entry->video_id, label, open(media::Demuxer::Want::audio), clip.facts);
  }
  return clip;
}

}  // namespace

std::string transparency_flaw(const AvatarRef& avatar, const std::function<media::Demuxer()>& open) {
  if (!avatar.video_id.empty() || !heygen::is_transparent(avatar)) return "";
  return flaw_of(media::transparency_of(open()));
}

void fail_opaque(const AvatarRef& avatar, const std::string& label, const std::string& video_id,
                 const std::string& flaw) {
  throw Error(
      ErrorCode::proof,
      fmt::format(
          "{}: was to be transparent, but of video {}: {}; it is kept: to use it as it is, name it as "
          "\"video_id\"; to have one before a colour, set \"transparent\": \"prefer\"; to buy another "
          "try, set \"take\": {}",
          label, video_id, flaw, avatar.take + 1),
      "opaque");
}

bool fallback_is_under_way(Session& session, const plan::Purchase& purchase) {
  using ledger::State;
  if (!purchase.fallback) return false;
  auto asked = session.ledger().find(session.realm(), purchase.clip_key);
  if (!asked || asked->state != State::rejected) return false;
  auto ordered = session.ledger().find(session.realm(), purchase.fallback_key);
  return ordered && ordered->state != State::intent && ordered->state != State::rejected;
}

std::optional<KeptClip> kept_clip(Session& session, const plan::Purchase& purchase,
                                  const std::string& label) {
  std::string flaw;
  std::optional<KeptClip> clip = kept(session, purchase.avatar, purchase.clip_key, label, flaw);
  if (clip && flaw.empty()) return clip;
  if (!purchase.fallback) {
    if (clip) fail_opaque(purchase.avatar, label, clip->entry.video_id, flaw);
    return std::nullopt;
  }
  if (!clip && !fallback_is_under_way(session, purchase)) return std::nullopt;
  return kept(session, *purchase.fallback, purchase.fallback_key, label, flaw);
}

std::optional<ledger::Entry> entry_in_use(Session& session, const plan::Purchase& purchase,
                                          const std::string& identity) {
  for (const std::string& key : {purchase.clip_key, purchase.fallback_key}) {
    auto entry = session.ledger().find(session.realm(), key);
    if (entry && identity == avatar_identity(session.realm(), entry->video_id)) return entry;
  }
  return std::nullopt;
}

}  // namespace avstage::run
