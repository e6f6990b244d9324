#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "run/clips/media_access.h"
#include "run/clips/session.h"

namespace avstage::run {

/// One clip whose bytes can be used while they arrive, and the proof that they are all there. A thread of its
/// own obtains it. All members may be called by any thread; an object ends what is under way when it goes.
class ClipFeed {
 public:
  enum class State {
    waiting,   ///< being made, or its first bytes are on their way
    readable,  ///< its length is known where the server says it; bytes arrive
    proven,    ///< every byte is there and proven
    failed
  };

  /// The one purchase of `plan`, by the usual way: archive, ledger, vendor. `changed` is called after each
  /// change of state, on a thread of the feed. The session outlives the feed.
  static std::shared_ptr<ClipFeed> of_plan(Session& session, plan::Plan plan, Observer observer,
                                           std::function<void()> changed = {});
  /// A video by its URL. The client outlives the feed.
  static std::shared_ptr<ClipFeed> of_url(net::Client& client, net::HttpStreamOptions options);

  ClipFeed() = default;
  ~ClipFeed();  ///< not on a thread of the feed
  ClipFeed(const ClipFeed&) = delete;
  ClipFeed& operator=(const ClipFeed&) = delete;

  State state() const;
  std::exception_ptr failure() const;  ///< set once failed

  /// Each throws the cause of a failure, Error{interrupted} after interrupt() or on `stop`.
  void wait_readable(const std::stop_token& stop = {}) const;
  void wait_proven(const std::stop_token& stop = {}) const;
  /// Once readable: a new reader at byte 0. It has to go before the feed does.
  std::unique_ptr<ByteSource> reader() const;

  /// Once readable; none of them waits: the length (nullopt: only the end tells), bytes as
  /// HttpStream::read_arrived() gives them.
  std::optional<std::uint64_t> size() const;
  std::size_t read_arrived(std::uint64_t at, std::span<std::byte> out) const;
  void want(std::uint64_t at) const;
  void unwant(std::uint64_t at) const noexcept;

  /// Ends what is under way and wakes whoever waits.
  void interrupt() noexcept;

 private:
  void start(std::function<void(const std::stop_token&)> work);
  void obtain(Session& session, const plan::Plan& plan, const Observer& observer,
              const std::stop_token& stop);
  void follow_url(net::Client& client, const net::HttpStreamOptions& options, const std::stop_token& stop);
  void become(State state, std::exception_ptr failure = nullptr);
  void set_source(MediaAccess::Source source);
  void wait_for(State state, const std::stop_token& stop) const;
  MediaAccess::Source source() const;

  std::function<void()> changed_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any wake_;
  State state_ = State::waiting;
  std::exception_ptr failure_;
  MediaAccess::Source source_;
  std::unique_ptr<ByteSource> file_;  ///< of source_.path, for read_arrived(); under mutex_
  std::jthread thread_;
};

/// A plan with one purchase. `clip` names it in messages where the job gives no id. Error{usage}.
plan::Plan plan_of_clip(const AvatarRef& avatar, const HeygenSettings& heygen, const std::string& label);
/// Likewise for a clip that was bought: what was asked for does not matter any more. For a session that buys
/// nothing.
plan::Plan plan_of_entry(const ledger::Entry& entry, const HeygenSettings& heygen, const std::string& label);
/// The purchase that made this video, unless another one took its place; nullopt also for "".
std::optional<ledger::Entry> find_video(Session& session, const std::string& video_id);

}  // namespace avstage::run
