#include "media/video_reader.h"

#include <gmock/gmock.h>

#include <random>

#include "memory_source.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

using test::error_of;
using test::frame_number;
using test::Index;
using test::Picture;
using test::TempDir;
using test::VideoSpec;

VideoSpec counter(Rational fps, Rational seconds) {
  VideoSpec spec;
  spec.picture = Picture::counter;
  spec.fps = fps;
  spec.seconds = seconds;
  spec.audio_codec.clear();
  return spec;
}

int number_at(VideoReader& reader, Time time, Rational fps) {
  return frame_number(*reader.frame_at(time, fps));
}

TEST(VideoReader, OnItsOwnGridEveryFrameIsShownOnce) {
  TempDir dir;
  for (const char* name : {"v.mp4", "v.mkv", "v.ts", "v.mov"}) {
    for (Rational fps : {Rational(25), Rational(30000, 1001), Rational(24000, 1001), Rational(60)}) {
      test::make_video(dir / name, counter(fps, Rational(1)));
      VideoReader reader(Demuxer::open_file(dir / name));
      std::int64_t frames = fps.round();
      for (std::int64_t i = 0; i < frames; ++i) {
        ASSERT_EQ(number_at(reader, Time(i) / fps, fps), i) << name << " " << fps.str();
      }
      EXPECT_FALSE(reader.past_end()) << name << " " << fps.str();
    }
  }
}

TEST(VideoReader, AStopEndsTheWayToAFrame) {
  TempDir dir;
  test::make_video(dir / "v.mp4", counter(25, Rational(2)));
  std::stop_source stop;
  VideoReader reader(Demuxer::open_file(dir / "v.mp4"), 0, stop.get_token());
  EXPECT_EQ(number_at(reader, Time(1), 25), 25);
  stop.request_stop();
  EXPECT_EQ(number_at(reader, Time(1), 25), 25) << "it is there already";
  EXPECT_EQ(error_of([&] { reader.frame_at(Time(19, 10), 25); }).code(), ErrorCode::interrupted);
}

TEST(VideoReader, ConvertsRatesToTheNearestFrame) {
  TempDir dir;
  for (auto [from, to] : {std::pair{25, 30}, {30, 25}, {24, 25}, {50, 25}, {25, 50}, {60, 25}}) {
    test::make_video(dir / "v.mp4", counter(Rational(from), Rational(1)));
    VideoReader reader(Demuxer::open_file(dir / "v.mp4"));
    for (int i = 0; i < to; ++i) {
      // Frame k is on the grid from the step nearest to its time, halves upwards, as in FFmpeg's fps filter.
      int expected = 0;
      for (int k = 0; k < from; ++k) {
        if ((2 * k * to + from) / (2 * from) <= i) expected = k;
      }
      ASSERT_EQ(number_at(reader, Time(i, to), Rational(to)), expected)
          << from << " -> " << to << " at " << i;
    }
  }
}

TEST(VideoReader, BeforeTheFirstAndAfterTheLastFrameItHolds) {
  TempDir dir;
  test::make_video(dir / "v.mp4", counter(Rational(25), Rational(1)));
  VideoReader reader(Demuxer::open_file(dir / "v.mp4"));
  EXPECT_EQ(number_at(reader, Time(-1), Rational(25)), 0);
  EXPECT_EQ(number_at(reader, Time(24, 25), Rational(25)), 24);
  EXPECT_FALSE(reader.past_end());
  EXPECT_EQ(number_at(reader, Time(1), Rational(25)), 24);
  EXPECT_TRUE(reader.past_end());
}

TEST(VideoReader, TimeZeroIsTheFirstShownFrame) {
  TempDir dir;
  VideoSpec spec = counter(Rational(25), Rational(1));
  for (const char* name : {"v.mp4", "v.mkv", "v.ts"}) {
    spec.start = Rational(2);
    test::make_video(dir / name, spec);
    VideoReader reader(Demuxer::open_file(dir / name));
    for (int i = 0; i < 25; ++i) ASSERT_EQ(number_at(reader, Time(i, 25), Rational(25)), i) << name;
  }
}

