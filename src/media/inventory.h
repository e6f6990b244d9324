#pragma once

#include <span>
#include <string>
#include <vector>

namespace avstage::media {

enum class Part { encoder, decoder, filter };

/// Those of `names` that the installed libraries do not have.
std::vector<std::string> missing(Part part, std::span<const char* const> names);

}  // namespace avstage::media
