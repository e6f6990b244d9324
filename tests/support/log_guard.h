#pragma once

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

namespace avstage::test {

/// Fails every test that logs a line at error level which it did not expect.
class LogGuard : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo&) override;
  void OnTestEnd(const testing::TestInfo&) override;
};

/// From here to the end of the test, error lines that contain `part` are fine.
void expect_error_log(const std::string& part);
/// All lines logged since the test began, warnings included.
std::vector<std::string> logged_lines();

}  // namespace avstage::test
