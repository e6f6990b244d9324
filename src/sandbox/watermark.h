#pragma once

#include "sandbox/raster.h"

namespace avstage::sandbox {

/// The words SANDBOX TEST, diagonally and repeatedly over the whole picture.
Path watermark(int width, int height);

}  // namespace avstage::sandbox
