#pragma once

#include <map>
#include <string>

#include "timeline/json_text.h"

namespace avstage {

/// Reads `vars` and replaces ${name} in every string of the job but those in `vars`; keys stay as they are,
/// and what a variable brings in is never read again. "$${" is a literal "${". A string that is nothing but
/// "${n}" becomes the number or boolean that `n` is declared as. Error{usage} when a name is undefined, a
/// variable has neither default nor --set, or a value is not of the declared type.
void substitute_variables(json_text::Document& document, const std::map<std::string, std::string>& set);

}  // namespace avstage
