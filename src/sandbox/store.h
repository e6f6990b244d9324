#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/clip_spec.h"

namespace avstage::sandbox {

enum class Dialect { v2, v3 };

/// One video as it was ordered, and what became of it.
struct Video {
  enum class State { making, completed, failed };

  std::string id;
  Dialect dialect = Dialect::v2;
  std::int64_t number = 0;  ///< rises with every video of the folder
  std::string title, callback_id;
  std::string idempotency_key;  ///< with its path: replay_key()
  std::string callback_url;
  std::string knobs;    ///< the X-Sandbox-Fault header it was ordered with
  bool test = false;    ///< free, watermarked
  bool unpaid = false;  ///< made for an account without credit: watermarked, not charged
  std::int64_t created_ms = 0;
  std::int64_t due_ms = 0;  ///< not completed before
  bool queued = false;      ///< waits until the account may make another one
  bool deleted = false;     ///< gone for the API, but not for the charges
  bool notified = false;    ///< its webhook is over
  Index index = Index::first;
  ClipSpec spec;
  State state = State::making;
  std::string clip;  ///< key of the finished file
  double duration = 0;
  bool caption = false;            ///< a caption file was ordered
  std::vector<double> scene_ends;  ///< seconds
  std::int64_t finished_ms = 0;
  int error_code = 0;
  std::string error_message, error_detail;

  bool charged() const { return !test && !unpaid; }
};

/// The videos of one folder: one JSON file each, written before anybody hears of them. Any thread.
class Store {
 public:
  /// Reads what is there. Error{local} names a file that is no record.
  explicit Store(const std::string& folder);

  /// Gives it the next number and keeps it.
  void add(Video video);
  /// Lets `edit` change the video of that id, which must exist, and keeps it.
  void change(const std::string& id, const std::function<void(Video&)>& edit);

  /// Not a deleted one.
  std::optional<Video> find(const std::string& id) const;
  /// The v3 video that was created with that key after `since_ms`.
  std::optional<Video> find_by_key(const std::string& idempotency_key, std::int64_t since_ms) const;
  /// Newest first: at most `limit` videos with a number below `before` that `fits` takes, no deleted ones.
  std::vector<Video> list(std::size_t limit, std::int64_t before,
                          const std::function<bool(const Video&)>& fits) const;
  /// All, in the order of their numbers, the deleted too.
  std::vector<Video> all() const;
  std::int64_t next_number() const;
  int charges() const;
  int count() const;

 private:
  void write(const Video& video) const;

  std::string folder_;
  mutable std::mutex mutex_;
  std::map<std::int64_t, Video> videos_;         ///< by number
  std::map<std::string, std::int64_t> numbers_;  ///< by id
};

}  // namespace avstage::sandbox
