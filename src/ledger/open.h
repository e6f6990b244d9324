#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "ledger/file_system.h"
#include "ledger/ledger.h"
#include "ledger/sqlite.h"

namespace avstage::ledger {

/// Ledger::open with the question to the kernel exchanged, for tests.
std::unique_ptr<Ledger> open_on(const std::string& state_dir, Clock& clock, const FileSystemProbe& probe);

/// Creates the file and its tables where they are missing, and refuses what is no ledger of this version.
Database open_database(const std::string& state_dir);

}  // namespace avstage::ledger
