#pragma once

#include <exception>
#include <string>
#include <utility>

namespace avstage {

/// What the caller can do about a failure. The number is the exit code of the command-line tool.
enum class ErrorCode {
  bug = 1,           ///< a broken promise inside avstage: report it
  usage = 2,         ///< the job, the command line or an unsafe path: mend it and run again
  money = 3,         ///< key rejected, credit, quota or budget exhausted
  network = 4,       ///< network or deadline gave up: run again, nothing is bought twice
  vendor = 5,        ///< the vendor refused or failed a clip
  input = 6,         ///< input media unreachable, unreadable or incomplete
  local = 7,         ///< local disk, permission or encoder
  proof = 8,         ///< a deliverable failed its proof
  ambiguous = 9,     ///< a purchase whose outcome is unknown: a human decides
  partial = 10,      ///< a batch finished in part
  locked = 11,       ///< another run holds the lock
  interrupted = 130  ///< stopped by a signal or by the caller
};

/// The one exception type of avstage. `message` is one line for a human and names the place, what was
/// found and what is allowed; `name` is a stable machine word such as "unknown_key".
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message, std::string name = "")
      : code_(code), message_(std::move(message)), name_(std::move(name)) {}

  const char* what() const noexcept override { return message_.c_str(); }
  ErrorCode code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& name() const noexcept { return name_; }
  int exit_code() const noexcept { return static_cast<int>(code_); }

  /// The same error with "where: " before its message: each level that knows more adds it.
  Error within(const std::string& where) const { return Error(code_, where + ": " + message_, name_); }

 private:
  ErrorCode code_;
  std::string message_;
  std::string name_;
};

}  // namespace avstage
