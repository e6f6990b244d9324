#include "support/log_guard.h"

#include "base/log.h"

namespace avstage::test {
namespace {

struct Lines {
  std::mutex mutex;
  std::vector<std::string> all, errors, expected;
};

Lines& lines() {
  static Lines* l = new Lines;
  return *l;
}

}  // namespace

void LogGuard::OnTestStart(const testing::TestInfo&) {
  {
    std::lock_guard lock(lines().mutex);
    lines().all.clear();
    lines().errors.clear();
    lines().expected.clear();
  }
  log::set_sink([](log::Level level, std::string_view line) {
    std::lock_guard lock(lines().mutex);
    lines().all.emplace_back(line);
    if (level == log::Level::error) lines().errors.emplace_back(line);
  });
}

void LogGuard::OnTestEnd(const testing::TestInfo&) {
  log::set_sink({});
  std::lock_guard lock(lines().mutex);
  for (const std::string& error : lines().errors) {
    bool expected = false;
    for (const std::string& part : lines().expected) expected |= error.find(part) != std::string::npos;
    EXPECT_TRUE(expected) << "unexpected error line: " << error;
  }
}

void expect_error_log(const std::string& part) {
  std::lock_guard lock(lines().mutex);
  lines().expected.push_back(part);
}

std::vector<std::string> logged_lines() {
  std::lock_guard lock(lines().mutex);
  return lines().all;
}

}  // namespace avstage::test
