#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/byte_source.h"

namespace avstage::run {

/// The bytes of files, one after the other, as a player puts an initialisation segment and media segments
/// together. One file is open at a time. Error{input} for one that cannot be opened.
std::unique_ptr<ByteSource> joined_files(std::vector<std::string> paths);

}  // namespace avstage::run
