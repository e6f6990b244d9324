#include "net/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "avstage/error.h"
#include "base/crash_point.h"
#include "base/disk.h"
#include "base/stop.h"

namespace avstage::net {
namespace {

ssize_t pread_retrying(int fd, std::span<std::byte> out, std::uint64_t at) {
  for (;;) {
    ssize_t n = ::pread(fd, out.data(), out.size(), static_cast<off_t>(at));
    if (n >= 0 || errno != EINTR) return n;
  }
}

}  // namespace

Spool::Spool(const std::string& path)
    : path_(path), fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
  if (fd_ < 0) fail_disk("cannot create", errno);
}

Spool::~Spool() {
  ::close(fd_);
}

void Spool::fail_disk(const std::string& what, int error) const {
  throw Error(ErrorCode::local, fmt::format("{}: {}: {}", path_, what, std::strerror(error)), "file");
}

/// Better now than after an hour of download. Not every file system can reserve, so it is asked first.
void Spool::reserve(std::uint64_t size) const {
  require_room(path_, size);
  if (::fallocate(fd_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) != 0 && errno == ENOSPC) {
    fail_disk(fmt::format("no room for {} bytes", size), ENOSPC);
  }
}

void Spool::announce(std::optional<std::uint64_t> size, bool seekable) {
  if (size && !this->size()) reserve(*size);
  std::lock_guard lock(mutex_);
  announced_ = true;
  if (size) size_ = size;
  seekable_ = size_ && (seekable_ || seekable);
  changed_.notify_all();
}

void Spool::set_end(std::uint64_t size) {
  std::lock_guard lock(mutex_);
  size_ = size;
  changed_.notify_all();
}

std::size_t Spool::write(std::uint64_t at, std::span<const std::byte> data) {
  {
    std::lock_guard lock(mutex_);
    std::optional<Gap> gap = present_.first_gap(at, std::nullopt);
    if (gap->begin != at) return 0;
    if (gap->end) data = data.first(std::min<std::uint64_t>(data.size(), *gap->end - at));
  }
  for (std::size_t done = 0; done < data.size();) {
    ssize_t n = ::pwrite(fd_, data.data() + done, data.size() - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_disk("cannot write", errno);
    done += static_cast<std::size_t>(n);
  }
  crash_point("streaming");
  std::lock_guard lock(mutex_);
  present_.add(at, at + data.size());
  changed_.notify_all();
  return data.size();
}

bool Spool::holds(std::uint64_t at, std::span<const std::byte> data) const {
  std::vector<std::byte> ours(data.size());
  for (std::size_t done = 0; done < ours.size();) {
    ssize_t n = pread_retrying(fd_, std::span(ours).subspan(done), at + done);
    if (n < 0) fail_disk("cannot read", errno);
    if (n == 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return std::equal(ours.begin(), ours.end(), data.begin());
}

void Spool::finish() {
  std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

void Spool::fail(std::exception_ptr cause) {
  std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(cause);
  changed_.notify_all();
}

void Spool::abort() noexcept {
  std::lock_guard lock(mutex_);
  aborted_ = true;
  changed_.notify_all();
}

void Spool::wake(std::atomic<bool>& gone) noexcept {
  std::lock_guard lock(mutex_);
  gone = true;
  changed_.notify_all();
}

std::optional<Gap> Spool::first_gap(std::uint64_t from) const {
  std::lock_guard lock(mutex_);
  return present_.first_gap(from, size_);
}

std::optional<std::uint64_t> Spool::size() const {
  std::lock_guard lock(mutex_);
  return size_;
}

std::uint64_t Spool::received() const {
  std::lock_guard lock(mutex_);
  return present_.total();
}

bool Spool::finished() const {
  std::lock_guard lock(mutex_);
  return finished_;
}

std::optional<std::uint64_t> Spool::far_reader(std::uint64_t distance) const {
  if (!seekable_) return std::nullopt;
  auto first = waiting_.upper_bound(present_.run_end(0) + distance);
  auto it = std::find_if(first, waiting_.end(), [&](std::uint64_t at) { return !present_.contains(at); });
  if (it == waiting_.end() || *it >= *size_) return std::nullopt;
  return *it;
}

std::optional<std::uint64_t> Spool::wait_for_far_reader(std::uint64_t distance, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  std::optional<std::uint64_t> at;
  changed_.wait(lock, stop, [&] { return over() || (at = far_reader(distance)); });
  if (over() || stop.stop_requested()) return std::nullopt;
  return at;
}

void Spool::throw_if_ended(const std::atomic<bool>& gone) const {
  if (aborted_ || gone) throw_stopped();
}

std::size_t Spool::read(std::uint64_t at, std::span<std::byte> out, const std::atomic<bool>& gone) {
  std::unique_lock lock(mutex_);
  auto place = waiting_.insert(at);
  changed_.notify_all();
  changed_.wait(lock, [&] { return present_.contains(at) || over() || gone || (size_ && at >= *size_); });
  waiting_.erase(place);
  throw_if_ended(gone);
  std::uint64_t available = present_.run_end(at) - at;
  if (available == 0 && failure_) std::rethrow_exception(failure_);
  if (available == 0) return 0;
  lock.unlock();
  return read_present(at, out.first(std::min<std::uint64_t>(out.size(), available)));
}

std::size_t Spool::read_arrived(std::uint64_t at, std::span<std::byte> out) const {
  std::unique_lock lock(mutex_);
  std::uint64_t available = present_.run_end(at) - at;
  if (available == 0 && failure_) std::rethrow_exception(failure_);
  if (available == 0) return 0;
  lock.unlock();
  return read_present(at, out.first(std::min<std::uint64_t>(out.size(), available)));
}

void Spool::want(std::uint64_t at) {
  std::lock_guard lock(mutex_);
  waiting_.insert(at);
  changed_.notify_all();
}

void Spool::unwant(std::uint64_t at) noexcept {
  std::lock_guard lock(mutex_);
  if (auto place = waiting_.find(at); place != waiting_.end()) waiting_.erase(place);
}

std::size_t Spool::read_present(std::uint64_t at, std::span<std::byte> out) const {
  ssize_t n = pread_retrying(fd_, out, at);
  if (n < 0) fail_disk("cannot read", errno);
  if (n == 0 && !out.empty()) {
    throw Error(ErrorCode::local, fmt::format("{}: was cut short by somebody else", path_), "file");
  }
  return static_cast<std::size_t>(n);
}

std::optional<std::uint64_t> Spool::wait_size(const std::atomic<bool>& gone) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return announced_ || over() || gone; });
  throw_if_ended(gone);
  if (!announced_ && failure_) std::rethrow_exception(failure_);
  return size_;
}

void Spool::wait_finished(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return over(); });
  if (failure_ && !aborted_) std::rethrow_exception(failure_);
  if (!finished_) throw_stopped();
}

}  // namespace avstage::net
