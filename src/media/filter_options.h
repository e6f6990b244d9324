#pragma once

#include <string>

struct AVFilterContext;

namespace avstage::media {

/// Sets one option of a filter that is not yet initialised. Error{usage} names the filter, the option and
/// what it allows; an unknown option lists the known ones.
void set_filter_option(AVFilterContext& context, const std::string& key, const std::string& value);

}  // namespace avstage::media
