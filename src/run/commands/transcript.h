#pragma once

#include <mutex>
#include <set>
#include <string>

#include "net/client.h"

namespace avstage::run {

/// What was asked and answered, for people to read and to pass on: no keys, no signatures, no personal data,
/// long bodies cut, a repeated question with the same answer once. Any thread.
class Transcript {
 public:
  /// Valid as long as this object.
  net::Listener listener();
  void section(const std::string& title);
  void line(const std::string& text);
  std::string text() const;
  /// Headers about request rates that any answer had, "name: value" each.
  std::set<std::string> rate_headers() const;

 private:
  void exchange(const net::Request& request, const net::Response* response, const std::string& error);

  mutable std::mutex mutex_;
  std::string text_;
  std::string last_;  ///< the exchange before, to know it again
  std::set<std::string> rates_;
};

}  // namespace avstage::run
