#include "ledger/open.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "ledger/lock_file.h"

namespace avstage::ledger {
namespace {

constexpr std::int64_t application_id = 0x61767374;  // "avst"
constexpr std::int64_t schema_version = 2;

// One row an attempt: what an earlier attempt cost stays on record. `doubt`: an earlier try of this attempt
// may have reached the vendor. WITHOUT ROWID: no second index that could disagree with the table.
constexpr const char* schema = R"sql(
CREATE TABLE clips (
  realm TEXT NOT NULL,
  clip_key TEXT NOT NULL,
  attempt INTEGER NOT NULL CHECK (attempt > 0),
  state TEXT NOT NULL CHECK (state IN
    ('intent', 'submitting', 'submitted', 'completed', 'failed', 'rejected', 'ambiguous')),
  dialect TEXT NOT NULL,
  tag TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  video_id TEXT NOT NULL DEFAULT '',
  request TEXT NOT NULL,
  title TEXT NOT NULL,
  intent_at INTEGER NOT NULL,
  submitting_at INTEGER NOT NULL DEFAULT 0,
  submitted_at INTEGER NOT NULL DEFAULT 0,
  settled_at INTEGER NOT NULL DEFAULT 0,
  duration REAL,
  archive TEXT NOT NULL DEFAULT '',
  sha256 TEXT NOT NULL DEFAULT '',
  bytes INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  unpaid INTEGER NOT NULL DEFAULT 0,
  doubt INTEGER NOT NULL DEFAULT 0,
  tags TEXT NOT NULL DEFAULT '{}',
  PRIMARY KEY (realm, clip_key, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE hashes (
  stat_key TEXT NOT NULL PRIMARY KEY,
  sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

[[noreturn]] void fail(const std::string& message, const char* name) {
  throw Error(ErrorCode::local, message, name);
}

class LockHolder {
 public:
  explicit LockHolder(const std::string& path) : fd_(lock_file(path, true)) {}
  ~LockHolder() { ::close(fd_); }
  LockHolder(const LockHolder&) = delete;
  LockHolder& operator=(const LockHolder&) = delete;

 private:
  int fd_;
};

void sync_folder(const std::string& folder) {
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;  // an ancestor that we may enter but not read was not made by us
  int result = ::fsync(fd);
  int why = errno;
  ::close(fd);
  if (result != 0 && why != EINVAL) {
    fail(fmt::format("{}: cannot sync to disk: {}", folder, std::strerror(why)), "state_folder");
  }
}

/// A ledger whose folder's name is lost with the power is lost itself: every folder above is synced.
void sync_folders_above(const std::string& file) {
  std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  for (; folder != folder.root_path(); folder = folder.parent_path()) sync_folder(folder.string());
}

/// Never opens a file that exists: closing any descriptor of it would drop the locks that SQLite holds on it
/// for another connection of this process.
void create_file(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
    return;
  }
  if (errno != EEXIST)
    fail(fmt::format("ledger {}: cannot create: {}", path, std::strerror(errno)), "ledger");
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    fail(fmt::format("ledger {}: is not a regular file", path), "ledger_damaged");
  }
  if ((facts.st_mode & 077) != 0 && ::chmod(path.c_str(), 0600) != 0) {
    fail(fmt::format("ledger {}: others can read it, and its mode cannot be set to 0600: {}", path,
                     std::strerror(errno)),
         "ledger");
  }
}

bool is_fresh(Database& database) {
  return database.number("PRAGMA application_id") == 0 && database.number("PRAGMA user_version") == 0 &&
         database.number("SELECT count(*) FROM sqlite_master") == 0;
}

void refuse_others(Database& database) {
  if (database.number("PRAGMA application_id") != application_id) {
    fail(fmt::format("ledger {}: is a database of another program; name another state folder with --state",
                     database.path()),
         "ledger_damaged");
  }
  std::int64_t version = database.number("PRAGMA user_version");
  if (version < 1 || version > schema_version) {
    fail(fmt::format("ledger {}: has version {}, this avstage reads up to version {}: use a newer avstage",
                     database.path(), version, schema_version),
         "ledger_version");
  }
  Statement check(database, "PRAGMA quick_check(1)");
  if (!check.step() || check.text(0) != "ok") {
    fail(fmt::format("ledger {}: the file is damaged ({}): restore it from a backup; without it clips may be "
                     "bought twice",
                     database.path(), check.text(0)),
         "ledger_damaged");
  }
}

void write_ahead(Database& database) {
  Statement journal(database, "PRAGMA journal_mode = WAL");
  if (!journal.step() || journal.text(0) != "wal") {
    fail(fmt::format(
             "ledger {}: this file system cannot hold a write-ahead log; name another folder with --state",
             database.path()),
         "ledger");
  }
}

/// A ledger of the first version knew no tags.
void bring_up_to_date(Database& database) {
  if (database.number("PRAGMA user_version") == schema_version) return;
  Transaction transaction(database);
  database.run("ALTER TABLE clips ADD COLUMN tags TEXT NOT NULL DEFAULT '{}'");
  database.run(fmt::format("PRAGMA user_version = {}", schema_version));
  transaction.commit();
}

void set_up(Database& database) {
  bool fresh = is_fresh(database);
  if (!fresh) refuse_others(database);
  write_ahead(database);
  database.run("PRAGMA synchronous = FULL");
  if (!fresh) return bring_up_to_date(database);
  sync_folders_above(database.path());
  Transaction transaction(database);
  database.run(schema);
  database.run(fmt::format("PRAGMA application_id = {}", application_id));
  database.run(fmt::format("PRAGMA user_version = {}", schema_version));
  transaction.commit();
}

}  // namespace

Database open_database(const std::string& state_dir) {
  std::string path = state_dir + "/ledger.sqlite";
  make_directories(state_dir + "/locks");
  LockHolder one_at_a_time(state_dir + "/locks/open");
  create_file(path);
  Database database(path);
  set_up(database);
  return database;
}

}  // namespace avstage::ledger
