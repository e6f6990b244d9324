#include "run/clips/status_rounds.h"

#include <algorithm>
#include <array>

#include "base/stop.h"

namespace avstage::run {
namespace {

/// Purchases that begin together have their first question together.
constexpr std::chrono::milliseconds kGather{50};

bool is_over(const std::string& word) {
  return word == "completed" || word == "failed";
}

/// Words that need no second question.
bool is_waiting(const std::string& word) {
  static constexpr std::array words{"pending", "waiting", "processing", "queued"};
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

StatusRounds::Watch::Watch(StatusRounds& rounds, std::string video_id)
    : rounds_(rounds), video_id_(std::move(video_id)) {
  std::lock_guard lock(rounds_.mutex_);
  rounds_.watches_.insert(this);
}

StatusRounds::Watch::~Watch() {
  std::lock_guard lock(rounds_.mutex_);
  rounds_.watches_.erase(this);
}

heygen::VideoStatus StatusRounds::Watch::ask(const std::stop_token& stop, const heygen::BusyWait& wait) {
  if (auto word = rounds_.word_of(*this, stop, wait)) {
    heygen::VideoStatus status;
    status.word = *word;
    return status;
  }
  return rounds_.provider_.status(video_id_, stop, wait);
}

bool StatusRounds::Watch::sleep(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::stop_source ended;
  {
    std::lock_guard lock(rounds_.mutex_);
    if (said_ && is_over(said_->word)) return !stop.stop_requested();
    sleeping_ = ended;
  }
  std::stop_callback end(stop, [&ended] { ended.request_stop(); });
  rounds_.clock_.sleep(duration, ended.get_token());
  std::lock_guard lock(rounds_.mutex_);
  sleeping_ = std::stop_source(std::nostopstate);
  return !stop.stop_requested();
}

/// nullopt: this video has to be asked for by itself.
std::optional<std::string> StatusRounds::word_of(Watch& watch, const std::stop_token& stop,
                                                 const heygen::BusyWait& wait) {
  std::unique_lock lock(mutex_);
  for (;;) {
    require_going(stop);
    const bool alone = watches_.size() < 2;
    if (refused_ || alone) {
      watch.said_.reset();
      return std::nullopt;
    }
    if (watch.said_) return take(watch);
    if (!under_way_) {
      hold_round(lock, watch, stop, wait);
    } else {
      changed_.wait(lock, stop, [&] { return !under_way_ || watch.said_; });
    }
  }
}

std::optional<std::string> StatusRounds::take(Watch& watch) {
  const Watch::Said said = *std::exchange(watch.said_, std::nullopt);
  if (said.failed) return std::nullopt;
  // A new video may come into the list later than it can be asked for: one round is no reason for a question.
  if (said.word == "not_found") return watch.missing_ < 2 ? std::optional(said.word) : std::nullopt;
  return is_waiting(said.word) ? std::optional(said.word) : std::nullopt;
}

void StatusRounds::hold_round(std::unique_lock<std::mutex>& lock, const Watch& leader,
                              const std::stop_token& stop, const heygen::BusyWait& wait) {
  struct End {
    StatusRounds& rounds;
    std::unique_lock<std::mutex>& lock;
    ~End() {
      if (!lock.owns_lock()) lock.lock();
      rounds.under_way_ = false;
      rounds.changed_.notify_all();
    }
  } end{*this, lock};
  under_way_ = true;
  if (!leader.seen_) {
    lock.unlock();
    if (!clock_.sleep(kGather, stop)) throw_stopped();
    lock.lock();
  }
  std::set<std::string> ids;
  for (const Watch* watch : watches_) ids.insert(watch->video_id_);
  lock.unlock();
  std::vector<std::string> some;
  for (const std::string& id : ids) {
    some.push_back(id);
    if (some.size() < heygen::Provider::most_ids && id != *ids.rbegin()) continue;
    ask_for(some, stop, wait);
    some.clear();
  }
}

void StatusRounds::ask_for(const std::vector<std::string>& ids, const std::stop_token& stop,
                           const heygen::BusyWait& wait) {
  std::optional<Words> words;
  try {
    words = provider_.words(ids, stop, wait);
    if (!words) {
      std::lock_guard lock(mutex_);
      refused_ = true;
      return;
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::network) throw;  // else everybody finds out what there is to be found out
  }
  spread(ids, words);
}

void StatusRounds::spread(const std::vector<std::string>& ids, const std::optional<Words>& words) {
  std::lock_guard lock(mutex_);
  for (Watch* watch : watches_) {
    if (!std::binary_search(ids.begin(), ids.end(), watch->video_id_)) continue;
    Watch::Said said;
    said.failed = !words;
    if (words) {
      auto found = words->find(watch->video_id_);
      said.word = found == words->end() ? "not_found" : found->second;
      watch->missing_ = said.word == "not_found" ? watch->missing_ + 1 : 0;
    }
    watch->seen_ = true;
    watch->said_ = said;
    if (is_over(said.word)) watch->sleeping_.request_stop();
  }
}

}  // namespace avstage::run
