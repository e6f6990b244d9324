#pragma once

#include <exception>
#include <map>
#include <set>
#include <string>

#include "avstage/media_facts.h"
#include "run/clips/session.h"

namespace avstage::run {

/// So many are read at once: more wait for a disk rather than for a core.
inline constexpr std::size_t kFilesAtOnce = 4;

struct FileFacts {
  MediaFacts media;
  std::string hash;          ///< of its content
  std::exception_ptr error;  ///< why there is nothing of the above
};

/// Probes each file, then hashes each, several at once. Where one cannot be used none is hashed, which may
/// take long: that is told first.
std::map<std::string, FileFacts> look_at_files(Session& session, const std::set<std::string>& paths);

}  // namespace avstage::run
