#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace avstage {

/// Publishes a finished file: fsync of `part`, rename to `target` (replacing it), fsync of the directory.
/// On failure throws Error{local} and `target` is as it was; `part` is left for the caller to remove.
void publish_file(const std::string& part, const std::string& target);

/// Gives the finished file `path` a second name, `target`, on the same disk; durable. False, and nothing is
/// done, where `target` exists already or the disk knows no hard links; Error{local} on failure.
bool publish_link(const std::string& path, const std::string& target);

/// publish_file() for a folder, with all that is in it; `target` must not exist.
void publish_folder(const std::string& part, const std::string& target);

/// Creates or replaces `path`, which nothing protects from being seen half written: for what is published
/// later. Error{local}.
void write_file(const std::string& path, std::string_view content);

/// Writes `content` to a ".part" beside `target`, then publish_file. Error{local} on failure, no leftovers.
void write_file_atomically(const std::string& target, std::string_view content);

/// Creates `dir` and its parents, with `mode` (less the umask) for those that are new. Error{local} when that
/// is impossible.
void make_directories(const std::string& dir, ::mode_t mode = 0700);

/// The whole file as text; Error{input} when it cannot be read or is larger than `limit` bytes.
std::string read_file(const std::string& path, std::size_t limit = std::size_t(64) << 20);

/// Removes a file when the scope ends, unless release() was called. Ignores a file that is not there.
class FileRemover {
 public:
  explicit FileRemover(std::string path) : path_(std::move(path)) {}
  FileRemover(const FileRemover&) = delete;
  FileRemover& operator=(const FileRemover&) = delete;
  ~FileRemover();
  void release() { path_.clear(); }

 private:
  std::string path_;
};

/// The same for a folder with all that is in it.
class FolderRemover {
 public:
  explicit FolderRemover(std::string path) : path_(std::move(path)) {}
  FolderRemover(const FolderRemover&) = delete;
  FolderRemover& operator=(const FolderRemover&) = delete;
  ~FolderRemover();
  void release() { path_.clear(); }

 private:
  std::string path_;
};

}  // namespace avstage
