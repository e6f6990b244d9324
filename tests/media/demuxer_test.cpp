#include "media/demuxer.h"

#include <gmock/gmock.h>

#include "media/video_reader.h"
#include "memory_source.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

using test::error_of;
using test::Index;
using test::MemorySource;
using test::TempDir;
using test::VideoSpec;
using testing::HasSubstr;

std::int64_t count_video(Demuxer& demuxer) {
  PacketPtr packet = make_packet();
  std::int64_t count = 0;
  while (demuxer.read(*packet)) count += packet->stream_index == demuxer.video()->index ? 1 : 0;
  return count;
}

std::string video_bytes(const TempDir& dir, const VideoSpec& spec) {
  test::make_video(dir / "v.mp4", spec);
  return test::read_bytes(dir / "v.mp4");
}

TEST(Demuxer, StatesTheFactsOfAnMp4Exactly) {
  TempDir dir;
  VideoSpec spec;
  spec.fps = Rational(30000, 1001);
  spec.seconds = Rational(2);
  test::make_video(dir / "v.mp4", spec);
  MediaFacts f = probe_file(dir / "v.mp4");
  ASSERT_TRUE(f.video && f.audio);
  EXPECT_EQ(f.video->codec, "h264");
  EXPECT_EQ(f.video->width, 160);
  EXPECT_EQ(f.video->fps, Rational(30000, 1001));
  EXPECT_EQ(f.video->frames, 60);
  EXPECT_EQ(f.video->start, Time(0));
  EXPECT_EQ(f.available, Time(60 * 1001, 30000));
  EXPECT_EQ(f.video->pix_fmt, "yuv420p");
  EXPECT_EQ(f.video->color_matrix, "bt709");
  EXPECT_FALSE(f.video->alpha || f.video->interlaced || f.image);
  EXPECT_EQ(f.audio->sample_rate, 48000);
  EXPECT_EQ(f.audio->channels, 2);
  EXPECT_EQ(f.audio->start, Time(0));
}

TEST(Demuxer, StatesShapeAndRotationInDisplayTerms) {
  TempDir dir;
  for (int degrees : {90, 180, 270}) {
    VideoSpec spec;
    spec.rotation = degrees;
    spec.sar = Rational(4, 3);
    test::make_video(dir / "v.mp4", spec);
    MediaFacts f = probe_file(dir / "v.mp4");
    EXPECT_EQ(f.video->rotation, degrees);
    EXPECT_EQ(f.video->sar, Rational(4, 3));
    EXPECT_EQ(f.video->display_width, degrees == 180 ? 213 : 90);
    EXPECT_EQ(f.video->display_height, degrees == 180 ? 90 : 213);
  }
}

TEST(Demuxer, ReadsEveryContainerItAllows) {
  TempDir dir;
  for (const char* name : {"v.mp4", "v.mov", "v.mkv", "v.ts", "v.nut", "v.avi"}) {
    VideoSpec spec;
    if (std::string(name) == "v.avi") spec.bframes = 0;
    test::make_video(dir / name, spec);
    MediaFacts f = probe_file(dir / name);
    ASSERT_TRUE(f.video && f.audio) << name;
    ASSERT_TRUE(f.available) << name;
    EXPECT_NEAR(f.available->to_double(), 1, 0.041) << name;
    Demuxer demuxer = Demuxer::open_file(dir / name);
    EXPECT_EQ(count_video(demuxer), 25) << name;
  }
}

TEST(Demuxer, ReadsSoundFiles) {
  TempDir dir;
  for (auto [name, codec] : {std::pair{"a.wav", "pcm_s16le"},
                             {"a.flac", "flac"},
                             {"a.m4a", "aac"},
                             {"a.mp3", "libmp3lame"},
                             {"a.aac", "aac"},
                             {"a.ogg", "libvorbis"}}) {
    VideoSpec spec;
    spec.audio_codec = codec;
    test::make_audio(dir / name, spec);
    MediaFacts f = probe_file(dir / name);
    EXPECT_FALSE(f.video) << name;
    ASSERT_TRUE(f.audio && f.available) << name;
    EXPECT_NEAR(f.available->to_double(), 1, 0.06) << name;
  }
}

