#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/stop.h"
#include "net/http_stream.h"

namespace avstage::net {
namespace {

class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_ < 0) fail("cannot open");
  }
  ~FileSource() override { ::close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  void require_regular() {
    struct stat facts;
    if (::fstat(fd_, &facts) != 0) fail("cannot read");
    if (!S_ISREG(facts.st_mode)) {
      throw Error(ErrorCode::input, fmt::format("{}: not a regular file", path_), "unreadable");
    }
  }

  std::size_t read(std::span<std::byte> out) override {
    for (;;) {
      if (aborted_) throw_stopped();
      ssize_t n = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(position_));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("cannot read");
      position_ += static_cast<std::uint64_t>(n);
      return static_cast<std::size_t>(n);
    }
  }

  void seek(std::uint64_t position) override { position_ = position; }

  std::optional<std::uint64_t> size() override {
    struct stat facts;
    if (::fstat(fd_, &facts) != 0) fail("cannot read");
    return static_cast<std::uint64_t>(facts.st_size);
  }

  void abort() noexcept override { aborted_ = true; }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw Error(ErrorCode::input, fmt::format("{}: {}: {}", path_, what, std::strerror(errno)), "unreadable");
  }

  std::string path_;
  int fd_;
  std::uint64_t position_ = 0;
  std::atomic<bool> aborted_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> open_file_source(const std::string& path) {
  auto source = std::make_unique<FileSource>(path);
  source->require_regular();
  return source;
}

}  // namespace avstage::net
