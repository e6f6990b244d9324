#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace avstage::test {

/// A folder of its own for one test, removed with everything in it at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  /// Every file below it, relative, sorted.
  std::vector<std::string> files() const;

 private:
  std::string path_;
};

}  // namespace avstage::test
