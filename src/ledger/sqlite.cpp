#include "ledger/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "avstage/error.h"
#include "base/crash_point.h"
#include "ledger/ledger.h"

namespace avstage::ledger {

std::string library_version() {
  return std::string("SQLite ") + sqlite3_libversion();
}
namespace {

const char* hint(int code) {
  switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "; the file is damaged or no ledger: move it away only if you know that nothing in it was paid "
             "for";
    case SQLITE_FULL:
      return "; free some space on this disk";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return "; the state folder must be writable, or name another with --state";
    case SQLITE_BUSY:
      return "; another program holds it";
    default:
      return "";
  }
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

Database::Database(const std::string& path) : path_(path) {
  sqlite3* raw = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  handle_.reset(raw);
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, 10'000);
}

void Database::run(const std::string& sql) {
  int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::int64_t Database::number(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

int Database::changes() const {
  return sqlite3_changes(handle());
}

void Database::fail(int code) const {
  const char* words = handle_ ? sqlite3_errmsg(handle()) : sqlite3_errstr(code);
  bool damaged = (code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT;
  throw Error(ErrorCode::local, fmt::format("ledger {}: {} (SQLite {}){}", path_, words, code, hint(code)),
              damaged ? "ledger_damaged" : "ledger");
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement::Statement(Database& database, const std::string& sql) : database_(database) {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(database.handle(), sql.c_str(), static_cast<int>(sql.size()), &raw, nullptr);
  statement_.reset(raw);
  if (code != SQLITE_OK) database.fail(code);
}

Statement& Statement::bind(const std::string& value) {
  int code = sqlite3_bind_text64(statement_.get(), ++bound_, value.data(), value.size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind(std::int64_t value) {
  int code = sqlite3_bind_int64(statement_.get(), ++bound_, value);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind(const std::optional<double>& value) {
  int code = value ? sqlite3_bind_double(statement_.get(), ++bound_, *value)
                   : sqlite3_bind_null(statement_.get(), ++bound_);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

bool Statement::step() {
  int code = sqlite3_step(statement_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) database_.fail(code);
  return code == SQLITE_ROW;
}

std::string Statement::text(int column) const {
  const unsigned char* data = sqlite3_column_text(statement_.get(), column);
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return data == nullptr ? "" : std::string(reinterpret_cast<const char*>(data), size);
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<double> Statement::real(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(statement_.get(), column);
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  crash_point("ledger_commit");
  database_.run("COMMIT");
  open_ = false;
  crash_point("ledger_committed");
}

}  // namespace avstage::ledger
