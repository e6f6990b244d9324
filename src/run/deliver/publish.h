#pragma once

#include "run/deliver/soundtrack.h"
#include "run/production.h"
#include "run/segment_store.h"

namespace avstage::run {

/// Puts every deliverable together that is not up to date: proven, renamed into place, with its manifest. All
/// segments are in the store and all clips proven.
void publish_outputs(Production& production, SegmentStore& store, Soundtrack& soundtrack);

/// Indices in the job of the deliverables that are not there as this job makes them; of a stream the first.
std::vector<std::size_t> outputs_to_make(Production& production);

/// True, with the report filled, when every output is what this job makes already.
bool all_up_to_date(Production& production);

}  // namespace avstage::run
