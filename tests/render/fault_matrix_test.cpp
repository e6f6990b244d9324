#include <fmt/format.h>

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <thread>
#include <tuple>

#include "base/log.h"
#include "render/bench.h"
#include "render/fault_cases.h"
#include "render/vendor.h"
#include "support/lane.h"

namespace avstage::test {
namespace {

using namespace std::chrono_literals;

enum class JobKind { single, overlay, concat };

constexpr const char* kKinds[] = {"single", "overlay", "concat"};
constexpr const char* kLayouts[] = {"index first", "index last", "fragmented"};
constexpr auto kHung = 60s;

const std::string& clip_of(Index layout) {
  static std::map<Index, std::string> clips;
  std::string& bytes = clips[layout];
  if (bytes.empty()) bytes = noisy_clip(2, layout, 50);
  return bytes;
}

const std::string& base_film() {
  static const TempDir dir;
  static const std::string path = [] {
    VideoSpec spec;
    spec.seconds = 2;
    make_video(dir / "base.mp4", spec);
    return dir / "base.mp4";
  }();
  return path;
}

std::string job_text(JobKind kind) {
  const std::string avatar = R"({ "id": "h", "avatar": { "id": "a", "voice": "v", "say": "hello" })";
  const std::string film = fmt::format(R"({{ "file": "{}", "duration": 1 }})", base_film());
  std::string what;
  if (kind == JobKind::single) what = fmt::format(R"("clips": [ {} }} ])", avatar);
  if (kind == JobKind::concat) what = fmt::format(R"("clips": [ {1}, {0} }}, {1} ])", avatar, film);
  if (kind == JobKind::overlay) {
    what = fmt::format(R"("tracks": [ {{ "clips": [ {{ "file": "{}" }} ] }},
      {{ "clips": [ {}, "width": "50%", "at": "bottom-right" }} ] }} ])",
                       base_film(), avatar);
  }
  return fmt::format(R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }},
    "heygen": {{ "deadline": "60s" }}, {},
    "outputs": [ {{ "path": "out.mp4", "preset": "ultrafast" }} ] }})",
                     what);
}

/// What a run left behind.
struct Ended {
  int code = 0;  ///< 0: a film
  std::string message;
  std::string sha256;
  std::string pictures;  ///< of every frame and sample, decoded
  bool hung = false;
  bool tail_asked = false;  ///< with a request of its own
};

std::string decoded(const std::string& path) {
  const Decoded film = decode_all(path);
  std::string all = fmt::format("{} frames, {} samples:", film.frames, film.audio_samples);
  for (std::uint64_t sum : film.checksums) all += fmt::format(" {:x}", sum);
  std::uint64_t hash = 1469598103934665603u;
  for (float sample : read_sound(path)) {
    std::uint32_t bits;
    std::memcpy(&bits, &sample, sizeof bits);
    hash = (hash ^ bits) * 1099511628211u;
  }
  return all + fmt::format(" {:x}", hash);
}

/// Counts what happened over all parts of the matrix that ran in this process.
struct Tally {
  int runs = 0, identical = 0, recoverable = 0, clear = 0, wrong = 0, hung = 0;
  std::chrono::milliseconds longest{0};
  ~Tally() {
    if (runs == 0) return;
    fmt::print(
        "| avstage | {} runs | {} correct | {} clear error | {} wrong | {} never end | {} of {} recoverable "
        "| "
        "longest {:.1f} s |\n",
        runs, identical, clear, wrong, hung, identical, recoverable, longest.count() / 1000.0);
  }
};

class FaultMatrix : public testing::TestWithParam<std::tuple<Index, JobKind>> {
 protected:
  Index layout() const { return std::get<0>(GetParam()); }
  JobKind kind() const { return std::get<1>(GetParam()); }
  virtual const std::string& clip() const { return clip_of(layout()); }
  virtual int seconds() const { return 2; }

