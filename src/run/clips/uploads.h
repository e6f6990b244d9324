#pragma once

#include "run/clips/session.h"

/// Local files that avatar clips name. The vendor gets each content once; what it calls it there is
/// remembered beside the ledger, by realm, dialect and content.
namespace avstage::run {

/// The job with the content hash of every such file. Error{usage} with its place where one cannot be read, is
/// too large, or is not of a kind that the vendor takes there: before anything is bought.
Job with_hashed_assets(Job job);

/// `clip` with the vendor's ids in place of local files; what was not uploaded yet is uploaded now. Free of
/// charge, and no part of a purchase. Error as in Provider::upload; Error{input} named "changed" when a file
/// has changed since it was hashed.
AvatarRef with_uploads(Session& session, heygen::Provider& provider, AvatarRef clip,
                       const std::stop_token& stop);

/// A clip was refused: perhaps the vendor has deleted what it named. The next run uploads it again.
void forget_uploads(Session& session, heygen::Provider& provider, AvatarRef clip);

}  // namespace avstage::run
