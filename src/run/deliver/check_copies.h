#pragma once

#include "run/deliver/assemble.h"

namespace avstage::run {

/// Looks at the copied pieces of a finished film: their packets are, byte for byte, those of the segments,
/// decoding times rise, and where copied and encoded pieces meet every frame comes out of a decoder, the
/// copied ones unchanged. Error{proof} named "copy" names the difference; then the film is to be encoded as a
/// whole.
void check_copies(const Deliverable& deliverable, const std::string& film, const std::stop_token& stop);

}  // namespace avstage::run
