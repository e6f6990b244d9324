#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "avstage/avstage.h"
#include "support/fault_server.h"
#include "support/temp_dir.h"

namespace avstage::test {

/// A vendor that gives one answer to every create and one to every status call.
struct Answers {
  struct Answer {
    int status = 200;
    std::string body;
    std::string headers = "Content-Type: application/json\r\n";
  };
  Answer create{200, R"({"error":null,"data":{"video_id":"v1"}})"};
  Answer status{200, R"({"code":100,"data":{"id":"v1","status":"processing"}})"};
  Answer clip{404, ""};
};

/// A bad input and what is to be said about it.
struct Row {
  std::string name;
  std::string job;
  int exit_code = 0;
  std::vector<std::string> says;  ///< place, what was found, what is allowed or to be done
  int posts = 0;                  ///< paid requests that reach the vendor
  std::function<void(const std::string& dir)> before = {};  ///< makes the world as bad as the row says
  std::function<void(const std::string& dir)> after = {};   ///< and mends it
  std::function<void(Settings&)> with = {};
};

/// A folder with good and bad media, a file that stands where the output goes, and a vendor. Each row is
/// loaded, planned and rendered as the tool does it, with a state and a cache folder of its own.
class MessageBench : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();

  /// Expects one line with all that the row names, its exit code, the files as they were, and no secret.
  void expect_message(const Row& row, const Answers& answers = {});

 private:
  static TempDir* dir_;
  int number_ = 0;
};

/// Everything in `dir` but the folders of runs: name → content.
std::map<std::string, std::string> files_of(const TempDir& dir);
/// A job with these clips for a small canvas.
std::string job_of(const std::string& clips, const std::string& more = "",
                   const std::string& output = "out.mp4");
/// Likewise with one avatar clip 'h' that only v2 can express.
std::string avatar_job(const std::string& more = "");

}  // namespace avstage::test
