#include "support/temp_dir.h"

#include <stdlib.h>

#include <algorithm>
#include <stdexcept>

namespace avstage::test {
namespace fs = std::filesystem;

TempDir::TempDir() {
  std::string pattern = (fs::temp_directory_path() / "avstage-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ec;
  fs::remove_all(path_, ec);
}

std::vector<std::string> TempDir::files() const {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    if (entry.is_regular_file()) out.push_back(fs::relative(entry.path(), path_).string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace avstage::test
