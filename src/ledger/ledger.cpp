#include "ledger/ledger.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <mutex>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "ledger/open.h"

namespace avstage::ledger {
namespace {

constexpr std::array<const char*, 7> state_words{"intent", "submitting", "submitted", "completed",
                                                 "failed", "rejected",   "ambiguous"};

constexpr const char* select_entry =
    "SELECT realm, clip_key, attempt, state, dialect, tag, idempotency_key, video_id, request, title, "
    "intent_at, "
    "submitting_at, submitted_at, settled_at, duration, archive, sha256, bytes, error, unpaid, tags "
    "FROM clips ";

State state_from(const std::string& word) {
  for (std::size_t i = 0; i < state_words.size(); ++i) {
    if (word == state_words[i]) return static_cast<State>(i);
  }
  throw Error(ErrorCode::local, fmt::format("ledger: unknown state '{}'", word), "ledger_damaged");
}

Entry read_entry(const Statement& row) {
  Entry entry;
  entry.realm = row.text(0);
  entry.clip_key = row.text(1);
  entry.attempt = static_cast<int>(row.integer(2));
  entry.state = state_from(row.text(3));
  entry.dialect = row.text(4);
  entry.tag = row.text(5);
  entry.idempotency_key = row.text(6);
  entry.video_id = row.text(7);
  entry.request = row.text(8);
  entry.title = row.text(9);
  entry.intent_at = row.integer(10);
  entry.submitting_at = row.integer(11);
  entry.submitted_at = row.integer(12);
  entry.settled_at = row.integer(13);
  entry.duration = row.real(14);
  entry.archive = row.text(15);
  entry.sha256 = row.text(16);
  entry.bytes = static_cast<std::uint64_t>(row.integer(17));
  entry.error = row.text(18);
  entry.unpaid = row.integer(19) != 0;
  entry.tags = row.text(20);
  return entry;
}

/// Any thread: every call holds the mutex.
class SqliteLedger : public Ledger {
 public:
  SqliteLedger(Database database, Clock& clock) : database_(std::move(database)), clock_(clock) {}

  std::optional<Entry> find(const std::string& realm, const std::string& clip_key) override {
    std::lock_guard lock(mutex_);
    return latest(realm, clip_key);
  }

  std::vector<Entry> list(const std::string& realm) override {
    std::lock_guard lock(mutex_);
    Statement query(database_,
                    std::string(select_entry) +
                        "WHERE ?1 = '' OR realm = ?1 ORDER BY intent_at DESC, attempt DESC, clip_key");
    query.bind(realm);
    std::vector<Entry> entries;
    while (query.step()) entries.push_back(read_entry(query));
    return entries;
  }

