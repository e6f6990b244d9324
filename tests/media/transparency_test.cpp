#include "media/transparency.h"

#include <gtest/gtest.h>

#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

using test::set_sample;

class TransparencyOf : public testing::Test {
 protected:
  /// Of a clip whose alpha is `alpha` at frame n and column x.
  Transparency of(const std::function<int(std::int64_t n, int x)>& alpha) {
    test::VideoSpec spec;
    spec.codec = "libvpx-vp9";
    spec.pix_fmt = "yuva420p";
    spec.audio_codec = "libopus";
    spec.seconds = Rational(2, 5);
    spec.draw = [&](AVFrame& f, std::int64_t n) {
      for (int y = 0; y < f.height; ++y) {
        for (int x = 0; x < f.width; ++x) set_sample(f, 3, x, y, alpha(n, x));
      }
    };
    test::make_video(dir_ / "v.webm", spec);
    return transparency_of(Demuxer::open_file(dir_ / "v.webm"));
  }

  avstage::test::TempDir dir_;
};

TEST_F(TransparencyOf, AFigureBeforeNothingIsUsable) {
  EXPECT_EQ(of([](std::int64_t, int x) { return x < 40 ? 255 : 0; }), Transparency::usable);
}

TEST_F(TransparencyOf, AlphaThatHidesNothingIsOpaque) {
  EXPECT_EQ(of([](std::int64_t, int) { return 255; }), Transparency::opaque);
}

TEST_F(TransparencyOf, AlphaThatHidesEverythingIsInvisible) {
  EXPECT_EQ(of([](std::int64_t, int) { return 0; }), Transparency::invisible);
}

TEST_F(TransparencyOf, AnOpaqueBeginningIsNotTheVerdict) {
  EXPECT_EQ(of([](std::int64_t n, int x) { return n < 8 || x < 40 ? 255 : 0; }), Transparency::usable);
}

TEST_F(TransparencyOf, AClipWithoutAlphaHasNone) {
  test::VideoSpec spec;
  spec.codec = "libvpx-vp9";
  spec.audio_codec = "libopus";
  spec.seconds = Rational(1, 5);
  test::make_video(dir_ / "plain.webm", spec);
  EXPECT_EQ(transparency_of(Demuxer::open_file(dir_ / "plain.webm")), Transparency::none);
}

}  // namespace
}  // namespace avstage::media
