#pragma once

#include "avstage/job.h"

namespace avstage {

/// What can only be seen with the whole job at hand and needs no media: ids, anchors and circles, lengths,
/// paths. Error{usage} at the first fault.
void check_job(const Job& job);

/// Anchors name clips that exist, no clip waits for itself, and something gives the programme its end.
void check_anchors(const Job& job);

}  // namespace avstage
