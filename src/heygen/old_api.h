#pragma once

#include <stop_token>
#include <string>

#include "heygen/provider.h"

namespace avstage::heygen {

/// What became of the API before v3, as "HTTP 410" or the reason why there is no answer.
struct OldApi {
  std::string status;  ///< of the question about a video
  std::string create;  ///< of an order without a scene, which can be refused but not carried out
};
/// Two requests, not repeated. Error{interrupted}.
OldApi ask_old_api(net::Client& client, const Account& account, const std::string& video_id,
                   const std::stop_token& stop);

}  // namespace avstage::heygen
