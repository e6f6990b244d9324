#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "avstage/avstage.h"

/// Whether a render would work here, and what to do where it would not. Nothing is bought and nothing is
/// written by examine().
namespace avstage {

struct Finding {
  enum class State { ok, warning, failed };
  std::string check;  ///< libraries, encoders, decoders, filters, font, state, cache, key, api, account
  State state = State::ok;
  std::string found;
  std::string advice;                 ///< what to do; empty only where nothing has to be done
  ErrorCode code = ErrorCode::local;  ///< of a failed check: what a render would end with
};

/// In the order in which a render needs things. One free question goes to the vendor (or the stand-in). Only
/// Error{interrupted} is thrown.
std::vector<Finding> examine(const Settings& settings, const std::stop_token& stop = {});

struct LiveTest {
  std::string avatar, voice;  ///< empty: the first of the vendor's lists
  std::string transcript;     ///< the file to write
  /// Asked before anything is bought, with what it will be; not asked where the clip is in the archive
  /// already.
  std::function<bool(const std::string& purchase)> agree;
};
/// Buys one short clip the way render() does, looks at it, its URL and the older API from all sides, and
/// writes what was asked and answered, without secrets, signatures and personal data. Returns the video id.
/// The transcript is written even when it fails half way. Error{interrupted} "not_agreed" when `agree` says
/// no: nothing was bought.
std::string examine_live(const Settings& settings, const LiveTest& test, const Observer& observer = {},
                         const std::stop_token& stop = {});

}  // namespace avstage
