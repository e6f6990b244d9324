#pragma once

#include "filters/native/picture.h"

namespace avstage::filters::native {

/// Puts `layer` with its alpha (null: opaque) over `base`, both 4:2:0, its top left corner at (x, y), both
/// even; what lies outside of `base` is left out. Any thread.
void blend(const Picture& base, const Picture& layer, int x, int y);

}  // namespace avstage::filters::native