  Entry begin(const std::string& realm, const std::string& clip_key, const std::string& dialect,
              const std::string& request, const std::string& title, const std::string& tags) override {
    std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    std::optional<Entry> before = latest(realm, clip_key);
    if (before && before->state != State::failed && before->state != State::rejected) {
      refuse(*before, "begin");
    }
    int attempt = before ? before->attempt + 1 : 1;
    Statement insert(
        database_,
        "INSERT INTO clips (realm, clip_key, attempt, state, dialect, tag, idempotency_key, request, "
        "title, intent_at, tags) VALUES (?, ?, ?, 'intent', ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(realm).bind(clip_key).bind(std::int64_t(attempt)).bind(dialect);
    insert.bind(tag_of(realm, clip_key, attempt)).bind(idempotency_key_of(realm, clip_key, attempt));
    insert.bind(log::redact(request)).bind(log::redact(title)).bind(clock_.unix_seconds());
    insert.bind(log::redact(tags));
    insert.step();
    std::optional<Entry> stored = latest(realm, clip_key);
    transaction.commit();
    return *stored;
  }

  Entry submitting(const Entry& entry) override {
    return move(entry, "submitting", "'intent', 'submitting'",
                "state = 'submitting', doubt = (state = 'submitting'), "
                "submitting_at = CASE state WHEN 'submitting' THEN submitting_at ELSE ? END",
                [&](Statement& s) { s.bind(clock_.unix_seconds()); });
  }

  Entry submitted(const Entry& entry, const std::string& video_id) override {
    return move(entry, "submitted", "'submitting', 'ambiguous'",
                "state = 'submitted', video_id = ?, submitted_at = ?, settled_at = 0, error = ''",
                [&](Statement& s) { s.bind(video_id).bind(clock_.unix_seconds()); });
  }

  // A try that provably was not sent takes nothing away from the doubt about an earlier one.
  Entry unsent(const Entry& entry) override {
    return move(entry, "unsent", "'submitting'",
                "state = CASE doubt WHEN 0 THEN 'intent' ELSE state END, "
                "submitting_at = CASE doubt WHEN 0 THEN 0 ELSE submitting_at END",
                [](Statement&) {});
  }

  Entry rejected(const Entry& entry, const std::string& error) override {
    return settle(entry, "rejected", "'submitting'", error);
  }
  Entry ambiguous(const Entry& entry, const std::string& why) override {
    return settle(entry, "ambiguous", "'submitting'", why);
  }
  Entry failed(const Entry& entry, const std::string& error) override {
    return settle(entry, "failed", "'submitted'", error);
  }

  Entry note(const Entry& entry, const std::string& words) override {
    return move(entry, "note", "'completed', 'rejected'", "error = ?",
                [&](Statement& s) { s.bind(log::redact(words)); });
  }

  Entry not_bought(const Entry& entry) override {
    return settle(entry, "rejected", "'ambiguous'", "settled by hand: not bought");
  }

  // The archived file of an unpaid version is no longer the clip once the paid one is there.
  Entry completed(const Entry& entry, std::optional<double> duration, bool unpaid) override {
    return move(
        entry, "completed", "'submitted', 'completed'",
        "state = 'completed', duration = ?1, settled_at = ?2, "
        "archive = CASE WHEN unpaid AND NOT ?3 THEN '' ELSE archive END, "
        "sha256 = CASE WHEN unpaid AND NOT ?3 THEN '' ELSE sha256 END, "
        "bytes = CASE WHEN unpaid AND NOT ?3 THEN 0 ELSE bytes END, unpaid = ?3",
        [&](Statement& s) { s.bind(duration).bind(clock_.unix_seconds()).bind(std::int64_t(unpaid)); });
  }

  Entry archived(const Entry& entry, const std::string& file, const std::string& sha256,
                 std::uint64_t bytes) override {
    return move(entry, "archived", "'completed'", "archive = ?, sha256 = ?, bytes = ?",
                [&](Statement& s) { s.bind(file).bind(sha256).bind(static_cast<std::int64_t>(bytes)); });
  }

  std::optional<std::string> remembered(const std::string& stat_key) override {
    std::lock_guard lock(mutex_);
    Statement query(database_, "SELECT sha256 FROM hashes WHERE stat_key = ?");
    if (!query.bind(stat_key).step()) return std::nullopt;
    return query.text(0);
  }

  void remember(const std::string& stat_key, const std::string& sha256) override {
    std::lock_guard lock(mutex_);
    Statement upsert(database_, "INSERT OR REPLACE INTO hashes (stat_key, sha256) VALUES (?, ?)");
    upsert.bind(stat_key).bind(sha256).step();
  }

 private:
  std::optional<Entry> latest(const std::string& realm, const std::string& clip_key) {
    Statement query(database_, std::string(select_entry) +
                                   "WHERE realm = ? AND clip_key = ? ORDER BY attempt DESC LIMIT 1");
    if (!query.bind(realm).bind(clip_key).step()) return std::nullopt;
    return read_entry(query);
  }

  std::optional<Entry> exactly(const Entry& entry) {
    Statement query(database_,
                    std::string(select_entry) + "WHERE realm = ? AND clip_key = ? AND attempt = ?");
    query.bind(entry.realm).bind(entry.clip_key).bind(std::int64_t(entry.attempt));
    if (!query.step()) return std::nullopt;
    return read_entry(query);
  }

  [[noreturn]] void refuse(const Entry& stored, const char* step) {
    throw Error(ErrorCode::bug,
                fmt::format("ledger: {} does not follow {} (clip {}, attempt {})", step,
                            to_string(stored.state), stored.clip_key.substr(0, 12), stored.attempt),
                "ledger_step");
  }

  /// The one way to change an entry: a guarded update, durable at return. The state in `entry` itself is not
  /// asked, since another process may have moved on.
  Entry move(const Entry& entry, const char* step, const char* from, const char* set,
             const std::function<void(Statement&)>& bind) {
    std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    Statement update(database_,
                     fmt::format("UPDATE clips SET {} WHERE realm = ? AND clip_key = ? AND attempt = ? "
                                 "AND state IN ({})",
                                 set, from));
    bind(update);
    update.bind(entry.realm).bind(entry.clip_key).bind(std::int64_t(entry.attempt)).step();
    bool changed = database_.changes() == 1;
    std::optional<Entry> stored = exactly(entry);
    if (!stored)
      throw Error(ErrorCode::bug, fmt::format("ledger: {} of an entry never begun", step), "ledger_step");
    if (!changed) refuse(*stored, step);
    transaction.commit();
    return *stored;
  }

  Entry settle(const Entry& entry, const std::string& state, const char* from, const std::string& words) {
    return move(entry, state.c_str(), from, "state = ?, error = ?, settled_at = ?",
                [&](Statement& s) { s.bind(state).bind(log::redact(words)).bind(clock_.unix_seconds()); });
  }

  std::mutex mutex_;
  Database database_;
  Clock& clock_;
};

}  // namespace

std::string to_string(State state) {
  return state_words.at(static_cast<std::size_t>(state));
}

std::unique_ptr<Ledger> open_on(const std::string& state_dir, Clock& clock, const FileSystemProbe& probe) {
  make_directories(state_dir);
  std::string network = network_name(probe(state_dir));
  if (!network.empty()) {
    throw Error(
        ErrorCode::local,
        fmt::format("{}: the state folder is on a network file system ({}), where a crash-safe ledger cannot "
                    "be kept: name a folder on a local disk with --state",
                    state_dir, network),
        "network_file_system");
  }
  return std::make_unique<SqliteLedger>(open_database(state_dir), clock);
}

std::unique_ptr<Ledger> Ledger::open(const std::string& state_dir, Clock& clock) {
  return open_on(state_dir, clock, file_system_of);
}

}  // namespace avstage::ledger
