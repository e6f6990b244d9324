#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// The cache folder as every process sees it: segments that are shared, and what runs have in work. Nothing
/// here needs a lock against readers: a run holds the segments it uses by names of its own (SegmentStore), so
/// removing a shared name takes nothing from it. Any thread, any process.
namespace avstage::run {

struct CacheEntry {
  std::string kind;  ///< segment, run, spool, list
  std::string path;
  std::uint64_t bytes = 0;   ///< a run: what it holds besides shared segments
  std::int64_t used_at = 0;  ///< seconds since 1970
  std::int64_t used_ns = 0;  ///< the same in nanoseconds, to order by
  bool in_use = false;       ///< by a process that lives
};

struct Removed {
  int entries = 0;
  std::uint64_t bytes = 0;
};

std::string segments_dir(const std::string& cache_dir);
std::string gops_dir(const std::string& cache_dir);
std::string runs_dir(const std::string& cache_dir);

/// Everything in the cache but the sandbox's clips; segments by last use, oldest first. A folder that is not
/// there holds nothing.
std::vector<CacheEntry> cache_entries(const std::string& cache_dir);

/// Removes segments, least recently used first, until those that stay have at most `limit` bytes. What cannot
/// be removed stays.
Removed trim_segments(const std::string& cache_dir, std::uint64_t limit) noexcept;

/// Removes what processes that are no more left behind: folders of runs, spooled downloads.
Removed remove_left_behind(const std::string& cache_dir);

/// Removes all that no running process holds.
Removed clear_cache(const std::string& cache_dir);

/// A new folder for one run, locked while `lock` is open: an unlocked one was left behind. Error{local}.
struct RunFolder {
  std::string path;
  int lock = -1;
};
RunFolder make_run_folder(const std::string& cache_dir);

}  // namespace avstage::run