  /// Ends a run that hangs, and says so.
  class Watchdog {
   public:
    Watchdog() : thread_([this](const std::stop_token& over) { watch(over); }) {}
    std::stop_token token() const { return stop_.get_token(); }
    bool barked() const { return stop_.stop_requested(); }

   private:
    void watch(const std::stop_token& over) {
      std::mutex mutex;
      std::condition_variable_any wake;
      std::unique_lock lock(mutex);
      wake.wait_for(lock, over, kHung, [] { return false; });
      if (!over.stop_requested()) stop_.request_stop();
    }
    std::stop_source stop_;
    std::jthread thread_;
  };

  Ended run(const FaultCase& fault, std::uint64_t at) const {
    TempDir dir;
    FaultServer other([&](const HttpRequest& r, Connection& c) { serve_file(c, r, clip()); });
    Gate tail_asked;
    Vendor::Script script;
    script.duration = seconds();
    script.download = [&](int number, const HttpRequest& r, Connection& c) {
      const ClipRequest request{number, r, c, clip(), at, layout(), other.url(""), tail_asked};
      if (request.for_tail()) tail_asked.open();
      fault.serve(request);
    };
    Vendor vendor(script);
    Settings settings;
    settings.state_dir = dir / "state";
    settings.cache_dir = dir / "cache";
    settings.sandbox = vendor.url();
    settings.stall = fault.stall;
    settings.max_clip_bytes = fault.max_clip_bytes;
    Ended ended = render_job(read_job(job_text(kind()), "job.json", dir.path()), settings);
    if (ended.code == 0) ended.pictures = decoded(dir / "out.mp4");
    ended.tail_asked = tail_asked.wait_for(0ms);
    check_traces(dir, fault, ended);
    EXPECT_EQ(vendor.charges(), 1);
    for (const HttpRequest& r : vendor.requests()) {
      if (!r.target.starts_with("/clip")) continue;
      EXPECT_EQ(r.header("x-api-key"), "") << "sent to the CDN";
    }
    for (const HttpRequest& r : other.requests()) EXPECT_EQ(r.header("x-api-key"), "") << "sent elsewhere";
    return ended;
  }

  static Ended render_job(const Job& job, const Settings& settings) {
    Ended ended;
    Watchdog watchdog;
    try {
      ended.sha256 = render(job, settings, {}, watchdog.token()).outputs.at(0).sha256;
    } catch (const Error& e) {
      ended.code = e.exit_code();
      ended.message = e.message();
    }
    ended.hung = watchdog.barked();
    return ended;
  }

  /// A deliverable is complete or absent, and nothing unproven stays.
  void check_traces(const TempDir& dir, const FaultCase& fault, const Ended& ended) const {
    for (const std::string& file : dir.files()) {
      EXPECT_FALSE(file.ends_with(".part")) << file;
      if (ended.code == 0) continue;
      EXPECT_FALSE(file.starts_with("out.mp4")) << file;
      if (kind() != JobKind::single || fault.only_decoding) continue;
      EXPECT_FALSE(file.starts_with("cache/segments")) << file;
    }
  }

  void expect_end(const FaultCase& fault, const Ended& clean, const Ended& ended) {
    ++tally.runs;
    tally.recoverable += fault.code == 0;
    const bool identical = ended.code == 0 && ended.pictures == clean.pictures;
    tally.hung += ended.hung;
    tally.identical += identical && fault.code == 0;
    tally.clear += ended.code != 0 && ended.code == fault.code;
    tally.wrong += ended.code == 0 && !(identical && fault.code == 0);
    EXPECT_FALSE(ended.hung);
    EXPECT_EQ(ended.code, fault.code) << ended.message;
    if (fault.code == 0) {
      EXPECT_TRUE(identical) << "another film, sha256 " << ended.sha256 << ", clean " << clean.sha256;
      return;
    }
    EXPECT_NE(ended.message.find("'h'"), std::string::npos) << "which clip? " << ended.message;
    EXPECT_NE(ended.message.find(fault.says), std::string::npos) << ended.message;
  }

