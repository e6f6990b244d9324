#pragma once

#include <cstddef>

#include "plan/resolve.h"
#include "run/clips/session.h"

namespace avstage::run {

/// Folders exist and can be written, leftovers of killed runs are gone. Error{local}. Error{usage} where an
/// output, or what is written beside it, is a file that the job reads, or two outputs are one file, by
/// whatever names.
void prepare_outputs(const Job& job);
/// Whether output `index` may be written, by looking alone. Error{usage} for an existing file that is not up
/// to date, unless it may be replaced; Error{local} for a place that cannot be written.
void check_output(Session& session, const Job& job, const plan::RenderPlan& render, std::size_t index);
void check_outputs(Session& session, const Job& job, const plan::RenderPlan& render);

}  // namespace avstage::run
