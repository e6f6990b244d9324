#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/cli_runner.h"
#include "support/fault_server.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace avstage::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using nlohmann::json;

/// 2 s are promised; the machine that tests may be busy.
constexpr auto kLimit = 4s;

/// A vendor that halts where a test wants to interrupt the run.
class SlowVendor {
 public:
  enum class Halt { nowhere, create, status, clip };
  SlowVendor(std::string clip, Halt halt)
      : clip_(std::move(clip)),
        halt_(halt),
        server_([this](const HttpRequest& r, Connection& c) { answer(r, c); }) {}

  std::string url() const { return server_.url(""); }
  int videos() const { return videos_; }
  void go_on() { halt_ = Halt::nowhere; }
  bool reached() const { return reached_; }
  void begin_again() { reached_ = false; }

 private:
  void answer(const HttpRequest& r, Connection& c) {
    constexpr const char* json_type = "Content-Type: application/json\r\n";
    const Halt halt = halt_;
    if (r.target.starts_with("/clip")) {
      ServeOptions options;
      if (halt == Halt::clip) options.stall_at = clip_.size() * 2 / 3;
      reached_ = reached_ || halt == Halt::clip;
      serve_file(c, r, clip_, options);
    } else if (r.method == "POST") {
      if (videos_ == 0) videos_ = 1;  // the idempotency key is the same for every try
      reached_ = reached_ || halt == Halt::create;
      if (halt == Halt::create) return c.stall();
      c.respond(200, R"({"data":{"video_id":"v1","status":"waiting"}})", json_type);
    } else if (halt == Halt::status) {
      reached_ = true;
      c.respond(200, R"({"data":{"id":"v1","status":"processing"}})", json_type);
    } else {
      c.respond(200,
                json{{"data",
                      {{"id", "v1"},
                       {"status", "completed"},
                       {"duration", 2.0},
                       {"video_url", server_.url("/clip.mp4?Signature=x")}}}}
                    .dump(),
                json_type);
    }
  }

  std::string clip_;
  std::atomic<Halt> halt_;
  std::atomic<int> videos_ = 0;
  std::atomic<bool> reached_ = false;
  FaultServer server_;
};

class SignalTest : public testing::Test {
 protected:
  CliProcess start(const std::vector<std::string>& words) {
    return CliProcess(avstage_binary(), words, dir.path(), env);
  }
  void film(const std::string& name, Rational seconds) {
    VideoSpec spec;
    spec.seconds = seconds;
    make_video(dir / name, spec);
  }

  void expect_stopped(CliProcess& p, int number, const std::string& phase) {
    const auto begin = Clock::now();
    p.signal(number);
    CliResult r = p.wait();
    const std::chrono::duration<double> took = Clock::now() - begin;
    EXPECT_EQ(r.exit_code, 128 + number) << phase << "\n" << r.err;
    EXPECT_LT(took, kLimit) << phase;
    EXPECT_NE(r.err.find("run again to continue"), std::string::npos) << r.err;
    for (const std::string& f : dir.files()) EXPECT_FALSE(f.ends_with(".part")) << phase << " left " << f;
    EXPECT_FALSE(std::filesystem::exists(dir / "out.mp4")) << phase;
    RecordProperty(phase + "_ms", static_cast<int>(took.count() * 1000));
    fmt::print("{:<14} signal {:>2}: ended after {:.0f} ms\n", phase, number, took.count() * 1000);
  }

  void expect_finished() {
    CliResult r = start({"render", "job.json", "--progress", "none"}).wait();
    EXPECT_EQ(r.exit_code, 0) << r.err;
    EXPECT_TRUE(std::filesystem::exists(dir / "out.mp4"));
    std::filesystem::remove(dir / "out.mp4");
  }

  void interrupt_vendor(SlowVendor::Halt halt, const std::string& phase) {
    film("a.mp4", 1);
    film("vendor.mp4", 2);
    write_bytes(dir / "job.json", R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
      "clips": [ { "file": "a.mp4" }, { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "Hello there." } } ],
      "output": "out.mp4" })");
    SlowVendor vendor(read_bytes(dir / "vendor.mp4"), halt);
    env = {
        {"HEYGEN_API_KEY", "key-for-tests"}, {"HEYGEN_API_BASE", vendor.url()}, {"HEYGEN_ALLOW_HTTP", "1"}};
    for (int number : {SIGINT, SIGTERM}) {
      vendor.begin_again();
      CliProcess p = start({"render", "job.json", "--progress", "json"});
      for (int i = 0; i < 2000 && !vendor.reached(); ++i) std::this_thread::sleep_for(5ms);
      ASSERT_TRUE(vendor.reached()) << p.err();
      std::this_thread::sleep_for(300ms);  // what does not wait for the vendor is rendered by now
      expect_stopped(p, number, phase);
    }
    vendor.go_on();
    expect_finished();
    EXPECT_EQ(vendor.videos(), 1);
  }

  TempDir dir;
  std::map<std::string, std::string> env;
};

