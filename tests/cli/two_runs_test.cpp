#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace avstage::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

std::size_t times(const std::string& part, const std::string& text) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::vector<std::string> states(const CliResult& result) {
  std::vector<std::string> all;
  const json report = json::parse(result.out);
  for (const json& output : report["outputs"]) all.push_back(output["state"]);
  return all;
}

class TwoRuns : public testing::Test {
 protected:
  void SetUp() override {
    VideoSpec spec;
    spec.seconds = Rational(10);
    make_video(dir / "in.mp4", spec);
    std::string clips;
    for (int i = 0; i < 12; ++i) clips += std::string(i ? ", " : "") + R"({ "file": "in.mp4" })";
    for (const char* order : {"ab", "ba"}) {
      std::string outputs = std::string(R"({ "path": ")") + order[0] +
                            R"(.mp4", "copy": "never" }, { "path": "./)" + order[1] +
                            R"(.mp4", "copy": "never" })";
      write_bytes(
          dir / (std::string(order) + ".json"), R"({ "version": 1, "canvas": { "size": "320x180", "fps": 25 },
        "clips": [ )" + clips + " ], \"outputs\": [ " +
                                                    outputs + " ] }");
    }
  }
  CliProcess start(const std::string& job) {
    return CliProcess(avstage_binary(), {"render", job, "--json", "--progress", "json"}, dir.path());
  }
  TempDir dir;
};

TEST_F(TwoRuns, TheSecondWaitsForTheFirstAndFindsEverythingDone) {
  CliProcess first = start("ab.json");
  ASSERT_TRUE(first.wait_for("\"plan\"", 20s)) << first.err();
  CliProcess second = start("ba.json");  // the same files, named in another order
  CliResult a = first.wait(), b = second.wait();
  ASSERT_EQ(a.exit_code, 0) << a.err;
  ASSERT_EQ(b.exit_code, 0) << b.err;
  EXPECT_EQ(times("waiting for another run", a.err), 0u);
  EXPECT_EQ(times("waiting for another run", b.err), 1u) << b.err;
  EXPECT_EQ(states(a), (std::vector<std::string>{"written", "written"}));
  EXPECT_EQ(states(b), (std::vector<std::string>{"up_to_date", "up_to_date"}));
}

TEST_F(TwoRuns, WaitingEndsWithASignalAndWithTheDeathOfTheOther) {
  CliProcess first = start("ab.json");
  ASSERT_TRUE(first.wait_for("\"plan\"", 20s)) << first.err();
  CliProcess second = start("ab.json"), third = start("ba.json");
  ASSERT_TRUE(second.wait_for("waiting for another run", 20s)) << second.err();
  second.signal(SIGTERM);
  EXPECT_EQ(second.wait().exit_code, 143);
  first.signal(SIGKILL);
  first.wait();
  CliResult r = third.wait();
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(states(r), (std::vector<std::string>{"written", "written"}));
}

}  // namespace
}  // namespace avstage::test
