#pragma once

#include <string>

namespace avstage::ledger {

/// Opens `path` (created with mode 0600) and takes the exclusive flock on it, which lasts until the
/// descriptor is closed. -1 when another holds it and `wait` is false. Error{local} otherwise.
int lock_file(const std::string& path, bool wait);

}  // namespace avstage::ledger
