#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "plan/timing.h"
#include "run/clips/media_access.h"
#include "run/clips/session.h"

namespace avstage::run {

/// News about one purchase, for the scheduler.
struct AcquireNews {
  enum class Kind {
    readable,  ///< it can be opened through MediaAccess; `facts` are certain
    proven,    ///< every byte is there and proven; it is in the archive
    failed     ///< `error`
  };
  Kind kind;
  int purchase = 0;
  plan::ClipFacts facts;
  std::string captions;  ///< names their content, where the job uses them
  std::exception_ptr error;
  PurchaseReport report;
};

/// Obtains avatar clips: one thread each, mostly asleep; at most `max_concurrent` are being made at once, by
/// all runs on this state folder together. Every step that costs money is durable in the ledger before it is
/// taken; run again after any crash, it continues.
class Acquirer {
 public:
  Acquirer(Session& session, const plan::Plan& plan, MediaAccess& media, Observer observer);
  ~Acquirer();  ///< stops and joins; what was submitted stays in the ledger

  /// Starts obtaining these purchases. Once.
  void start(const std::vector<int>& purchases);
  BoundedQueue<AcquireNews>& news() { return news_; }
  /// Wakes everything that waits for the vendor or for bytes, also readers of the clips. Any thread, after
  /// start().
  void interrupt() noexcept;
  void stop();

 private:
  void obtain(int purchase, const std::stop_token& stop);

  Session& session_;
  const plan::Plan& plan_;
  MediaAccess& media_;
  Observer observer_;
  BoundedQueue<AcquireNews> news_;
  std::vector<std::jthread> threads_;
};

/// The identity of a vendor's clip, as it goes into content keys.
std::string avatar_identity(const std::string& realm, const std::string& video_id);

}  // namespace avstage::run
