#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>

#include "ledger/ledger.h"
#include "render/bench.h"
#include "render/vendor.h"

// Clips that are not what was bought, planted where a run would find them: none of them gets into a film.
namespace avstage::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string avatar_job(const std::string& words = R"("id": "a", "voice": "v", "say": "hello")") {
  return R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "heygen": { "deadline": "20s" },
    "clips": [ { "id": "h", "avatar": { )" +
         words + R"( } } ], "output": "out.mp4" })";
}

const char* const kTakeTwo = R"("id": "a", "voice": "v", "say": "hello", "take": 2)";
const char* const kSilence =
    R"("request": { "video_inputs": [ { "character": { "type": "avatar", "avatar_id": "a" }, "voice": { "type": "silence", "duration": 1 } } ] })";

class Planted : public Bench {
 protected:
  Vendor::Script script(const std::string& clip) {
    Vendor::Script s{.clip = clip};
    s.duration = 1;
    return s;
  }

  std::string silent_clip(bool with_track) {
    VideoSpec spec;
    spec.sound = Sound::impulse;
    spec.impulse_at = 1'000'000;  // behind the end
    if (!with_track) spec.audio_codec = "";
    make_video(dir / "silent.mp4", spec);
    return read_bytes(dir / "silent.mp4");
  }

  /// The archive's files, sorted.
  std::vector<std::string> archived() const {
    std::vector<std::string> found;
    for (const std::string& f : dir.files()) {
      if (f.find("/archive/") != std::string::npos) found.push_back(dir / f);
    }
    return found;
  }
};

TEST_F(Planted, ASilentClipThatWasToSpeakIsNotDelivered) {
  for (bool with_track : {true, false}) {
    fs::remove_all(dir / "state");
    Vendor vendor(script(silent_clip(with_track)));
    auto [code, message] = fail(avatar_job(), settings(vendor.url()));
    EXPECT_EQ(code, 8) << message;
    EXPECT_THAT(message, testing::AllOf(HasSubstr("clip 'h'"), HasSubstr("silent"), HasSubstr("\"take\": 2"),
                                        HasSubstr("video_id")));
    EXPECT_EQ(fail(avatar_job(), settings(vendor.url())).first, 8) << "from the archive as well";
    EXPECT_FALSE(fs::exists(dir / "out.mp4"));
    EXPECT_EQ(vendor.charges(), 1) << "what is paid for is kept";
    EXPECT_EQ(archived().size(), 1U);
  }
}

TEST_F(Planted, ASilentClipIsFineWhereSilenceWasAskedFor) {
  Vendor vendor(script(silent_clip(true)));
  EXPECT_EQ(run(avatar_job(kSilence), settings(vendor.url())).outputs.at(0).frames, 25);
}

TEST_F(Planted, AnotherTakesFileInTheArchiveIsFetchedAgain) {
  VideoSpec other;
  other.picture = Picture::gray;
  make_video(dir / "other.mp4", other);
  Settings s;
  {
    Vendor first(script(counter_clip(1)));
    s = settings(first.url());
    run(avatar_job(), s);
  }
  const std::string take_one = archived().at(0);
  Vendor second(script(read_bytes(dir / "other.mp4")));
  s = settings(second.url());
  s.overwrite = true;
  run(avatar_job(kTakeTwo), s);
  ASSERT_EQ(archived().size(), 2U);
  for (const std::string& f : archived()) {
    if (f != take_one) fs::copy_file(take_one, f, fs::copy_options::overwrite_existing);
  }
  fs::remove_all(dir / "cache");
  fs::remove(dir / "out.mp4");
  run(avatar_job(kTakeTwo), s);
  EXPECT_EQ(second.charges(), 1);
  EXPECT_EQ(second.downloads(), 2) << "the wrong file was not used";
  EXPECT_NEAR(decode_all(dir / "out.mp4").means.at(0).y, decode_all(dir / "other.mp4").means.at(0).y, 2);
}

TEST_F(Planted, AStandInsFileInTheRealArchiveIsFetchedAgain) {
  Vendor vendor(script(counter_clip(1)));
  ::setenv("HEYGEN_API_KEY", "canary-key-1234", 1);
  ::setenv("HEYGEN_ALLOW_HTTP", "1", 1);
  Settings live = settings();
  live.api_base = vendor.url();
  run(avatar_job(), live);
  const std::string real = archived().at(0);
  Vendor stand_in(script(counter_clip(2)));
  Settings s = settings(stand_in.url());
  s.overwrite = true;
  run(avatar_job(), s);
  for (const std::string& f : archived()) {
    if (f != real) fs::copy_file(f, real, fs::copy_options::overwrite_existing);
  }
  fs::remove(dir / "out.mp4");
  fs::remove_all(dir / "cache");
  EXPECT_EQ(run(avatar_job(), live).outputs.at(0).frames, 25);
  EXPECT_EQ(vendor.charges(), 1);
  EXPECT_EQ(vendor.downloads(), 2);
  ::unsetenv("HEYGEN_API_KEY");
  ::unsetenv("HEYGEN_ALLOW_HTTP");
}

TEST_F(Planted, AClipManyTimesAsLongAsTheVendorSaidIsRefused) {
  VideoSpec spec;
  spec.width = spec.height = 32;
  spec.fps = Rational(1);
  spec.seconds = Rational(3600);
  spec.gop = 600;
  spec.audio_codec = "";
  make_video(dir / "hour.mp4", spec);
  Vendor::Script s = script(read_bytes(dir / "hour.mp4"));
  s.duration = 3;
  Vendor vendor(s);
  auto [code, message] = fail(avatar_job(), settings(vendor.url()));
  EXPECT_EQ(code, 6) << message;
  EXPECT_THAT(message,
              testing::AllOf(HasSubstr("3.000 s"), HasSubstr("3600.000 s"), HasSubstr("at most twice")));
  EXPECT_EQ(count(Event::Kind::segment), 0) << "nothing of it was rendered";
}

}  // namespace
}  // namespace avstage::test
