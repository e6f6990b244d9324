#include "ledger/file_system.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "avstage/error.h"

namespace avstage::ledger {
namespace {

constexpr std::uint32_t fuse_magic = 0x65735546;

constexpr std::array<std::pair<std::uint32_t, const char*>, 12> network_magics{{
    {0x6969, "NFS"},
    {0x517b, "SMB"},
    {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB2"},
    {0x01021997, "9p"},
    {0x00c36400, "Ceph"},
    {0x0bd00bd0, "Lustre"},
    {0x5346414f, "AFS"},
    {0x6b414653, "AFS"},
    {0x73757245, "Coda"},
    {0x47504653, "GPFS"},
    {0x19830326, "BeeGFS"},
}};

constexpr std::array network_fuse_types{"sshfs", "glusterfs", "ceph",  "rclone",
                                        "s3fs",  "juicefs",   "davfs", "smb"};

/// Lines are "36 35 98:0 /root /mount options [optional]... - type source superoptions".
std::string mount_type_of(dev_t device) {
  std::string wanted = fmt::format("{}:{}", major(device), minor(device));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string id, parent, number, type;
    words >> id >> parent >> number;
    if (number != wanted) continue;
    for (std::string word; words >> word && word != "-";) {
    }
    words >> type;
    return type;
  }
  return "";
}

}  // namespace

FileSystem file_system_of(const std::string& folder) {
  struct statfs facts {};
  struct stat file {};
  if (::statfs(folder.c_str(), &facts) != 0 || ::stat(folder.c_str(), &file) != 0) {
    throw Error(ErrorCode::local,
                fmt::format("{}: cannot examine the folder: {}", folder, std::strerror(errno)),
                "state_folder");
  }
  FileSystem out;
  out.magic = static_cast<long>(facts.f_type);
  if (static_cast<std::uint32_t>(out.magic) == fuse_magic) out.mount_type = mount_type_of(file.st_dev);
  return out;
}

std::string network_name(const FileSystem& file_system) {
  auto magic = static_cast<std::uint32_t>(file_system.magic);
  for (const auto& [number, name] : network_magics) {
    if (magic == number) return name;
  }
  if (magic != fuse_magic) return "";
  for (const char* type : network_fuse_types) {
    if (file_system.mount_type.find(type) != std::string::npos) return file_system.mount_type;
  }
  return "";
}

}  // namespace avstage::ledger
