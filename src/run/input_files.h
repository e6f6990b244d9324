#pragma once

#include <map>
#include <mutex>
#include <string>

#include "run/clips/session.h"

namespace avstage::run {

/// The local files that a job shows, as they are when it is planned. Whatever is made of them is kept, and
/// published, under the hash of what they were then: it must not be made of anything else. Any thread.
class InputFiles {
 public:
  explicit InputFiles(Session& session) : session_(session) {}

  /// `path` has to stay as it is from now on. Before it is read for the first time, and before
  /// Session::content_hash() of it.
  void add(const std::string& path);
  /// Error{input} named "changed" when one of them is not what it was. A look at its size and times; read
  /// again only where those differ: a file that was moved, linked or copied over with the same content is
  /// what it was.
  void require_unchanged();

 private:
  Session& session_;
  std::mutex mutex_;
  std::map<std::string, std::string> states_;  ///< by path: file_state(); "" where there is no file
};

}  // namespace avstage::run
