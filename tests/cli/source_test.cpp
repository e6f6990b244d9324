#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <thread>

#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

// The avatar stage in front of a stock ffmpeg.
namespace avstage::test {
namespace {

using namespace std::chrono_literals;

const char* const kJob = R"({ "version": 1,
  "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "Hello.", "size": "160x128" } } ],
  "output": "out.mp4" })";

class SourceCommand : public testing::Test {
 protected:
  SourceCommand() { write_bytes(dir / "job.json", kJob); }

  /// What the last command of `pipeline` prints and the exit codes of all; "$avstage" is the tool.
  std::string shell(const std::string& pipeline) const {
    const std::string command = "cd '" + dir.path() + "'; export HOME=$PWD; avstage='" + avstage_binary() +
                                "'; " + pipeline + " 2>err; echo \" ${PIPESTATUS[*]}\"";
    FILE* pipe = ::popen(("bash -c '" + escaped(command) + "'").c_str(), "r");
    std::string out;
    std::array<char, 4096> buffer;
    for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      out.append(buffer.data(), n);
    ::pclose(pipe);
    return out;
  }

  static std::string escaped(const std::string& text) {
    std::string out;
    for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out;
  }

  TempDir dir;
};

TEST_F(SourceCommand, StockFfmpegReadsEveryPacketOfIt) {
  std::string first;
  for (const char* container : {"nut", "matroska", "mp4"}) {
    const std::string out =
        shell("$avstage source job.json --sandbox --progress none -o - -f " + std::string(container) +
              " | ffmpeg -v error -i - -map 0:v -map 0:a -c copy -f streamhash -");
    EXPECT_NE(out.find("0,v,"), std::string::npos) << out;
    EXPECT_NE(out.find("1,a,"), std::string::npos) << out;
    EXPECT_NE(out.find(" 0 0\n"), std::string::npos) << out << read_bytes(dir / "err");
    const std::string sound = out.substr(out.find("1,a,"));
    if (first.empty()) first = sound;
    EXPECT_EQ(sound, first) << container;
  }
}

TEST_F(SourceCommand, ServeGivesTheSameClipAUrlAndEndsWithASignal) {
  CliProcess server(avstage_binary(), {"serve", "job.json", "--sandbox", "--no-token"}, dir.path());
  for (int i = 0; i < 400 && server.out().find(".mp4") == std::string::npos; ++i)
    std::this_thread::sleep_for(10ms);
  const std::string out = server.out(),
                    url = out.substr(out.find('\n') + 1, out.find(".mp4") + 4 - out.find('\n') - 1);
  ASSERT_NE(url.find("/job/"), std::string::npos) << out << server.err();
  EXPECT_NE(out.find(".mp4 not bought clip 'h'\n"), std::string::npos) << out;
  EXPECT_EQ(shell("curl -s -o /dev/null -w %{http_code} " + url), "404 0\n");
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait().exit_code, 0);
}

TEST_F(SourceCommand, AClosedPipeIsSevenAndAFailedClipItsOwnCode) {
  // A clip the size of a pipe's buffer could be written whole before the reader closes.
  const std::string big =
      R"({ "version": 1, "clips": [ { "avatar": { "id": "a", "voice": "v", "size": "640x360",
    "say": "A reader that goes away in the middle is told from one that has read it all." } } ],
    "output": "out.mp4" })";
  write_bytes(dir / "big.json", big);
  EXPECT_EQ(shell("$avstage source big.json --sandbox --progress none -f nut | head -c 1000 >/dev/null"),
            " 7 0\n");
  EXPECT_NE(shell("$avstage source no-such-video --sandbox --progress none -f nut | wc -c").find("0\n 5 0\n"),
            std::string::npos);
  EXPECT_EQ(shell("$avstage source job.json --sandbox --clip x -f nut | cat"), " 2 0\n");
  EXPECT_EQ(shell("$avstage source job.json --sandbox -f avi | cat"), " 2 0\n");
  write_bytes(dir / "film.json",
              R"({ "version": 1, "clips": [ { "color": "#000000", "duration": 1 } ], "output": "o.mp4" })");
  EXPECT_EQ(shell("$avstage source film.json --sandbox -f nut | cat"), " 2 0\n");
}

}  // namespace
}  // namespace avstage::test
