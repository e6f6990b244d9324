#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "avstage/error.h"
#include "base/crash_point.h"
#include "base/disk.h"

namespace avstage {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw Error(ErrorCode::local, fmt::format("{}: {}: {}", path, what, std::strerror(errno)), "file");
}

struct Fd {
  int value = -1;
  ~Fd() {
    if (value >= 0) ::close(value);
  }
};

void sync_path(const std::string& path, int flags) {
  Fd fd{::open(path.c_str(), flags | O_CLOEXEC)};
  if (fd.value < 0) fail(path, "cannot open");
  if (::fsync(fd.value) != 0) fail(path, "cannot sync to disk");
}

void sync_folder_of(const std::string& path) {
  sync_path(folder_of(path), O_RDONLY | O_DIRECTORY);
}

void write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "cannot write");
    content.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// What is to be moved is on the disk already.
void move_to(const std::string& part, const std::string& target) {
  crash_point("before_rename");
  if (::rename(part.c_str(), target.c_str()) != 0) fail(target, "cannot publish");
  crash_point("renamed");
  sync_folder_of(target);
}

}  // namespace

void publish_file(const std::string& part, const std::string& target) {
  sync_path(part, O_RDONLY);
  move_to(part, target);
}

bool publish_link(const std::string& path, const std::string& target) {
  if (::link(path.c_str(), target.c_str()) != 0) {
    constexpr std::array harmless = {EEXIST, EPERM, EMLINK, EXDEV, EOPNOTSUPP, ENOSYS};
    if (std::find(harmless.begin(), harmless.end(), errno) != harmless.end()) return false;
    fail(target, "cannot publish");
  }
  crash_point("linked");
  sync_folder_of(target);
  return true;
}

void publish_folder(const std::string& part, const std::string& target) {
  namespace fs = std::filesystem;
  std::error_code ec;
  for (fs::recursive_directory_iterator it(part, ec), end; !ec && it != end; it.increment(ec)) {
    sync_path(it->path().string(), O_RDONLY | (it->is_directory() ? O_DIRECTORY : 0));
  }
  if (ec) {
    errno = ec.value();
    fail(part, "cannot be read");
  }
  sync_path(part, O_RDONLY | O_DIRECTORY);
  move_to(part, target);
}

void write_file(const std::string& path, std::string_view content) {
  Fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
  if (fd.value < 0) fail(path, "cannot create");
  write_all(fd.value, content, path);
}

void write_file_atomically(const std::string& target, std::string_view content) {
  std::string part = fmt::format("{}.{}.part", target, ::getpid());
  FileRemover remover(part);
  write_file(part, content);
  publish_file(part, target);
  remover.release();
}

void make_directories(const std::string& dir, ::mode_t mode) {
  namespace fs = std::filesystem;
  fs::path current;
  for (const fs::path& part : fs::path(dir)) {
    current /= part;
    if (current.empty() || ::mkdir(current.c_str(), mode) == 0) continue;
    const int why = errno;
    std::error_code ec;
    if (fs::is_directory(current, ec)) continue;
    errno = why;
    fail(current.string(), "cannot create the folder");
  }
}

std::string read_file(const std::string& path, std::size_t limit) {
  Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (fd.value < 0) {
    throw Error(ErrorCode::input, fmt::format("{}: cannot read: {}", path, std::strerror(errno)),
                "unreadable");
  }
  std::string out;
  char buffer[65536];
  for (;;) {
    ssize_t n = ::read(fd.value, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      throw Error(ErrorCode::input, fmt::format("{}: cannot read: {}", path, std::strerror(errno)),
                  "unreadable");
    }
    if (n == 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > limit) {
      throw Error(ErrorCode::input, fmt::format("{}: larger than {} bytes", path, limit), "too_large");
    }
  }
}

FileRemover::~FileRemover() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

FolderRemover::~FolderRemover() {
  std::error_code ec;
  if (!path_.empty()) std::filesystem::remove_all(path_, ec);
}

}  // namespace avstage