TEST(VideoReader, FramesAnEditListHidesAreNotShown) {
  TempDir dir;
  VideoSpec spec = counter(Rational(25), Rational(1));
  spec.start = Rational(-1, 5);
  test::make_video(dir / "v.mp4", spec);
  VideoReader reader(Demuxer::open_file(dir / "v.mp4"));
  EXPECT_EQ(reader.facts().video->frames, 20);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(number_at(reader, Time(i, 25), Rational(25)), i + 5);
  EXPECT_EQ(number_at(reader, Time(0), Rational(25)), 5) << "also after seeking back";
}

struct Gop {
  const char* name;
  const char* codec;
  bool open;
};
void PrintTo(const Gop& gop, std::ostream* out) {
  *out << gop.name;
}

class VideoReaderSeek : public testing::TestWithParam<Gop> {};

TEST_P(VideoReaderSeek, GivesTheSamePixelsAsDecodingInOrder) {
  TempDir dir;
  VideoSpec spec = counter(Rational(25), Rational(8));
  spec.picture = Picture::testsrc;
  spec.gop = 40;
  spec.bframes = 3;
  spec.codec = GetParam().codec;
  spec.open_gop = GetParam().open;
  std::string path = dir / GetParam().name;
  test::make_video(path, spec);
  auto sequence = test::decode_all(path);
  ASSERT_EQ(sequence.frames, 200);
  VideoReader reader(Demuxer::open_file(path));
  std::mt19937 random(7);
  std::vector<int> targets = {199, 0, 40, 39, 41, 38, 80, 79, 120, 3};
  for (int i = 0; i < 15; ++i) targets.push_back(static_cast<int>(random() % 200));
  for (int target : targets) {
    const AVFrame* frame = reader.frame_at(Time(target, 25), Rational(25));
    EXPECT_EQ(test::checksum(*frame), sequence.checksums[static_cast<std::size_t>(target)]) << target;
  }
}

