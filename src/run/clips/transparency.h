#pragma once

#include <functional>
#include <string>

#include "media/demuxer.h"
#include "run/clips/session.h"

namespace avstage::run {

/// Why `clip`, which `avatar` was to become, cannot be shown as a figure before nothing: "" where it can, or
/// was not to be transparent. `open` is called only where it was.
std::string transparency_flaw(const AvatarRef& avatar, const std::function<media::Demuxer()>& open);

/// A clip that was to be transparent and is not, with no fallback: Error{proof}. It stays in the archive.
[[noreturn]] void fail_opaque(const AvatarRef& avatar, const std::string& label, const std::string& video_id,
                              const std::string& flaw);

/// The purchase's fallback has been ordered, after the vendor refused the transparent clip: nothing else is
/// to be ordered for it.
bool fallback_is_under_way(Session& session, const plan::Purchase& purchase);

/// A clip of the archive that can be used for a purchase, the fallback's too.
struct KeptClip {
  ledger::Entry entry;
  std::string path;
  MediaFacts facts;
};
/// nullopt: there is none, it has to be obtained. Error{proof} for one that is silent, or opaque without a
/// fallback: buying again is for the user to decide.
std::optional<KeptClip> kept_clip(Session& session, const plan::Purchase& purchase, const std::string& label);

/// The entry whose clip has this identity (avatar_identity): the purchase's own or its fallback's.
std::optional<ledger::Entry> entry_in_use(Session& session, const plan::Purchase& purchase,
                                          const std::string& identity);

}  // namespace avstage::run
