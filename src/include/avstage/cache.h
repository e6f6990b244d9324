#pragma once

#include <string>

#include "avstage/avstage.h"

/// The cache folder of `settings`: segments that are kept for later runs, and what runs have in work. All of
/// it can be made again. Runs that are going on are not disturbed: what they use is theirs until they end.
/// Each call may be made from any thread, by several processes at once.
namespace avstage {

enum class CacheForm { text, json };

/// What is in it: bytes by kind, and in JSON every entry. The sandbox's clips are not counted.
std::string cache_list(const Settings& settings, CacheForm form);

/// Removes what dead processes left behind, and segments, the least recently used first, until they fit
/// `settings.cache_limit`. Says what was removed.
std::string cache_collect(const Settings& settings, CacheForm form);

/// Removes all that no running process holds. Says what was removed.
std::string cache_clear(const Settings& settings, CacheForm form);

}  // namespace avstage
