#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "heygen/provider.h"

namespace avstage::run {

/// The status questions about all clips that are waited for, put together: where the dialect can, one request
/// asks for a hundred, and its answer serves everybody whose turn comes next. Any thread.
class StatusRounds {
 public:
  /// Both outlive it.
  StatusRounds(heygen::Provider& provider, Clock& clock) : provider_(provider), clock_(clock) {}

  /// One video that is waited for, as long as it lives. One thread.
  class Watch {
   public:
    Watch(StatusRounds& rounds, std::string video_id);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// How the video stands now, or stood when another one's turn brought an answer since the last call. That
    /// it is over is always the vendor's word about this video alone. Throws as Provider::status does.
    heygen::VideoStatus ask(const std::stop_token& stop, const heygen::BusyWait& wait = {});
    /// Ends early when another one's turn has brought the news that this video is over. False: `stop`.
    bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop);

   private:
    friend class StatusRounds;
    struct Said {
      std::string word;
      bool failed = false;  ///< the shared question was not answered
    };

    StatusRounds& rounds_;
    const std::string video_id_;
    // Guarded by the rounds' mutex:
    std::optional<Said> said_;  ///< since the last call of ask()
    int missing_ = 0;           ///< so many shared answers in a row did not know the video
    bool seen_ = false;         ///< a shared answer has come
    std::stop_source sleeping_{std::nostopstate};
  };

 private:
  using Words = std::map<std::string, std::string>;

  std::optional<std::string> word_of(Watch& watch, const std::stop_token& stop, const heygen::BusyWait& wait);
  std::optional<std::string> take(Watch& watch);
  void hold_round(std::unique_lock<std::mutex>& lock, const Watch& leader, const std::stop_token& stop,
                  const heygen::BusyWait& wait);
  void ask_for(const std::vector<std::string>& ids, const std::stop_token& stop,
               const heygen::BusyWait& wait);
  void spread(const std::vector<std::string>& ids, const std::optional<Words>& words);

  heygen::Provider& provider_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_:
  std::set<Watch*> watches_;
  bool under_way_ = false;  ///< somebody asks for all
  bool refused_ = false;    ///< by the vendor: each is asked for by itself
};

}  // namespace avstage::run
