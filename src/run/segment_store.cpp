#include "run/segment_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "base/crash_point.h"

namespace avstage::run {
namespace fs = std::filesystem;
namespace {

int lock_folder(const std::string& dir) {
  int fd = ::open((dir + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

/// A run's folder is locked while its process lives, so an unlocked one is a leftover.
void remove_leftovers(const std::string& runs) {
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(runs, ec)) {
    int fd = lock_folder(entry.path().string());
    if (fd < 0) continue;
    fs::remove_all(entry.path(), ec);
    ::close(fd);
  }
}

}  // namespace

SegmentStore::SegmentStore(const std::string& cache_dir) : root_(cache_dir + "/segments") {
  make_directories(root_);
  const std::string runs = cache_dir + "/runs";
  make_directories(runs);
  remove_leftovers(runs);
  run_dir_ = runs + "/XXXXXX";
  if (::mkdtemp(run_dir_.data()) == nullptr) {
    throw Error(ErrorCode::local, fmt::format("{}: cannot create a folder: {}", runs, std::strerror(errno)),
                "file");
  }
  run_lock_ = lock_folder(run_dir_);
}

SegmentStore::~SegmentStore() {
  std::error_code ec;
  fs::remove_all(run_dir_, ec);
  if (run_lock_ >= 0) ::close(run_lock_);
}

std::string SegmentStore::shared_path(const std::string& key) const {
  return fmt::format("{}/{}/{}.mp4", root_, key.substr(0, 2), key);
}

std::string SegmentStore::find(const std::string& key) const {
  for (const std::string& path : {own_path(key), shared_path(key)}) {
    if (::access(path.c_str(), R_OK) == 0) return path;
  }
  return "";
}

std::string SegmentStore::part_path(const std::string& key) const {
  return run_dir_ + "/" + key + ".part";
}

void SegmentStore::keep(const std::string& part, const std::string& key, const std::set<int>& unproven) {
  crash_point("segment");
  std::lock_guard lock(mutex_);
  if (unproven.empty()) {
    make_directories(fs::path(shared_path(key)).parent_path().string());
    publish_file(part, shared_path(key));
  } else {
    publish_file(part, own_path(key));
    unproven_[key] = unproven;
  }
}

void SegmentStore::proven(int purchase) {
  std::lock_guard lock(mutex_);
  for (auto it = unproven_.begin(); it != unproven_.end();) {
    it->second.erase(purchase);
    if (!it->second.empty()) {
      ++it;
      continue;
    }
    make_directories(fs::path(shared_path(it->first)).parent_path().string());
    publish_file(own_path(it->first), shared_path(it->first));
    it = unproven_.erase(it);
  }
}

}  // namespace avstage::run
