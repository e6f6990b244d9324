#pragma once

#include "plan/resolve.h"
#include "run/clips/media_access.h"
#include "run/clips/session.h"
#include "run/input_files.h"

namespace avstage::run {

/// What names everything that makes pixels; part of every content key.
std::string toolchain();

/// Checks filters, avatar words and fonts, and makes the plan. Error{usage}, nothing bought.
plan::Plan checked_plan(const Job& job);

/// Probes local media, which become `inputs`, and archived clips, which are registered with `media`.
/// Error{input} with the clip's place.
plan::Facts gather_facts(Session& session, const plan::Plan& plan, MediaAccess& media, InputFiles& inputs);

/// Checks filters against the pictures that are known. Error{usage} with the filter's place.
void check_pictures(const plan::Plan& plan, const plan::Facts& facts, const plan::Timing& timing);

/// The file a clip is, picture or film; nullptr: it is none.
const std::string* file_of(const MediaRef& ref);
/// The font it is written in; "": nothing is written.
std::string font_of(const MediaRef& ref);

}  // namespace avstage::run
