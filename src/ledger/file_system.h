#pragma once

#include <functional>
#include <string>

namespace avstage::ledger {

/// The kind of file system that a folder lies on.
struct FileSystem {
  long magic = 0;          ///< statfs f_type
  std::string mount_type;  ///< as in /proc/self/mountinfo ("fuse.sshfs"); only read for FUSE, "" when unknown
};

/// Asks the kernel. Error{local} when the folder cannot be asked about.
FileSystem file_system_of(const std::string& folder);
using FileSystemProbe = std::function<FileSystem(const std::string& folder)>;

/// The name of the network file system, "" for a local one. Locks and shared memory, which keep two machines
/// from buying one clip twice, are not to be trusted there. FUSE is local unless its mount type is known to
/// be a network's.
std::string network_name(const FileSystem& file_system);

}  // namespace avstage::ledger