INSTANTIATE_TEST_SUITE_P(Media, VideoReaderSeek,
                         testing::Values(Gop{"closed.mp4", "libx264", false},
                                         Gop{"open.mp4", "libx264", true}, Gop{"open.mkv", "libx264", true},
                                         Gop{"open.ts", "libx264", true}, Gop{"hevc.mp4", "libx265", true},
                                         Gop{"mpeg2.ts", "mpeg2video", true},
                                         Gop{"raw.h264", "libx264", false}, Gop{"open.nut", "libx264", true},
                                         Gop{"mpeg4.mov", "mpeg4", true}),
                         [](const auto& param) {
                           std::string name = param.param.name;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(VideoReader, AFarTargetIsSoughtNotDecoded) {
  TempDir dir;
  VideoSpec spec = counter(Rational(25), Rational(20));
  for (const char* name : {"v.mp4", "v.mkv"}) {
    test::make_video(dir / name, spec);
    VideoReader reader(Demuxer::open_file(dir / name));
    EXPECT_EQ(number_at(reader, Time(18), Rational(25)), 450);
    EXPECT_LT(reader.decoded(), 100) << name;
  }
}

TEST(VideoReader, AFragmentedStreamIsReadThroughAndSoughtBack) {
  TempDir dir;
  VideoSpec spec = counter(Rational(25), Rational(6));
  spec.index = Index::fragmented;
  test::make_video(dir / "v.mp4", spec);
  VideoReader reader(
      Demuxer::open(std::make_unique<test::MemorySource>(test::read_bytes(dir / "v.mp4")), "v"));
  for (int i : {0, 1, 140, 30, 149, 0}) EXPECT_EQ(number_at(reader, Time(i, 25), Rational(25)), i);
}

TEST(VideoReader, AnImageIsShownAtAnyTime) {
  TempDir dir;
  test::make_image(dir / "a.png", 40, 30);
  VideoReader reader(Demuxer::open_file(dir / "a.png"));
  for (Time t : {Time(0), Time(1000), Time(3)}) EXPECT_EQ(reader.frame_at(t, Rational(25))->width, 40);
  EXPECT_FALSE(reader.past_end());
}

TEST(VideoReader, ALostConnectionSurfacesAsItself) {
  TempDir dir;
  test::make_video(dir / "v.mp4", counter(Rational(25), Rational(2)));
  std::string bytes = test::read_bytes(dir / "v.mp4");
  auto source = std::make_unique<test::MemorySource>(bytes);
  source->fail_at(bytes.size() * 6 / 10);
  VideoReader reader(Demuxer::open(std::move(source), "clip"));
  Error e = error_of([&] {
    for (int i = 0; i < 50; ++i) reader.frame_at(Time(i, 25), Rational(25));
  });
  EXPECT_EQ(e.name(), "test_fault");
}

class Interrupted : public test::MemorySource {
 public:
  Interrupted(std::string bytes, const bool& lost) : MemorySource(std::move(bytes)), lost_(lost) {}
  std::size_t read(std::span<std::byte> out) override {
    if (lost_) throw Error(ErrorCode::network, "connection lost", "test_fault");
    return MemorySource::read(out);
  }

 private:
  const bool& lost_;
};

TEST(VideoReader, AfterAFailureItShowsWhatIsAskedFor) {
  TempDir dir;
  VideoSpec spec = counter(Rational(25), Rational(20));
  spec.width = 320, spec.height = 180;
  test::make_video(dir / "v.mp4", spec);
  bool lost = false;
  VideoReader reader(
      Demuxer::open(std::make_unique<Interrupted>(test::read_bytes(dir / "v.mp4"), lost), "clip"));
  EXPECT_EQ(number_at(reader, Time(20, 25), Rational(25)), 20);
  lost = true;
  Error e = error_of([&] {
    for (int i = 21; i < 500; ++i) reader.frame_at(Time(i, 25), Rational(25));
  });
  EXPECT_EQ(e.name(), "test_fault");
  EXPECT_EQ(error_of([&] { reader.frame_at(Time(499, 25), Rational(25)); }).name(), "test_fault");
  lost = false;
  for (int i : {499, 300, 301, 0}) EXPECT_EQ(number_at(reader, Time(i, 25), Rational(25)), i);
}

TEST(VideoReader, DamagedPicturesAreAnError) {
  TempDir dir;
  for (const char* codec : {"libx264", "libx265"}) {
    VideoSpec spec = counter(Rational(25), Rational(2));
    spec.picture = Picture::testsrc;
    spec.codec = codec;
    test::make_video(dir / "v.mp4", spec);
    std::string bytes = test::read_bytes(dir / "v.mp4");
    for (std::size_t i = bytes.size() / 2; i < bytes.size() / 2 + 400; ++i)
      bytes[i] = static_cast<char>(i * 31);
    test::write_bytes(dir / "bad.mp4", bytes);
    VideoReader reader(Demuxer::open_file(dir / "bad.mp4"));
    Error e = error_of([&] {
      for (int i = 0; i < 50; ++i) reader.frame_at(Time(i, 25), Rational(25));
    });
    EXPECT_EQ(e.code(), ErrorCode::input) << codec << ": " << e.message();
  }
}

TEST(VideoReader, SoundAloneHasNoPicture) {
  TempDir dir;
  VideoSpec spec;
  spec.audio_codec = "pcm_s16le";
  test::make_audio(dir / "a.wav", spec);
  EXPECT_EQ(error_of([&] { VideoReader r(Demuxer::open_file(dir / "a.wav")); }).code(), ErrorCode::input);
}

}  // namespace
}  // namespace avstage::media
