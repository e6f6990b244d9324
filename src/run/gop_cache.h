#pragma once

#include "base/gop_index.h"
#include "run/clips/session.h"

namespace avstage::run {

/// media::scan_gops() of a local file, remembered in the cache by the file's content: a film is read through
/// for it once. Throws as that does.
GopIndex known_gops(Session& session, const std::string& path, Rational fps);

}  // namespace avstage::run
