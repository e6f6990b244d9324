#pragma once

#include "run/production.h"
#include "run/segment_store.h"

namespace avstage::run {

/// Mixes the sound and puts every deliverable together that is not up to date: proven, renamed into place,
/// with its manifest. All segments are in the store and all clips proven.
void publish_outputs(Production& production, SegmentStore& store);

/// True, with the report filled, when every output is what this job makes already.
bool all_up_to_date(Production& production);

}  // namespace avstage::run
