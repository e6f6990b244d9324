#include "run/cache_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <tuple>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "base/crash_point.h"
#include "base/leftovers.h"
#include "ledger/lock_file.h"

namespace avstage::run {
namespace {

namespace fs = std::filesystem;

/// A folder has this before its name until its lock is taken, so that nobody takes it for left behind.
constexpr std::string_view kBeingMade = "new-";
constexpr std::int64_t kLongestMaking = 3600;  ///< seconds

std::string spool_dir(const std::string& cache_dir) {
  return cache_dir + "/spool";
}

/// The lock of a run that is no more; -1 while it lives.
int lock_left_behind(const std::string& folder) {
  try {
    return ledger::lock_file(folder + "/lock", false);
  } catch (const Error&) {  // it is being removed, or not ours to touch
    return -1;
  }
}

bool is_left_behind(const fs::path& folder) {
  struct stat s {};
  if (folder.filename().string().starts_with(kBeingMade)) {
    return ::stat(folder.c_str(), &s) == 0 && s.st_mtim.tv_sec + kLongestMaking < ::time(nullptr);
  }
  const int fd = lock_left_behind(folder.string());
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

/// Nothing for a name that has just been taken away by another process.
void add_file(std::vector<CacheEntry>& entries, const std::string& kind, const fs::path& path) {
  struct stat s {};
  if (::lstat(path.c_str(), &s) != 0 || !S_ISREG(s.st_mode)) return;
  CacheEntry entry;
  entry.kind = kind;
  entry.path = path.string();
  entry.bytes = static_cast<std::uint64_t>(s.st_size);
  entry.used_at = s.st_mtim.tv_sec;
  entry.used_ns = s.st_mtim.tv_nsec;
  entries.push_back(std::move(entry));
}

std::vector<CacheEntry> segments(const std::string& cache_dir) {
  std::vector<CacheEntry> entries;
  std::error_code ec;
  for (const auto& folder : fs::directory_iterator(segments_dir(cache_dir), ec)) {
    std::error_code inner;
    for (const auto& file : fs::directory_iterator(folder.path(), inner)) {
      add_file(entries, "segment", file.path());
    }
  }
  std::sort(entries.begin(), entries.end(), [](const CacheEntry& a, const CacheEntry& b) {
    return std::tie(a.used_at, a.used_ns, a.path) < std::tie(b.used_at, b.used_ns, b.path);
  });
  return entries;
}

std::vector<CacheEntry> runs(const std::string& cache_dir) {
  std::vector<CacheEntry> entries;
  std::error_code ec;
  for (const auto& folder : fs::directory_iterator(runs_dir(cache_dir), ec)) {
    struct stat s {};
    if (::lstat(folder.path().c_str(), &s) != 0 || !S_ISDIR(s.st_mode)) continue;
    CacheEntry entry;
    entry.kind = "run";
    entry.path = folder.path().string();
    entry.used_at = s.st_mtim.tv_sec;
    entry.in_use = !is_left_behind(folder.path());
    std::error_code inner;
    for (const auto& file : fs::directory_iterator(folder.path(), inner)) {
      if (::lstat(file.path().c_str(), &s) == 0 && s.st_nlink == 1) entry.bytes += std::uint64_t(s.st_size);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<CacheEntry> files(const std::string& dir, const std::string& kind) {
  std::vector<CacheEntry> entries;
  std::error_code ec;
  for (const auto& file : fs::directory_iterator(dir, ec)) add_file(entries, kind, file.path());
  return entries;
}

/// What the vendor offers, and where the groups of films lie.
std::vector<CacheEntry> lists(const std::string& cache_dir) {
  std::vector<CacheEntry> entries = files(cache_dir + "/lists", "list");
  const std::vector<CacheEntry> more = files(gops_dir(cache_dir), "list");
  entries.insert(entries.end(), more.begin(), more.end());
  return entries;
}

std::vector<CacheEntry> spooled(const std::string& cache_dir) {
  std::vector<CacheEntry> entries = files(spool_dir(cache_dir), "spool");
  for (CacheEntry& entry : entries) entry.in_use = !is_leftover(fs::path(entry.path).filename().string());
  return entries;
}

void remove_file(const CacheEntry& entry, Removed& removed) noexcept {
  if (::unlink(entry.path.c_str()) != 0) return;
  ++removed.entries;
  removed.bytes += entry.bytes;
}

/// Its lock is held while it is removed: of two that clean up, one does it.
void remove_run(const CacheEntry& entry, Removed& removed) {
  const bool made = !fs::path(entry.path).filename().string().starts_with(kBeingMade);
  const int fd = made ? lock_left_behind(entry.path) : -1;
  if (made && fd < 0) return;
  std::error_code ec;
  fs::remove_all(entry.path, ec);
  if (fd >= 0) ::close(fd);
  if (ec) return;
  ++removed.entries;
  removed.bytes += entry.bytes;
}

}  // namespace

std::string segments_dir(const std::string& cache_dir) {
  return cache_dir + "/segments";
}

std::string gops_dir(const std::string& cache_dir) {
  return cache_dir + "/gops";
}

std::string runs_dir(const std::string& cache_dir) {
  return cache_dir + "/runs";
}

std::vector<CacheEntry> cache_entries(const std::string& cache_dir) {
  std::vector<CacheEntry> entries = segments(cache_dir);
  for (const auto& more : {runs(cache_dir), spooled(cache_dir), lists(cache_dir)}) {
    entries.insert(entries.end(), more.begin(), more.end());
  }
  return entries;
}

Removed trim_segments(const std::string& cache_dir, std::uint64_t limit) noexcept {
  Removed removed;
  try {
    const std::vector<CacheEntry> entries = segments(cache_dir);
    std::uint64_t total = 0;
    for (const CacheEntry& entry : entries) total += entry.bytes;
    for (const CacheEntry& entry : entries) {
      if (total <= limit) break;
      crash_point("evicting");
      remove_file(entry, removed);
      total -= entry.bytes;  // also where another process was quicker
    }
  } catch (...) {  // no memory for the list: the next run trims
  }
  return removed;
}

Removed remove_left_behind(const std::string& cache_dir) {
  Removed removed;
  for (const CacheEntry& entry : runs(cache_dir)) {
    if (!entry.in_use) remove_run(entry, removed);
  }
  for (const CacheEntry& entry : spooled(cache_dir)) {
    if (!entry.in_use) remove_file(entry, removed);
  }
  return removed;
}

Removed clear_cache(const std::string& cache_dir) {
  Removed removed = remove_left_behind(cache_dir);
  for (const auto& shared : {segments(cache_dir), lists(cache_dir)}) {
    for (const CacheEntry& entry : shared) remove_file(entry, removed);
  }
  return removed;
}

RunFolder make_run_folder(const std::string& cache_dir) {
  const std::string dir = runs_dir(cache_dir);
  make_directories(dir);
  auto failed = [&] {
    return Error(ErrorCode::local, fmt::format("{}: cannot create a folder: {}", dir, std::strerror(errno)),
                 "file");
  };
  std::string unlocked = fmt::format("{}/{}XXXXXX", dir, kBeingMade);
  if (::mkdtemp(unlocked.data()) == nullptr) throw failed();
  RunFolder folder;
  folder.lock = ledger::lock_file(unlocked + "/lock", true);
  folder.path = fmt::format("{}/{}", dir, unlocked.substr(dir.size() + 1 + kBeingMade.size()));
  if (::rename(unlocked.c_str(), folder.path.c_str()) != 0) {
    ::close(folder.lock);
    throw failed();
  }
  return folder;
}

}  // namespace avstage::run
