#pragma once

#include <optional>
#include <string>

#include "avstage/avstage.h"

/// What was bought, as the ledger in `settings.state_dir` knows it. Asks no one, reads no API key. A clip is
/// named by its tag ("avstage-" and 20 hex digits), by the first 6 or more digits of its key, or by its video
/// id. Each call may be made from any thread. Error{local} for a ledger that cannot be opened.
namespace avstage {

enum class LedgerForm { text, json, csv };

/// Every purchase, newest first. csv: one line each, with estimated credits and a column for each of the
/// jobs' tags: what a project has cost.
std::string ledger_list(const Settings& settings, LedgerForm form);

/// All that is known of one clip, every attempt. Error{usage} when none, or more than one, has that name.
std::string ledger_show(const Settings& settings, const std::string& clip, LedgerForm form);

/// A human's word about an ambiguous purchase: it was bought as `video_id`, or (nullopt) was not bought, so
/// that the next run buys it. One durable step; returns a line that says what was written. Error{usage} when
/// the clip's last attempt is not ambiguous, Error{locked} while a run works on it.
std::string ledger_settle(const Settings& settings, const std::string& clip,
                          const std::optional<std::string>& video_id);

}  // namespace avstage
