#pragma once

#include <stop_token>
#include <string>

#include "plan/plan.h"
#include "run/clips/session.h"

/// Paid clips whose copy in the archive is not what was bought any more: the vendor gives them again, free.
namespace avstage::run {

/// Moves a file out of the archive's way, to its name with ".damaged", for a human to look at. Warns.
void set_aside(const std::string& path);

/// Reads the archived clips of a plan again, whatever is remembered of their checksums, and sets aside those
/// that do not fit. False: all do. Error{interrupted}.
bool set_aside_damaged(Session& session, const plan::Plan& plan, const std::stop_token& stop);

}  // namespace avstage::run
