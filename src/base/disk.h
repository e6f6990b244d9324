#pragma once

#include <cstdint>
#include <optional>
#include <string>

struct stat;

namespace avstage {

/// Stays the same as long as a file is neither changed nor replaced.
std::string file_state(const struct stat& s);

/// The folder that a file's path stands in; "." for a bare name.
std::string folder_of(const std::string& path);

/// `path` as an absolute one, or the nearest folder above it that exists.
std::string nearest_existing(const std::string& path);

/// What this user can still write on the disk that holds `path`, which exists; nullopt where it does not
/// tell.
std::optional<std::uint64_t> free_bytes(const std::string& path);

/// Error{local} "no_space" when the disk that holds `path`, which exists, has no room for `bytes` more; names
/// both and what is missing. A disk that does not tell is believed to have it.
void require_room(const std::string& path, std::uint64_t bytes);

/// Whether a file can be renamed from one of the two folders to the other: they are on one file system, and
/// not on two mounts of it, as the volumes of a container often are. False where one does not exist.
bool on_one_mount(const std::string& folder, const std::string& other);

}  // namespace avstage