TEST(Demuxer, AnImageHasNoDurationAndNoRate) {
  TempDir dir;
  test::make_image(dir / "%03d.png", 40, 30, true);
  MediaFacts f = probe_file(dir / "%03d.png");
  EXPECT_TRUE(f.image);
  EXPECT_TRUE(f.video->alpha);
  EXPECT_EQ(f.video->fps, Rational(0));
  EXPECT_EQ(f.available, std::nullopt);
}

TEST(Demuxer, WantedStreamsAloneAreRead) {
  TempDir dir;
  test::make_video(dir / "v.mp4");
  Demuxer demuxer = Demuxer::open_file(dir / "v.mp4", Demuxer::Want::audio);
  EXPECT_EQ(demuxer.video(), nullptr);
  EXPECT_TRUE(demuxer.facts().video) << "facts are the medium's, whatever is read of it";
  PacketPtr packet = make_packet();
  while (demuxer.read(*packet)) EXPECT_EQ(packet->stream_index, demuxer.audio()->index);
}

TEST(Demuxer, PlaylistsAndScriptsInDisguiseAreRefused) {
  TempDir dir;
  test::make_video(dir / "secret.mp4");
  const std::pair<const char*, std::string> disguises[] = {
      {"hls", "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n"},
      {"ffconcat", "ffconcat version 1.0\nfile secret.mp4\n"},
      {"concat", "file 'secret.mp4'\n"},
      {"dash", "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"></MPD>"},
      {"sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"},
      {"svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"/etc/passwd\"/></svg>"},
      {"html", "<html><body>Not found</body></html>"},
      {"json", "{\"error\": \"denied\"}"}};
  for (const auto& [kind, content] : disguises) {
    test::write_bytes(dir / "x.mp4", content);
    EXPECT_EQ(error_of([&] { probe_file(dir / "x.mp4"); }).code(), ErrorCode::input) << kind;
    auto source = std::make_unique<MemorySource>(content);
    EXPECT_EQ(error_of([&] { probe(std::move(source), "x"); }).code(), ErrorCode::input) << kind;
  }
}

TEST(Demuxer, WhatIsNoFileIsRefusedByName) {
  TempDir dir;
  EXPECT_THAT(error_of([&] { probe_file(dir / "no.mp4"); }).message(), HasSubstr("No such file"));
  EXPECT_THAT(error_of([&] { probe_file(dir.path()); }).message(), HasSubstr("is not a regular file"));
  EXPECT_EQ(error_of([] { probe_file("/dev/null"); }).code(), ErrorCode::input);
  EXPECT_EQ(error_of([] { probe_file("concat:/etc/passwd"); }).code(), ErrorCode::input);
}

TEST(Demuxer, AFailedReadIsTheCauseNeverTheEnd) {
  TempDir dir;
  for (Index index : {Index::first, Index::fragmented, Index::last}) {
    VideoSpec spec;
    spec.index = index;
    std::string bytes = video_bytes(dir, spec);
    auto source = std::make_unique<MemorySource>(bytes);
    source->fail_at(bytes.size() * 6 / 10);
    std::int64_t frames = 0;
    Error e = error_of([&] {
      Demuxer demuxer = Demuxer::open(std::move(source), "clip");
      frames = count_video(demuxer);
    });
    EXPECT_EQ(e.name(), "test_fault") << e.message();
    EXPECT_EQ(e.code(), ErrorCode::network);
    EXPECT_EQ(frames, 0) << "it ended instead of failing";
  }
}

TEST(Demuxer, ATruncatedMp4IsAnErrorNeverTheEnd) {
  TempDir dir;
  std::string bytes = video_bytes(dir, {});
  for (int percent : {30, 60, 90, 99}) {
    test::write_bytes(dir / "cut.mp4",
                      bytes.substr(0, bytes.size() * static_cast<std::size_t>(percent) / 100));
    Error e = error_of([&] {
      Demuxer demuxer = Demuxer::open_file(dir / "cut.mp4");
      count_video(demuxer);
    });
    EXPECT_EQ(e.code(), ErrorCode::input) << percent << e.message();
  }
}

TEST(Demuxer, AnIndexAtTheEndIsReachedBySeeking) {
  TempDir dir;
  VideoSpec spec;
  spec.index = Index::last;
  Demuxer demuxer = Demuxer::open(std::make_unique<MemorySource>(video_bytes(dir, spec)), "clip");
  EXPECT_EQ(count_video(demuxer), 25);
}

TEST(Demuxer, OpeningAFaststartFileReadsLittleOfIt) {
  TempDir dir;
  VideoSpec spec;
  spec.seconds = Rational(8);
  spec.width = 320;
  spec.height = 180;
  std::string bytes = video_bytes(dir, spec);
  auto record = std::make_shared<MemorySource::Record>();
  auto source = std::make_unique<MemorySource>(bytes, record);
  source->fail_at(bytes.size() / 2);
  VideoReader reader(Demuxer::open(std::move(source), "clip"));
  for (int i = 0; i < 10; ++i) reader.frame_at(Time(i, 25), Rational(25));
  EXPECT_LT(record->furthest, bytes.size() / 2);
}

TEST(Demuxer, AFragmentedFilePromisesNothing) {
  TempDir dir;
  VideoSpec spec;
  spec.index = Index::fragmented;
  MediaFacts f = probe(std::make_unique<MemorySource>(video_bytes(dir, spec)), "clip");
  EXPECT_EQ(f.video->frames, std::nullopt);
  EXPECT_EQ(f.available, std::nullopt);
  EXPECT_EQ(probe_file(dir / "v.mp4").available, Time(1)) << "a file at rest is read through";
}

TEST(Demuxer, DoesNotShiftByItsStart) {
  TempDir dir;
  VideoSpec spec;
  spec.start = Rational(2);
  test::make_video(dir / "v.mkv", spec);
  MediaFacts f = probe_file(dir / "v.mkv");
  EXPECT_EQ(f.video->start, Time(2));
  ASSERT_TRUE(f.available);
  EXPECT_NEAR(f.available->to_double(), 1, 0.002);
}

TEST(Demuxer, AlphaOfATransparentWebmIsStated) {
  if (avcodec_find_encoder_by_name("libvpx-vp9") == nullptr) GTEST_SKIP() << "no VP9 encoder";
  TempDir dir;
  VideoSpec spec;
  spec.codec = "libvpx-vp9";
  spec.pix_fmt = "yuva420p";
  spec.audio_codec.clear();
  spec.seconds = Rational(1, 5);
  test::make_video(dir / "v.webm", spec);
  MediaFacts f = probe_file(dir / "v.webm");
  EXPECT_TRUE(f.video->alpha);
  EXPECT_EQ(f.video->pix_fmt, "yuva420p");
  VideoReader reader(Demuxer::open_file(dir / "v.webm"));
  const AVFrame* frame = reader.frame_at(Time(0), Rational(25));
  ASSERT_EQ(frame->format, AV_PIX_FMT_YUVA420P);
  EXPECT_LT(frame->data[3][4], 20) << "left is transparent";
  EXPECT_GT(frame->data[3][150], 220) << "right is opaque";
}

// libav's Matroska demuxer and its ProRes decoder pass any byte on. (Undefined behaviour itself is the
// sanitizer's to see.)
TEST(Demuxer, AColourCodeThatNoStandardKnowsIsUnspecified) {
  TempDir dir;
  VideoSpec spec;
  spec.audio_codec.clear();
  spec.codec = "ffv1";
  test::make_video(dir / "v.mkv", spec);
  std::string bytes = test::read_bytes(dir / "v.mkv");
  const std::size_t matrix = bytes.find("\x55\xb1\x81\x01");
  ASSERT_NE(matrix, std::string::npos);
  bytes[matrix + 3] = 44;
  Demuxer demuxer = Demuxer::open(std::make_unique<MemorySource>(bytes), "v");
  EXPECT_EQ(demuxer.video()->codecpar->color_space, AVCOL_SPC_UNSPECIFIED);
  EXPECT_EQ(demuxer.facts().video->color_matrix, "unknown");

  spec.codec = "prores_ks";
  spec.pix_fmt = "yuv422p10le";
  test::make_video(dir / "v.mov", spec);
  bytes = test::read_bytes(dir / "v.mov");
  int frames = 0;
  for (std::size_t at = bytes.find("icpf"); at != std::string::npos; at = bytes.find("icpf", at + 1)) {
    // RDD 36, 5.1.1: primaries (15 lies in a gap of the table), transfer, matrix
    bytes[at + 18] = 15, bytes[at + 19] = bytes[at + 20] = static_cast<char>(200);
    ++frames;
  }
  ASSERT_EQ(frames, 25);
  VideoReader reader(Demuxer::open(std::make_unique<MemorySource>(bytes), "v"));
  const AVFrame* frame = reader.frame_at(Time(0), Rational(25));
  EXPECT_EQ(frame->colorspace, AVCOL_SPC_UNSPECIFIED);
  EXPECT_EQ(frame->color_primaries, AVCOL_PRI_UNSPECIFIED);
  EXPECT_EQ(frame->color_trc, AVCOL_TRC_UNSPECIFIED);
}

TEST(ProveComplete, CountsEverySample) {
  TempDir dir;
  for (Index index : {Index::first, Index::last, Index::fragmented}) {
    VideoSpec spec;
    spec.index = index;
    MediaFacts f = prove_complete(std::make_unique<MemorySource>(video_bytes(dir, spec)), "clip");
    EXPECT_EQ(f.video->frames, 25);
    EXPECT_EQ(f.available, Time(1));
    ASSERT_TRUE(f.audio->duration);
    // In its fragments libavformat starts the sound with the decoding time, two frames before the picture.
    EXPECT_NEAR(f.audio->duration->to_double(), 1, index == Index::fragmented ? 0.1 : 0.03);
  }
}

TEST(ProveComplete, ATruncatedFileAtRestFails) {
  TempDir dir;
  for (const char* name : {"v.mp4", "v.mkv", "v.avi"}) {
    VideoSpec spec;
    spec.bframes = 0;
    test::make_video(dir / name, spec);
    std::string bytes = test::read_bytes(dir / name);
    EXPECT_NO_THROW(prove_complete(std::make_unique<MemorySource>(bytes), name)) << name;
    for (int permille : {20, 300, 600, 950, 999}) {
      std::string cut = bytes.substr(0, bytes.size() * static_cast<std::size_t>(permille) / 1000);
      Error e = error_of([&] { prove_complete(std::make_unique<MemorySource>(cut), name); });
      EXPECT_EQ(e.code(), ErrorCode::input) << name << " " << permille << ": " << e.message();
      auto source = std::make_unique<MemorySource>(cut);
      source->hide_size();
      e = error_of([&] { prove_complete(std::move(source), name); });
      EXPECT_EQ(e.code(), ErrorCode::input) << name << " " << permille << ": " << e.message();
    }
  }
}

TEST(ProveComplete, AnEditListThatHidesFramesIsNoLoss) {
  TempDir dir;
  VideoSpec spec;
  spec.start = Rational(-1, 5);  // the first five frames lie before the edit
  spec.audio_codec.clear();
  MediaFacts f = prove_complete(std::make_unique<MemorySource>(video_bytes(dir, spec)), "clip");
  EXPECT_EQ(f.video->frames, 20);
  EXPECT_EQ(f.available, Time(20, 25));
}

TEST(ProveComplete, AnEmptySourceFails) {
  EXPECT_THAT(error_of([] { prove_complete(std::make_unique<MemorySource>(""), "clip"); }).message(),
              HasSubstr("clip: is empty"));
}

}  // namespace
}  // namespace avstage::media
