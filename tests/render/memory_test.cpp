#include <fmt/format.h>
#include <stdlib.h>

#include <chrono>
#include <thread>

#include "render/bench.h"
#include "support/cli_runner.h"
#include "support/lane.h"
#include "support/places.h"

namespace avstage::test {
namespace {

class Memory : public Bench {
 protected:
  /// Peak RSS in kB of a job of `minutes` minutes: a film, a picture in it, a title; every minute graded
  /// otherwise, so that no segment serves twice.
  long peak(int minutes) {
    std::string clips;
    for (int i = 0; i < minutes; ++i) {
      clips += fmt::format(R"({}{{ "file": "a.mp4", "filters": [ {{ "grade": {{ "brightness": {} }} }} ] }})",
                           i ? ", " : "", 0.001 * (i + 1));
    }
    const std::string name = fmt::format("film{}", minutes);
    write_bytes(dir / (name + ".json"),
                fmt::format(R"({{ "version": 1, "canvas": {{ "size": "640x360", "fps": 25 }},
      "tracks": [ {{ "clips": [ {} ] }},
                  {{ "clips": [ {{ "file": "a.mp4", "start": 5, "duration": 20, "width": "30%", "at": "top-right" }} ] }},
                  {{ "clips": [ {{ "text": "Title", "start": 8, "duration": 5, "at": "bottom", "margin": "5%" }} ] }} ],
      "outputs": [ {{ "path": "{}.mp4", "preset": "ultrafast" }} ] }})",
                            clips, name));
    // A short film has not enough segments for the workers of a large machine.
    CliProcess tool(avstage_binary(), {"render", name + ".json", "--progress", "none", "--workers", "1"},
                    dir.path());
    long last = 0;
    while (const long peak = tool.peak_kb()) {  // it only grows
      last = peak;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CliResult r = tool.wait();
    EXPECT_EQ(r.exit_code, 0) << r.err;
    EXPECT_EQ(probe_media(dir / (name + ".mp4")).video->frames, minutes * 60 * 25);
    return last;
  }
};

/// The long suite (AVSTAGE_LONG=1) compares 30 minutes with 3, the short one 4 with 1.
TEST_F(Memory, DoesNotGrowWithTheProgramme) {
  const bool full = long_lane();
  VideoSpec spec;
  spec.seconds = 60;
  spec.width = 320;
  spec.height = 180;
  make_video(dir / "a.mp4", spec);
  const long small = peak(full ? 3 : 1), large = peak(full ? 30 : 4);
  RecordProperty("small_kb", static_cast<int>(small));
  RecordProperty("large_kb", static_cast<int>(large));
  printf("peak RSS: %ld kB and %ld kB\n", small, large);
  EXPECT_LE(large, small * 11 / 10 + 20 * 1024);
}

}  // namespace
}  // namespace avstage::test
