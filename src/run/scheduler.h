#pragma once

#include "run/production.h"
#include "run/segment_store.h"

namespace avstage::run {

/// Obtains every missing clip and renders every segment: whatever is ready first, what waits for a clip as
/// soon as it can be read. Returns when all segments are in the store and all clips are proven. When a clip
/// fails, everything that does not show it is still rendered (a later run finds it) before the failure is
/// thrown.
void render_segments(Production& production, SegmentStore& store);

}  // namespace avstage::run