TEST_F(SignalTest, WhileAClipIsBeingSubmitted) {
  interrupt_vendor(SlowVendor::Halt::create, "submitting");
}
TEST_F(SignalTest, WhileAClipIsBeingMade) {
  interrupt_vendor(SlowVendor::Halt::status, "waiting");
}
TEST_F(SignalTest, WhileAFrameWaitsForBytesThatDoNotCome) {
  interrupt_vendor(SlowVendor::Halt::clip, "streaming");
}

TEST_F(SignalTest, WhileTheStandInMakesAClip) {
  std::string words;
  for (int i = 0; i < 200; ++i) words += "One more word. ";
  write_bytes(dir / "job.json", fmt::format(R"({{ "version": 1, "canvas": {{ "size": "1280x720", "fps": 25 }},
    "clips": [ {{ "id": "h", "avatar": {{ "id": "a", "voice": "v", "say": "{}" }} }} ], "output": "out.mp4" }})",
                                            words));
  for (int number : {SIGINT, SIGTERM}) {
    CliProcess p = start({"render", "job.json", "--sandbox", "--progress", "json"});
    ASSERT_TRUE(p.wait_for("\"waiting\"", 20s)) << p.err();
    std::this_thread::sleep_for(500ms);
    expect_stopped(p, number, "stand-in");
  }
}

/// A large file of noise behind a film's own boxes: there is much to hash, nothing to decode.
TEST_F(SignalTest, WhileALargeFileIsHashed) {
  film("a.mp4", 1);
  const std::string film = read_bytes(dir / "a.mp4");
  write_bytes(dir / "big.mp4", film);
  const std::uint64_t free_box = std::uint64_t(3) << 30;
  std::string head("\0\0\0\1free", 8);
  for (int i = 7; i >= 0; --i) head += static_cast<char>(free_box >> (8 * i));
  write_bytes(dir / "big.mp4", film + head);
  std::filesystem::resize_file(dir / "big.mp4", film.size() + free_box);
  write_bytes(dir / "job.json", R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "big.mp4" } ], "output": "out.mp4" })");
  for (int number : {SIGINT, SIGTERM}) {
    CliProcess p = start({"render", "job.json", "--progress", "json"});
    ASSERT_TRUE(p.wait_for("\"plan\"", 20s)) << p.err();
    std::this_thread::sleep_for(200ms);
    expect_stopped(p, number, "plan");
  }
}

/// One long film at a high bit rate: rendering, mixing and assembling each take a while.
class LongFilm : public SignalTest {
 protected:
  void make_job(const std::string& size, int seconds) {
    VideoSpec spec;
    spec.seconds = Rational(10);
    make_video(dir / "a.mp4", spec);
    std::string clips;
    for (int i = 0; i < seconds / 10; ++i) clips += std::string(i ? ", " : "") + R"({ "file": "a.mp4" })";
    write_bytes(dir / "job.json", fmt::format(R"({{ "version": 1, "canvas": {{ "size": "{}", "fps": 25 }},
      "clips": [ {} ], "outputs": [ {{ "path": "out.mp4", "preset": "ultrafast", "bitrate": "40M", "copy": "never" }} ] }})",
                                              size, clips));
  }
};

TEST_F(LongFilm, WhileItIsComposed) {
  make_job("1920x1080", 60);
  for (int number : {SIGINT, SIGTERM}) {
    CliProcess p = start({"render", "job.json", "--progress", "json"});
    ASSERT_TRUE(p.wait_for("\"progress\"", 20s)) << p.err();
    expect_stopped(p, number, "composing");
  }
}

TEST_F(LongFilm, WhileItIsMixedAndAssembled) {
  make_job("160x90", 600);
  for (std::chrono::milliseconds after : {0ms, 30ms, 100ms, 200ms, 400ms, 800ms}) {
    CliProcess p = start({"render", "job.json", "--progress", "json"});
    ASSERT_TRUE(p.wait_for("\"assemble\"", 120s)) << p.err();
    std::this_thread::sleep_for(after);
    if (p.err().find(R"("text":"done")") != std::string::npos) break;
    expect_stopped(p, SIGTERM, fmt::format("assemble+{}", after.count()));
  }
  expect_finished();
}

TEST_F(LongFilm, ASecondSignalEndsItAtOnce) {
  make_job("1920x1080", 60);
  CliProcess p = start({"render", "job.json", "--progress", "json"});
  ASSERT_TRUE(p.wait_for("\"progress\"", 20s)) << p.err();
  const auto begin = Clock::now();
  p.signal(SIGINT);
  std::this_thread::sleep_for(1ms);
  p.signal(SIGTERM);
  CliResult r = p.wait();
  EXPECT_TRUE(r.exit_code == 143 || r.exit_code == 130) << r.exit_code;
  EXPECT_LT(Clock::now() - begin, 1s);
}

}  // namespace
}  // namespace avstage::test
