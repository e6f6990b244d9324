#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace avstage::test {

/// A disk of its own at an existing, empty folder, seen by this thread and by the processes that it starts.
/// Gone with the object.
class OwnDisk {
 public:
  /// nullptr where this user may not mount.
  static std::unique_ptr<OwnDisk> mount(const std::string& folder, std::uint64_t bytes);
  ~OwnDisk();
  OwnDisk(const OwnDisk&) = delete;
  OwnDisk& operator=(const OwnDisk&) = delete;

  /// The folder, with all that is below it.
  void set_read_only(bool read_only);
  /// One file of it, from now on.
  void protect(const std::string& file);

 private:
  explicit OwnDisk(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

/// Leaves so many bytes free on the disk of this folder, by the file "filler" in it.
void fill_disk(const std::string& folder, std::uint64_t but);

}  // namespace avstage::test
