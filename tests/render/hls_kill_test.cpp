#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <sstream>

#include "render/hls_bench.h"
#include "render/kill_bench.h"
#include "support/lane.h"

namespace avstage::test {
namespace {

namespace fs = std::filesystem;

class HlsKill : public KillBench {
 protected:
  static std::string text(int frames) {
    return fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }},
          "clips": [ {{ "color": "#203040", "duration": "{}f" }} ],
          "outputs": [ {{ "path": "out/tv.m3u8", "preset": "ultrafast", "segment": 1, "poster": 0.5 }} ] }})",
        frames);
  }

  /// The crash points that a run passes once the film is being put together, each as often as it is passed.
  std::vector<std::string> places() {
    CliResult result = start("list", text(50), {{"AVSTAGE_CRASH_AT", "list"}})->wait();
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<std::string> out;
    std::map<std::string, int> passed;
    bool assembling = false;
    std::istringstream lines(result.err);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("crash point ")) continue;
      const std::string name = line.substr(12);
      const std::string place = fmt::format("{}:{}", name, ++passed[name]);
      assembling |= name == "assembling";
      if (assembling) out.push_back(place);
    }
    made = all_files(dir / "list/out");
    return out;
  }

  /// Dies at `place`, in an empty folder or over the stream of another film; then runs on.
  void check(const std::string& place, bool replaces) {
    SCOPED_TRACE(place + (replaces ? ", over another stream" : ""));
    const std::string name = fmt::format("run{}", ++runs), master = dir / name + "/out/tv.m3u8";
    if (replaces) {
      ASSERT_EQ(start(name, text(25))->wait().exit_code, 0);
    }
    CliResult killed = start(name, text(50), {{"AVSTAGE_CRASH_AT", place}})->wait();
    // Where a stream is there already, its segments are as well: fewer renames come before.
    if (killed.exit_code != 0) {
      ASSERT_EQ(killed.exit_code, 128 + SIGKILL) << killed.err;
    }
    if (fs::exists(master)) {
      const auto stream = read_stream(master);  // fails for a file that is not there
      const double length = stream.at("160x90").sum();
      EXPECT_TRUE(length == 2 || (replaces && length == 1)) << length;
    }
    EXPECT_TRUE(replaces <= fs::exists(master)) << "the old one was there";
    CliResult again = start(name, text(50))->wait();
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_TRUE(all_files(dir / name + "/out") == made) << "another stream than without the kill";
    EXPECT_FALSE(any_part_left(name));
    fs::remove_all(dir / name);
  }

  std::map<std::string, std::string> made;  ///< the stream of 50 frames, as it should be
  int runs = 0;
};

/// AVSTAGE_LONG=1 dies at every place, else at some, drawn by AVSTAGE_SEED.
TEST_F(HlsKill, LeavesNoStreamOrAWholeOneAndTheNextRunMakesIt) {
  const std::vector<std::string> all = places();
  ASSERT_GE(all.size(), 12U) << "edition, manifest, poster and playlist, each before and after its rename";
  std::vector<std::pair<std::string, bool>> kills;
  for (const std::string& place : all) kills.insert(kills.end(), {{place, false}, {place, true}});
  if (!long_lane()) {
    const char* given = std::getenv("AVSTAGE_SEED");
    const unsigned long seed = given == nullptr ? 1 : std::strtoul(given, nullptr, 10);
    std::shuffle(kills.begin(), kills.end(), std::mt19937_64(seed));
    kills.resize(4);
    kills.emplace_back("edition:1", true);  // complete, and nothing points to it yet
  }
  for (const auto& [place, replaces] : kills) check(place, replaces);
}

}  // namespace
}  // namespace avstage::test
