#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/service.h"

namespace avstage::sandbox {

class Fields;

/// An http URL on loopback, the only kind that is ever called.
struct HookTarget {
  std::string origin, path;

  /// The status of the answer, 0 when none came in `time`.
  int send(const std::string& method, std::chrono::milliseconds time, const httplib::Headers& headers = {},
           const std::string& body = "") const;
};
/// nullopt for everything else.
std::optional<HookTarget> loopback_target(const std::string& url);
/// An https URL, or one with http on loopback; "" without one. Throws ApiError.
std::string read_hook_url(const Fields& fields, const char* name);

/// Tells what is over to the `callback_url` of the order and to the registered endpoints that want to hear of
/// it, signed as both generations sign, until they answer 2xx or five tries are over. A thread of its own;
/// members may be called by any thread.
class Courier {
 public:
  explicit Courier(Service& service);
  ~Courier();  ///< gives up what is not delivered; the next start tries again

  /// The deliveries since the start, as /__sandbox/state tells them.
  nlohmann::json deliveries() const;
  /// Signs what goes to a callback_url; an endpoint has a secret of its own.
  const std::string& secret() const { return secret_; }

 private:
  /// An event on its way to one of its targets.
  struct Delivery {
    nlohmann::json event;
    std::size_t target;
    nlohmann::json answers = nlohmann::json::array();
    std::int64_t due_ms = 0;
  };

  void run(const std::stop_token& stop);
  void note(const Video& video);
  void note_batch(const nlohmann::json& batch);
  void add_event(const nlohmann::json& event, const std::string& callback_url);
  void add_deliveries(const nlohmann::json& event);
  bool advance(Delivery& delivery);
  void post(const HookTarget& target, const nlohmann::json& event, const std::string& secret,
            nlohmann::json& answers) const;
  void close(const Delivery& delivery, const std::string& url, const std::string& not_sent);

  Service& service_;
  std::string secret_;
  std::vector<Delivery> open_;  ///< the thread's
  mutable std::mutex mutex_;
  nlohmann::json deliveries_ = nlohmann::json::array();
  std::jthread thread_;
};

/// Endpoints, event types and the history of events: /v1/webhook/… and /v3/webhooks/….
void serve_webhooks(httplib::Server& server, Service& service);

}  // namespace avstage::sandbox
