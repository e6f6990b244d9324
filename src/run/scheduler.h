#pragma once

#include <functional>

#include "run/production.h"
#include "run/segment_store.h"

namespace avstage::run {

/// Obtains every missing clip and renders every segment: whatever is ready first, what waits for a clip as
/// soon as it can be read. Returns when all segments are in the store and all clips are proven. When a clip
/// fails, everything that does not show it is still rendered (a later run finds it) before the failure is
/// thrown. `when_known` is called once, when nothing is unknown and every clip can at least be read, whatever
/// is still to arrive or to be rendered; what it begins may wait for bytes: a clip that fails wakes it.
void render_segments(Production& production, SegmentStore& store,
                     const std::function<void()>& when_known = {});

}  // namespace avstage::run
