#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "support/fault_server.h"
#include "support/media_fixtures.h"

namespace avstage::test {

/// A counter clip of 160x90 with noise from row `top` downwards: large for its length, so that a fault's
/// position means something.
std::string noisy_clip(Rational seconds, Index layout, int top);

/// One request for the clip, and what the server that misbehaves knows.
struct ClipRequest {
  int number;  ///< 0: the first of this run
  const HttpRequest& request;
  Connection& connection;
  const std::string& clip;
  std::uint64_t at;  ///< where in the file the fault strikes
  Index layout;
  std::string other_host;  ///< base URL of a server that serves the clip well
  Gate& tail_asked;        ///< opens with the first request for what lies behind the middle

  bool for_tail() const;
};

/// A row of the fault model: what the CDN does, and what a run of avstage has to make of it.
struct FaultCase {
  std::string name;
  std::function<void(const ClipRequest&)> serve;
  int code = 0;            ///< 0: recoverable, the output is identical to that of a clean run
  std::string says;        ///< part of the message, where the cause has one name
  bool positional = true;  ///< strikes at a byte of the file
  std::chrono::milliseconds stall{5'000};
  std::uint64_t max_clip_bytes = std::uint64_t(8) << 30;
  bool only_decoding = false;  ///< the bytes are all there: what decodes of them may be kept
};

/// Every row of the fault model's stream part that a loopback server can play.
std::vector<FaultCase> fault_cases();

/// Rows that strike the second request, that for an index at the end of a long clip. The front comes slowly
/// enough for it to be made, and well.
std::vector<FaultCase> tail_cases();

}  // namespace avstage::test
