#pragma once

#include <string>

namespace avstage::media {

/// Error{usage} unless `path` is a TrueType or OpenType font whose tables are all there. libavfilter would
/// quietly draw with another font instead of one it cannot load.
void require_font(const std::string& path);

}  // namespace avstage::media
