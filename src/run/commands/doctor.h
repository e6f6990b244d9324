#pragma once

#include <span>

namespace avstage::run {

/// Every filter of libavfilter that composing, texts and the filters of avstage are made of.
std::span<const char* const> needed_filters();

}  // namespace avstage::run
