#include "run/deliver/joined_files.h"

#include <algorithm>

#include "net/http_stream.h"

namespace avstage::run {
namespace {

class JoinedFiles : public ByteSource {
 public:
  explicit JoinedFiles(std::vector<std::string> paths) : paths_(std::move(paths)) {
    for (const std::string& path : paths_) {
      starts_.push_back(size_);
      size_ += net::open_file_source(path)->size().value();
    }
  }

  std::size_t read(std::span<std::byte> out) override {
    if (position_ >= size_) return 0;
    select();
    const std::size_t n = file_->read(out);
    position_ += n;
    return n;
  }
  void seek(std::uint64_t position) override { position_ = position; }
  std::optional<std::uint64_t> size() override { return size_; }
  void abort() noexcept override {}

 private:
  void select() {
    const auto behind = std::upper_bound(starts_.begin(), starts_.end(), position_);
    const auto index = static_cast<std::size_t>(behind - starts_.begin()) - 1;
    if (!file_ || index != index_) file_ = net::open_file_source(paths_[index]);
    index_ = index;
    file_->seek(position_ - starts_[index_]);
  }

  std::vector<std::string> paths_;
  std::vector<std::uint64_t> starts_;
  std::uint64_t size_ = 0, position_ = 0;
  std::size_t index_ = 0;
  std::unique_ptr<ByteSource> file_;
};

}  // namespace

std::unique_ptr<ByteSource> joined_files(std::vector<std::string> paths) {
  return std::make_unique<JoinedFiles>(std::move(paths));
}

}  // namespace avstage::run
