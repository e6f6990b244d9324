#pragma once

#include <stop_token>
#include <string>

#include "plan/captions.h"
#include "plan/timing.h"
#include "run/clips/session.h"

namespace avstage::run {

/// Whose extra: a video at the vendor's, and the key that its files in the archive are called by.
struct ExtraOf {
  std::string dialect, video_id, clip_key, label;
};

/// The archived file of an extra; "" where it has not been fetched yet.
std::string archived_extra(Session& session, const std::string& clip_key, plan::Extra extra);

/// The same, fetched first where need be, which costs nothing: asks the vendor for a fresh address. What
/// comes is read to its end before it is kept. Error{vendor} where the vendor has made none, Error{input} for
/// what is no caption file or no picture, Error{network}.
std::string obtain_extra(Session& session, const ExtraOf& of, plan::Extra extra, const std::stop_token& stop);

/// Reads the file of obtain_extra().
struct Captions {
  plan::Cues cues;
  std::string sha256;  ///< of the file
};
Captions read_captions(const std::string& path, const std::string& label);

/// What is known of a clip that shows them: its look is tried here, so that it fails before anything is
/// bought.
plan::ClipFacts captions_facts(Session& session, const CaptionsRef& captions, const std::string& sha256);
void require_look(const CaptionsRef& captions);

}  // namespace avstage::run
