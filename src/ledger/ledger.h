#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

/// The crash-safe record of what was bought. Every write is durable when the call returns.
namespace avstage::ledger {

enum class State { intent, submitting, submitted, completed, failed, rejected, ambiguous };
std::string to_string(State state);

struct Entry {
  std::string realm;     ///< API origin + account name; the sandbox has its own
  std::string clip_key;  ///< SHA-256 of the canonical request and the take
  int attempt = 1;       ///< rises only after a durably recorded definite rejection or vendor failure
  State state = State::intent;
  std::string dialect;  ///< v2, v3
  std::string tag;      ///< what find_by_tag looks for
  std::string idempotency_key;
  std::string video_id;
  std::string request;  ///< canonical JSON, for humans
  std::string title;
  std::string tags = "{}";  ///< JSON object of texts, the job's own words
  /// Unix seconds, 0: not yet. submitting_at is that of the first try that may have arrived.
  std::int64_t intent_at = 0, submitting_at = 0, submitted_at = 0, settled_at = 0;
  std::optional<double> duration;  ///< seconds, the vendor's word
  std::string archive;             ///< file name inside the archive folder, "" until stored
  std::string sha256;              ///< of the archived file
  std::uint64_t bytes = 0;
  std::string error;    ///< the vendor's words for failed and rejected
  bool unpaid = false;  ///< the watermarked version of an unpaid clip: never used as a bought one
};

/// One connection to the ledger. Several threads and processes may use the same folder; one object is for any
/// thread (calls are serialised inside). Error{local} when a write cannot be made durable: then nothing may
/// be submitted.
class Ledger {
 public:
  /// Opens or creates `state_dir`/ledger.sqlite (WAL, full sync). Error{local} on a network file system,
  /// naming
  /// --state; Error{local} on a file that is not a ledger or is from a newer version.
  static std::unique_ptr<Ledger> open(const std::string& state_dir, Clock& clock);
  virtual ~Ledger() = default;

  /// The latest attempt.
  virtual std::optional<Entry> find(const std::string& realm, const std::string& clip_key) = 0;
  virtual std::vector<Entry> list(const std::string& realm = "") = 0;  ///< every attempt, newest first

  /// Records the intent: a new entry, or the next attempt of one that is failed or rejected. Returns it.
  /// Error{bug} when the entry is in any other state.
  virtual Entry begin(const std::string& realm, const std::string& clip_key, const std::string& dialect,
                      const std::string& request, const std::string& title,
                      const std::string& tags = "{}") = 0;
  /// Each moves exactly one step and returns the entry as stored; Error{bug} from a state that does not lead
  /// there.
  virtual Entry submitting(const Entry& entry) = 0;                              ///< intent|submitting →
  virtual Entry submitted(const Entry& entry, const std::string& video_id) = 0;  ///< submitting|ambiguous →
  /// submitting → intent; stays submitting when an earlier try of the same attempt may have arrived.
  virtual Entry unsent(const Entry& entry) = 0;
  virtual Entry rejected(const Entry& entry, const std::string& error) = 0;  ///< submitting →
  virtual Entry ambiguous(const Entry& entry, const std::string& why) = 0;   ///< submitting →
  virtual Entry completed(const Entry& entry, std::optional<double> duration,
                          bool unpaid) = 0;                                ///< submitted|completed →
  virtual Entry failed(const Entry& entry, const std::string& error) = 0;  ///< submitted →
  /// A human says that an ambiguous purchase was not made: rejected, so that begin() may follow.
  virtual Entry not_bought(const Entry& entry) = 0;  ///< ambiguous →
  /// Words for a human about an entry that is over: why what was bought is not what is used.
  virtual Entry note(const Entry& entry, const std::string& words) = 0;  ///< completed, rejected
  /// The archived file: only for completed.
  virtual Entry archived(const Entry& entry, const std::string& file, const std::string& sha256,
                         std::uint64_t bytes) = 0;

  /// Remembered content hashes of files: key = (dev, inode, size, mtime_ns, ctime_ns) as one string.
  virtual std::optional<std::string> remembered(const std::string& stat_key) = 0;
  virtual void remember(const std::string& stat_key, const std::string& sha256) = 0;
};

/// SQLite's name and version.
std::string library_version();

/// SHA-256 over the canonical request and the take.
std::string clip_key(const std::string& canonical_request, int take);
/// "https://api.heygen.com" + "#account": scheme, host, port and path prefix of the API base.
std::string realm_of(const std::string& api_base, const std::string& account);
/// "avstage-" + 20 hex digits of realm, clip key and attempt: found again in the vendor's list.
std::string tag_of(const std::string& realm, const std::string& clip_key, int attempt);
/// 64 hex digits of the same: the v3 Idempotency-Key.
std::string idempotency_key_of(const std::string& realm, const std::string& clip_key, int attempt);

/// An exclusive lock on one clip of one realm across processes (a lock file in `state_dir`/locks), held while
/// the object lives. nullptr when another process holds it.
class ClipLock {
 public:
  static std::unique_ptr<ClipLock> try_take(const std::string& state_dir, const std::string& realm,
                                            const std::string& clip_key);
  /// One of the `count` places of a realm where clips are being made, over all processes of this state
  /// folder; a process that dies gives its places back. nullptr when all are taken.
  static std::unique_ptr<ClipLock> try_slot(const std::string& state_dir, const std::string& realm,
                                            int count);
  ~ClipLock();
  ClipLock(const ClipLock&) = delete;
  ClipLock& operator=(const ClipLock&) = delete;

 private:
  explicit ClipLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace avstage::ledger