  Ended expect(const FaultCase& fault, const Ended& clean, std::uint64_t at) {
    const auto begin = std::chrono::steady_clock::now();
    const Ended ended = run(fault, at);
    expect_end(fault, clean, ended);
    tally.longest = std::max(tally.longest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                                std::chrono::steady_clock::now() - begin));
    return ended;
  }

  static Tally tally;
};

Tally FaultMatrix::tally;

TEST_P(FaultMatrix, EveryFaultEndsInTheSameFilmOrTheRightError) {
  log::set_level(log::Level::error);
  const FaultCase clean_case{"none",
                             [](const ClipRequest& r) { serve_file(r.connection, r.request, r.clip); }};
  const Ended clean = run(clean_case, 0);
  ASSERT_EQ(clean.code, 0) << clean.message;
  const unsigned part = static_cast<unsigned>(layout()) * 3 + static_cast<unsigned>(kind());
  std::mt19937 random(20'260 + part);
  const double size = static_cast<double>(clip().size());
  unsigned number = part;
  for (const FaultCase& fault : fault_cases()) {
    std::vector<double> positions = {0.1, 0.5, 0.95};
    for (int i = 0; i < 4; ++i) positions.push_back(std::uniform_real_distribution(0.02, 0.99)(random));
    if (!fault.positional) positions = {0};
    for (double position : positions) {
      if (number++ % 10 != 0 && !long_lane()) continue;
      SCOPED_TRACE(fmt::format("{} at {:.1f} %, {}, {}", fault.name, 100 * position, kLayouts[int(layout())],
                               kKinds[int(kind())]));
      expect(fault, clean, static_cast<std::uint64_t>(position * size));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(LayoutsAndJobs, FaultMatrix,
                         testing::Combine(testing::Values(Index::first, Index::last, Index::fragmented),
                                          testing::Values(JobKind::single, JobKind::overlay,
                                                          JobKind::concat)),
                         [](const auto& one) {
                           std::string layout = kLayouts[int(std::get<0>(one.param))];
                           std::replace(layout.begin(), layout.end(), ' ', '_');
                           return layout + "_" + kKinds[int(std::get<1>(one.param))];
                         });

/// The matrix' clips are too short for a request of its own for their index. This one is not.
class TailMatrix : public FaultMatrix {
 protected:
  const std::string& clip() const override {
    static const std::string bytes = noisy_clip(5, Index::last, 0);
    return bytes;
  }
  int seconds() const override { return 5; }
};

TEST_P(TailMatrix, EveryFaultOfTheRequestForTheIndexEndsInTheSameFilmOrTheRightError) {
  log::set_level(log::Level::error);
  const FaultCase whole{"none", [](const ClipRequest& r) { serve_file(r.connection, r.request, r.clip); }};
  const Ended clean = run(whole, 0);
  ASSERT_EQ(clean.code, 0) << clean.message;
  ASSERT_GT(clip().size(), 700'000u) << "near enough to wait for";
  int number = static_cast<int>(kind());
  for (const FaultCase& fault : tail_cases()) {
    if (number++ % 3 != 0 && !long_lane()) continue;  // each row with one kind of job
    SCOPED_TRACE(fmt::format("{}, {}", fault.name, kKinds[int(kind())]));
    EXPECT_TRUE(expect(fault, clean, 0).tail_asked);
  }
}

INSTANTIATE_TEST_SUITE_P(Jobs, TailMatrix,
                         testing::Combine(testing::Values(Index::last),
                                          testing::Values(JobKind::single, JobKind::overlay,
                                                          JobKind::concat)),
                         [](const auto& one) { return kKinds[int(std::get<1>(one.param))]; });

}  // namespace
}  // namespace avstage::test
