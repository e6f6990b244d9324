#pragma once

#include <string>

#include "avstage/media_facts.h"
#include "heygen/provider.h"

/// A clip that arrived, against what was promised of it.
namespace avstage::run {

/// Error{input}: it is not likely to be the clip that was bought.
void require_likely_length(const std::string& label, const MediaFacts& facts,
                           const heygen::VideoStatus& status);

/// Once the bytes are all there: `promised` by its header, `found` by reading it. `length_proven`: by the
/// transport; `end_marked`: by the container. Error{input} where nothing proves the end.
void check_contract(const std::string& label, const MediaFacts& promised, const MediaFacts& found,
                    const heygen::VideoStatus& status, bool length_proven, bool end_marked);

/// Error{input} unless a medium that was read to its end is as long as its header said.
void require_promised_length(const std::string& label, const MediaFacts& promised, const MediaFacts& found);

}  // namespace avstage::run
