#include "media/stated_pictures.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "stream_line.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

extern "C" {
#include <libavformat/avformat.h>
}

namespace avstage::media {
namespace {

using test::line;
using test::VideoSpec;

/// What libav says of the picture of `path`; `taken` (may be nullptr): with its pictures skipped, if they may
/// be.
std::string analysed(const std::string& path, bool* taken) {
  AVFormatContext* context = nullptr;
  EXPECT_EQ(avformat_open_input(&context, path.c_str(), nullptr, nullptr), 0);
  std::vector<AVDictionary*> options(context->nb_streams, nullptr);
  AVStream* stream = context->streams[0];
  if (taken != nullptr && (*taken = take_stated_pictures(*stream->codecpar)))
    av_dict_set(&options[0], "skip_frame", "all", 0);
  EXPECT_GE(avformat_find_stream_info(context, options.data()), 0);
  for (AVDictionary*& d : options) av_dict_free(&d);
  const std::string found = line(*stream);
  avformat_close_input(&context);
  return found;
}

class StatedPictures : public testing::Test {
 protected:
  void expect_same(const VideoSpec& spec, bool taken, const std::string& name = "a.mp4") {
    test::make_video(dir / name, spec);
    compare(dir / name, taken);
    // Without the container's word for the colours, and with a wrong one.
    std::string bytes = test::read_bytes(dir / name);
    const std::size_t colours = bytes.find("colrnclx");
    if (colours == bytes.npos) return;
    std::string other = bytes;
    other[colours + 9] = other[colours + 11] = other[colours + 13] = 6;
    test::write_bytes(dir / name, other);
    compare(dir / name, taken);
    bytes.replace(colours, 4, "free");
    test::write_bytes(dir / name, bytes);
    compare(dir / name, taken);
  }

  static void compare(const std::string& path, bool expected) {
    bool taken = false;
    const std::string quick = analysed(path, &taken);
    EXPECT_EQ(taken, expected);
    EXPECT_EQ(quick, analysed(path, nullptr));
  }

  test::TempDir dir;
};

TEST_F(StatedPictures, SayWhatDecodingThemSays) {
  expect_same(VideoSpec(), true);
  VideoSpec spec;
  spec.options = {{"crf", "1"}};
  spec.fps = Rational(30000, 1001);
  expect_same(spec, true);
  spec = {};
  spec.matrix = "smpte170m", spec.primaries = "smpte170m", spec.transfer = "smpte170m";
  expect_same(spec, true, "a.mov");
  spec.matrix = spec.primaries = spec.transfer = spec.range = "unknown";
  expect_same(spec, true);
  spec.matrix = spec.primaries = spec.transfer = "bt709";
  expect_same(spec, true);
  spec = {};
  spec.sar = Rational(16, 11);
  spec.width = 162;  // cropped
  expect_same(spec, true);
  spec = {};
  spec.rotation = 90;
  spec.bframes = 3;
  spec.open_gop = true;
  spec.picture_delay = Rational(1, 4);
  expect_same(spec, true);
  spec = {};
  spec.ticks = {0, 1, 2, 5, 6, 9, 14, 15, 16, 17, 25, 26, 27, 28, 40};
  expect_same(spec, true);
  spec = {};
  spec.audio_codec.clear();
  spec.seconds = Rational(1, 25);
  expect_same(spec, true);
}

TEST_F(StatedPictures, AreLookedAtWhereTheSetDoesNotSayAllOfIt) {
  VideoSpec spec;
  spec.bframes = 0;
  expect_same(spec, false);
  spec = {};
  spec.range = "pc";
  expect_same(spec, false);
  spec = {};
  spec.chroma = "topleft";
  expect_same(spec, false);
  spec = {};
  spec.height = 96, spec.scan = test::Scan::top_first;
  expect_same(spec, false);
  spec = {};
  spec.pix_fmt = "yuv422p10le", spec.profile = "high422";
  expect_same(spec, false);
  spec = {};
  spec.codec = "libx265";
  expect_same(spec, false);
  expect_same(VideoSpec(), false, "a.mkv");
  // A set that says nothing of reordering, and none at all.
  test::make_video(dir / "a.mp4");
  std::string bytes = test::read_bytes(dir / "a.mp4");
  const std::size_t avcc = bytes.find("avcC");
  ASSERT_NE(avcc, bytes.npos);
  bytes[avcc + 9] = static_cast<char>(bytes[avcc + 9] & ~31);
  test::write_bytes(dir / "a.mp4", bytes);
  bool taken = true;
  analysed(dir / "a.mp4", &taken);
  EXPECT_FALSE(taken);
}

}  // namespace
}  // namespace avstage::media
