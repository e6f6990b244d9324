#pragma once

#include <stop_token>
#include <string>

#include "run/clips/poll_pace.h"
#include "run/clips/session.h"

namespace avstage::run {

/// A video at the vendor's that is completed and can be fetched.
struct Bought {
  std::string dialect, video_id;
  std::string origin;  ///< bought, resumed, given
  heygen::VideoStatus status;
  std::optional<ledger::Entry> entry;  ///< none for a video_id that the job gave
};

/// Takes one avatar clip from intent to completed: the only code that spends money. Blocks; Error as in
/// reliability: money (3), network (4), vendor (5), ambiguous (9), interrupted. The caller holds the clip's
/// lock. `waiting` hears the vendor's status words, `submitted` the id of a video that was just bought.
class Purchaser {
 public:
  struct Listener {
    std::function<void(const std::string& word)> waiting;
    std::function<void(const std::string& video_id)> submitted;
  };
  /// `stands_for`: the tag of the purchase whose place this one takes; it is noted in the ledger.
  Purchaser(Session& session, const HeygenSettings& heygen, const AvatarRef& avatar, std::string clip_key,
            std::string label, Listener listener, std::string stands_for = "");
  Bought run(const std::stop_token& stop);

 private:
  void require_buying() const;
  ledger::Entry bring_to_submitted(const std::stop_token& stop);
  bool is_replayable(const ledger::Entry& entry);
  ledger::Entry submit(ledger::Entry entry, const std::stop_token& stop);
  ledger::Entry reconcile(const ledger::Entry& entry, const std::stop_token& stop);
  std::pair<PollPace, std::chrono::steady_clock::time_point> pace(const std::string& dialect) const;
  struct Polled {
    std::string dialect;  ///< that knows the video
    heygen::VideoStatus status;
  };
  Polled poll(const std::string& dialect, const std::string& video_id, const std::stop_token& stop);
  heygen::VideoStatus poll_in(const std::string& dialect, const std::string& video_id,
                              const std::stop_token& stop);
  Bought settle(ledger::Entry entry, const std::stop_token& stop);
  void wait_as_asked(std::chrono::milliseconds asked, const std::string& why, const std::stop_token& stop);
  [[noreturn]] void fail_lost(const std::string& video_id) const;
  [[noreturn]] void fail_ambiguous(const ledger::Entry& entry, const std::string& why);
  template <typename Question>
  auto asked(const Question& question);
  /// Error{network} where the deadline comes first; `what` is being waited for.
  void sleep(std::chrono::milliseconds duration, const std::string& what, const std::stop_token& stop);
  void require_time(std::chrono::milliseconds duration, const std::string& what) const;

  Session& session_;
  const HeygenSettings& heygen_;
  const AvatarRef& avatar_;
  std::string clip_key_, label_;
  std::string stands_for_;  ///< the tag of the transparent clip whose place this one takes, for the ledger
  Listener listener_;
  std::string origin_ = "resumed";
  std::int64_t ordered_at_ = 0;          ///< seconds since 1970, 0: not by a purchase that is known
  bool had_it_ = false;                  ///< it was completed in an earlier run
  std::chrono::milliseconds waited_{0};  ///< because the vendor asked
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace avstage::run
