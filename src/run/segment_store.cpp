#include "run/segment_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "base/crash_point.h"

namespace avstage::run {
namespace fs = std::filesystem;
namespace {

/// What a run adds before it looks at the whole store again, as a share of the limit.
constexpr std::uint64_t kLooks = 16;

void mark_as_used(const std::string& path) {
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
}

/// For a disk without hard links. False where nothing was copied. Error{local}.
bool copy_to(const std::string& path, const std::string& name, const std::string& part) {
  std::error_code ec;
  FileRemover remover(part);
  if (!fs::copy_file(path, part, fs::copy_options::overwrite_existing, ec)) return false;
  publish_file(part, name);
  return true;
}

}  // namespace

SegmentStore::SegmentStore(const std::string& cache_dir, std::uint64_t limit,
                           std::function<void()> before_keeping)
    : cache_dir_(cache_dir), limit_(limit), before_keeping_(std::move(before_keeping)) {
  make_directories(segments_dir(cache_dir_));
  remove_left_behind(cache_dir_);
  run_ = make_run_folder(cache_dir_);
}

SegmentStore::~SegmentStore() {
  std::error_code ec;
  fs::remove_all(run_.path, ec);
  ::close(run_.lock);
  trim_segments(cache_dir_, limit_);
}

std::string SegmentStore::shared_path(const std::string& key) const {
  return fmt::format("{}/{}/{}.mp4", segments_dir(cache_dir_), key.substr(0, 2), key);
}

std::string SegmentStore::find(const std::string& key) const {
  const std::string own = own_path(key), shared = shared_path(key);
  if (::access(own.c_str(), R_OK) == 0) return own;
  if (::link(shared.c_str(), own.c_str()) == 0 || errno == EEXIST) {
    mark_as_used(own);
    return own;
  }
  if (errno == ENOENT || !copy_to(shared, own, part_path(key))) return "";
  mark_as_used(shared);
  return own;
}

void SegmentStore::forget(const std::string& key) const {
  std::error_code ec;
  fs::remove(shared_path(key), ec);
}

std::string SegmentStore::part_path(const std::string& key) const {
  return run_.path + "/" + key + ".part";
}

void SegmentStore::keep(const std::string& part, const std::string& key, const std::set<int>& unproven) {
  crash_point("segment");
  before_keeping_();
  publish_file(part, own_path(key));
  std::lock_guard lock(mutex_);
  std::set<int> open;
  std::set_difference(unproven.begin(), unproven.end(), proven_.begin(), proven_.end(),
                      std::inserter(open, open.end()));
  if (open.empty()) {
    share(key);
  } else {
    unproven_[key] = std::move(open);
  }
}

void SegmentStore::proven(int purchase) {
  std::lock_guard lock(mutex_);
  proven_.insert(purchase);
  for (auto it = unproven_.begin(); it != unproven_.end();) {
    it->second.erase(purchase);
    if (!it->second.empty()) {
      ++it;
      continue;
    }
    share(it->first);
    it = unproven_.erase(it);
  }
}

void SegmentStore::share(const std::string& key) {
  const std::string own = own_path(key), shared = shared_path(key);
  make_directories(fs::path(shared).parent_path().string());
  std::error_code ec;
  if (!publish_link(own, shared) && !fs::exists(shared, ec)) copy_to(own, shared, part_path(key));
  const std::uintmax_t bytes = fs::file_size(own, ec);
  if (!ec) grown_ += bytes;
  if (grown_ <= limit_ / kLooks) return;
  grown_ = 0;
  trim_segments(cache_dir_, limit_);
}

}  // namespace avstage::run
