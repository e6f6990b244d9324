#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

/// The few verbs of SQLite that the ledger needs, with errors as Error{local} that name the file.
namespace avstage::ledger {

/// One connection. One thread at a time.
class Database {
 public:
  /// Opens an existing file for reading and writing and waits up to 10 s for others' locks.
  explicit Database(const std::string& path);

  /// Runs SQL text without results, one or several statements.
  void run(const std::string& sql);
  std::int64_t number(const std::string& sql);  ///< the first column of the first row, 0 without a row
  int changes() const;                          ///< rows that the last statement changed
  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_.get(); }

  /// Throws what SQLite said last, with the file's name and a hint.
  [[noreturn]] void fail(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement: bind in order, then step.
class Statement {
 public:
  Statement(Database& database, const std::string& sql);

  Statement& bind(const std::string& value);
  Statement& bind(std::int64_t value);
  Statement& bind(const std::optional<double>& value);
  bool step();  ///< true: there is a row
  std::string text(int column) const;
  std::int64_t integer(int column) const;
  std::optional<double> real(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

/// A write transaction, rolled back unless commit() returned: then it is on the disk.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace avstage::ledger
