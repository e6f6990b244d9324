#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "avstage/avstage.h"

struct AVFormatContext;
struct AVIOContext;

/// An avatar clip as input of any program that uses libav. It needs libavformat's headers only where it calls
/// libavformat.
namespace avstage {

/// A video behind a URL that expires.
struct UrlClip {
  std::string url;  ///< https; http and private addresses need HEYGEN_ALLOW_HTTP=1. Logged without its query
  /// A fresh URL for the same bytes, asked for after 401, 403, 404 and 410; called on a thread of avstage,
  /// may block and throw. Empty: such an answer is final.
  std::function<std::string()> refresh;
  std::string name = "clip";  ///< for messages
};

/// One clip, read while it arrives: a dropped connection is resumed, an expired URL renewed, and the end is
/// only ever the true end.
///
/// Ownership: the contexts belong to the ClipSource. They may be read and sought in, not closed or freed, and
/// end with it. Threads: one at a time, but for interrupt(); the clip arrives on threads of avstage.
/// libav's log callback is replaced by avstage's when a clip is opened; set another one after that.
class ClipSource {
 public:
  /// Waits for the first bytes. They are kept in settings.cache_dir while the ClipSource lives; neither
  /// ledger nor API key is used. Error{usage} for a URL that is not allowed, Error{network}, Error{input}.
  static std::unique_ptr<ClipSource> open(const UrlClip& clip, const Settings& settings,
                                          const std::stop_token& stop = {});
  /// An avatar clip by the usual way: taken from the archive, else bought (unless settings.buy is false) or
  /// waited for, and archived once it is complete. Returns when its first bytes are there. Errors are those
  /// of render(); what was bought stays in the ledger, and a later call continues.
  static std::unique_ptr<ClipSource> open(const AvatarRef& avatar, const HeygenSettings& heygen,
                                          const Settings& settings, const Observer& observer = {},
                                          const std::stop_token& stop = {});
  /// Likewise for the avatar clip `clip_id` of a job; "": the only one. Error{usage} names those there are.
  static std::unique_ptr<ClipSource> open(const Job& job, const std::string& clip_id,
                                          const Settings& settings, const Observer& observer = {},
                                          const std::stop_token& stop = {});
  virtual ~ClipSource() = default;  ///< ends what is under way

  /// The clip's bytes, from the first one. For a program that opens its own AVFormatContext.
  virtual AVIOContext* io() = 0;
  /// The clip opened, its streams found: the best picture and the best sound, everything else is discarded.
  /// Its bytes are not those of io(): both may be used. Error{input} for what avstage does not read.
  virtual AVFormatContext* format() = 0;

  /// Hands on what a libav function answered that has read from one of the contexts. AVERROR_EOF: waits for
  /// the proof that the clip is complete, and returns it. A failure throws its cause: libav's own number for
  /// it says nothing, and some of its functions take it for the end.
  virtual int check(int answer) = 0;
  /// Waits until every byte is there and proven (and archived, where it was bought); throws the cause of a
  /// failure.
  virtual void wait_complete() = 0;

  /// Copies every packet of picture and sound to the descriptor `fd` as they arrive: `container` is nut,
  /// matroska, webm or mp4 (fragmented). What the reader sees has its proper end only when this returns.
  /// Error{local} when it cannot be written, also to a pipe that nobody reads any more (SIGPIPE must be
  /// ignored); Error{usage} for what the container cannot hold, such as transparency in mp4.
  virtual void copy_to(int fd, const std::string& container) = 0;

  /// Any thread: ends the transfer; whoever waits for its bytes gets Error{interrupted}.
  virtual void interrupt() noexcept = 0;
};

}  // namespace avstage
