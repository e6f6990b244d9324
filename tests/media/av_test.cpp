#include "media/av.h"

#include <gmock/gmock.h>

#include "base/log.h"
#include "memory_source.h"
#include "support/log_guard.h"
#include "support/media_fixtures.h"

namespace avstage::media {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Av, CheckPassesGoodValuesThrough) {
  EXPECT_EQ(check(7, "reading", "a.mp4"), 7);
}

TEST(Av, CheckNamesThePlaceTheReasonAndLibavsLastLine) {
  init_logging();
  av_log(nullptr, AV_LOG_ERROR, "moov atom ");
  av_log(nullptr, AV_LOG_ERROR, "not found\n");
  Error e = test::error_of([] { check(AVERROR_INVALIDDATA, "opening", "a.mp4"); });
  EXPECT_EQ(e.message(), "a.mp4: opening: Invalid data found when processing input (moov atom not found)");
  EXPECT_EQ(e.code(), ErrorCode::input);
  EXPECT_EQ(take_last_log_line(), "");
}

TEST(Av, AnOldLogLineIsNotBlamedForALaterFailure) {
  init_logging();
  av_log(nullptr, AV_LOG_WARNING, "harmless\n");
  check(0, "step", "a.mp4");
  EXPECT_THAT(test::error_of([] { check(AVERROR_EOF, "reading", "a.mp4", ErrorCode::local); }).message(),
              Not(HasSubstr("harmless")));
}

TEST(Av, MessagesAreOneLineAndFreeOfSignedQueries) {
  Error e = test::error_of([] { check(AVERROR(EIO), "reading\nnow", "https://h/a.mp4?Signature=abc"); });
  EXPECT_THAT(e.message(), Not(HasSubstr("abc")));
  EXPECT_THAT(e.message(), Not(HasSubstr("\n")));
}

TEST(Av, AJobIsNotBlamedForWhatTheMachineHasNoMoreOf) {
  const auto code_of = [](int ret, ErrorCode code) {
    return test::error_of([&] { check(ret, "cannot be configured", "filter graph", code); }).code();
  };
  EXPECT_EQ(code_of(AVERROR(EINVAL), ErrorCode::usage), ErrorCode::usage);
  EXPECT_EQ(code_of(AVERROR(ENOMEM), ErrorCode::usage), ErrorCode::local);
  EXPECT_EQ(code_of(AVERROR(EAGAIN), ErrorCode::usage), ErrorCode::local);
  EXPECT_EQ(code_of(AVERROR(EAGAIN), ErrorCode::input), ErrorCode::local);
  EXPECT_EQ(code_of(AVERROR(ENOMEM), ErrorCode::input), ErrorCode::input) << "it asks for too much";
}

TEST(Av, LibavsLinesGoToTheDebugLogWithoutAddresses) {
  init_logging();
  log::set_level(log::Level::debug);
  av_log(nullptr, AV_LOG_ERROR, "see https://h/a?token=secret now\n");
  log::set_level(log::Level::warning);
  auto lines = test::logged_lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "libav: see https://h/a?… now");
}

TEST(Av, LibraryVersionsNameEveryLibraryThatMakesPixels) {
  for (const char* name : {"libavcodec ", "libavformat ", "libavfilter ", "libswscale ", "libswresample ",
                           "libx264.so.", "libx265.so.", "libfreetype.so."}) {
    EXPECT_THAT(library_versions(), HasSubstr(name));
  }
}

class PictureHash : public testing::TestWithParam<const char*> {
 protected:
  static FramePtr picture() {
    FramePtr frame = test::flat_frame(38, 22, GetParam(), 0, 0, 0);
    for (int plane = 0; plane < 3; ++plane) {
      const auto [width, height] = test::plane_size(*frame, plane);
      for (int i = 0; i < width * height; ++i)
        test::set_sample(*frame, plane, i % width, i / width, 100 + plane);
    }
    return frame;
  }
};

INSTANTIATE_TEST_SUITE_P(Formats, PictureHash, testing::Values("yuv420p", "yuv422p", "yuv422p10le"),
                         [](const auto& format) { return std::string(format.param); });

TEST_P(PictureHash, ChangesWithEverySampleAndWithNothingBesideIt) {
  const std::uint64_t hash = picture_hash(*picture());
  FramePtr padded = picture();
  const int step = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(padded->format))->comp[0].step;
  for (int plane = 0; plane < 3; ++plane) {
    const int bytes = step * test::plane_size(*padded, plane).first;
    ASSERT_GT(padded->linesize[plane], bytes);
    padded->data[plane][bytes] ^= 0xff;
  }
  EXPECT_EQ(picture_hash(*padded), hash);
  for (int plane = 0; plane < 3; ++plane) {
    const auto [width, height] = test::plane_size(*padded, plane);
    for (const auto& [x, y] : {std::pair(0, 0), std::pair(width - 1, height - 1)}) {
      FramePtr other = picture();
      test::set_sample(*other, plane, x, y, 99);
      EXPECT_NE(picture_hash(*other), hash) << plane << ": " << x << ", " << y;
    }
  }
}

}  // namespace
}  // namespace avstage::media
