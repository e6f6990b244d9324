#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/service.h"

namespace avstage::sandbox {

/// Calls the `callback_url` of videos that are over, signed as both generations sign, until it answers 2xx or
/// five tries are over. Loopback targets with plain http only: nothing leaves the machine. A thread of its
/// own; members may be called by any thread.
class Courier {
 public:
  explicit Courier(Service& service);
  ~Courier();  ///< gives up what is not delivered; the next start tries again

  /// The deliveries since the start, as /__sandbox/state tells them.
  nlohmann::json deliveries() const;
  const std::string& secret() const { return secret_; }

 private:
  void run(const std::stop_token& stop);
  void notify(const Video& video, const std::stop_token& stop);
  int post(const std::string& url, const std::string& body, const std::string& secret);

  Service& service_;
  std::string secret_;
  mutable std::mutex mutex_;
  nlohmann::json deliveries_ = nlohmann::json::array();
  std::jthread thread_;
};

}  // namespace avstage::sandbox
