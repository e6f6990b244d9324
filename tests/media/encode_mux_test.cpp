#include <gmock/gmock.h>

#include "media/demuxer.h"
#include "media/encoder.h"
#include "media/muxer.h"
#include "memory_source.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

using test::error_of;
using test::flat_frame;
using test::TempDir;
using testing::HasSubstr;

std::vector<PacketPtr> encode_frames(VideoEncoder& encoder, int count) {
  std::vector<PacketPtr> packets;
  auto take = [&] {
    while (PacketPtr p = encoder.receive()) packets.push_back(std::move(p));
  };
  for (int i = 0; i < count; ++i) {
    FramePtr frame = flat_frame(64, 48, "yuv420p", 16 + i % 200, 128, 128);
    frame->pts = i;
    frame->pict_type = AV_PICTURE_TYPE_B;
    encoder.send(frame.get());
    take();
  }
  encoder.send(nullptr);
  take();
  return packets;
}

VideoEncoderSettings small(const std::string& codec) {
  VideoEncoderSettings s;
  s.codec = codec;
  s.preset = "ultrafast";
  s.width = 64;
  s.height = 48;
  s.fps = Rational(30000, 1001);
  s.threads = 2;
  return s;
}

std::vector<PacketPtr> encode_sound(AudioEncoder& encoder, std::size_t samples) {
  std::vector<float> sound(samples * 2, 0.1F);
  std::vector<PacketPtr> packets;
  for (std::size_t at = 0; at < sound.size(); at += 2000) {
    encoder.send(std::span<const float>(sound).subspan(at, std::min<std::size_t>(2000, sound.size() - at)));
    while (PacketPtr p = encoder.receive()) packets.push_back(std::move(p));
  }
  encoder.finish();
  while (PacketPtr p = encoder.receive()) packets.push_back(std::move(p));
  return packets;
}

void mux(const std::string& path, const std::string& format, VideoEncoder& video, int frames,
         std::size_t samples) {
  AudioEncoder audio("aac", 128000);
  auto pictures = encode_frames(video, frames);
  auto sound = encode_sound(audio, samples);
  Muxer muxer(path, format, {{"title", "a=b;c 'd'"}}, {{"movflags", "+faststart"}});
  int v = muxer.add_stream(*video.parameters(), video.time_base(), Rational(30000, 1001));
  int a = muxer.add_stream(*audio.parameters(), audio.time_base());
  muxer.write_header();
  for (auto& p : pictures) muxer.write(*p, v, video.time_base());
  for (auto& p : sound) muxer.write(*p, a, audio.time_base());
  muxer.finish();
}

class EncodeMux : public testing::TestWithParam<std::tuple<std::string, int>> {};

TEST_P(EncodeMux, EveryFrameAndSampleComesBack) {
  auto [codec, frames] = GetParam();
  TempDir dir;
  std::string path = dir / "odd name:%d.mp4";
  VideoEncoder encoder(small(codec));
  auto samples = static_cast<std::size_t>(frames) * 1601 + 7;
  mux(path, "mp4", encoder, frames, samples);
  MediaFacts facts = probe_file(path);
  ASSERT_TRUE(facts.video && facts.audio);
  EXPECT_EQ(facts.video->codec, codec);
  EXPECT_EQ(facts.video->frames, frames);
  EXPECT_EQ(facts.video->fps, Rational(30000, 1001));
  EXPECT_EQ(facts.video->start, Time(0));
  EXPECT_EQ(facts.available, Time(frames * 1001, 30000));
  EXPECT_EQ(facts.video->color_matrix, "bt709");
  EXPECT_EQ(facts.video->color_range, "tv");
  auto decoded = test::decode_all(path);
  EXPECT_EQ(decoded.frames, frames);
  EXPECT_NEAR(decoded.means.back().y, 16 + (frames - 1) % 200, 3);
  EXPECT_EQ(decoded.audio_samples, static_cast<std::int64_t>(samples));
  EXPECT_EQ(test::read_sound(path).size(), samples * 2);
}

INSTANTIATE_TEST_SUITE_P(Clips, EncodeMux,
                         testing::Combine(testing::Values("h264", "hevc"), testing::Values(1, 100)));

TEST(VideoEncoder, BeginsWithAKeyFrameAndIgnoresForeignPictureTypes) {
  VideoEncoderSettings s = small("h264");
  s.preset = "veryfast";
  VideoEncoder encoder(s);
  auto packets = encode_frames(encoder, 30);
  ASSERT_EQ(packets.size(), 30U);
  EXPECT_TRUE(packets[0]->flags & AV_PKT_FLAG_KEY);
  EXPECT_EQ(packets[0]->pts, 0);
  for (std::size_t i = 1; i < packets.size(); ++i) EXPECT_LT(packets[i - 1]->dts, packets[i]->dts);
  EXPECT_GT(encoder.parameters()->extradata_size, 0);
}

TEST(VideoEncoder, GivesTheSameBytesForTheSameFrames) {
  VideoEncoder a(small("h264")), b(small("h264"));
  auto first = encode_frames(a, 20), second = encode_frames(b, 20);
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    ASSERT_EQ(first[i]->size, second[i]->size);
    EXPECT_EQ(std::memcmp(first[i]->data, second[i]->data, static_cast<std::size_t>(first[i]->size)), 0);
  }
}

TEST(VideoEncoder, KeepsABitrate) {
  VideoEncoderSettings s = small("h264");
  s.bitrate = 200'000;
  VideoEncoder encoder(s);
  EXPECT_EQ(encoder.parameters()->bit_rate, 200'000);
}

TEST(VideoEncoder, AWrongPresetOrFormatIsNamed) {
  VideoEncoderSettings s = small("h264");
  s.preset = "warp9";
  EXPECT_THAT(error_of([&] { VideoEncoder e(s); }).message(), HasSubstr("warp9"));
  s = small("theora");
  EXPECT_EQ(error_of([&] { VideoEncoder e(s); }).code(), ErrorCode::usage);
}

TEST(AudioEncoder, ProgrammeSampleZeroHasPtsZero) {
  AudioEncoder encoder("aac", 128000);
  auto packets = encode_sound(encoder, 4000);
  ASSERT_FALSE(packets.empty());
  EXPECT_EQ(packets[0]->pts, -1024);
}

TEST(AudioEncoder, TakesPcmToo) {
  AudioEncoder encoder("pcm_s16le", 0);
  std::int64_t bytes = 0;
  for (auto& p : encode_sound(encoder, 5001)) bytes += p->size;
  EXPECT_EQ(bytes, 5001 * 4);
}

TEST(AudioEncoder, AnUnknownEncoderIsALocalError) {
  EXPECT_EQ(error_of([] { AudioEncoder e("nosuch", 1); }).code(), ErrorCode::local);
}

TEST(Muxer, HevcIsTaggedForApplePlayers) {
  TempDir dir;
  VideoEncoder encoder(small("hevc"));
  mux(dir / "a.mp4", "mp4", encoder, 2, 100);
  EXPECT_THAT(test::read_bytes(dir / "a.mp4"), HasSubstr("hvc1"));
}

TEST(Muxer, DtsThatDoesNotRiseIsABug) {
  TempDir dir;
  VideoEncoder encoder(small("h264"));
  auto packets = encode_frames(encoder, 2);
  Muxer muxer(dir / "a.mp4", "mp4");
  muxer.add_stream(*encoder.parameters(), encoder.time_base());
  muxer.write_header();
  PacketPtr again(av_packet_clone(packets[0].get()));
  muxer.write(*packets[0], 0, encoder.time_base());
  EXPECT_EQ(error_of([&] { muxer.write(*again, 0, encoder.time_base()); }).code(), ErrorCode::bug);
}

TEST(Muxer, AnUnknownOptionIsNamed) {
  TempDir dir;
  VideoEncoder encoder(small("h264"));
  Muxer muxer(dir / "a.mp4", "mp4", {}, {{"movflogs", "x"}});
  muxer.add_stream(*encoder.parameters(), encoder.time_base());
  EXPECT_THAT(error_of([&] { muxer.write_header(); }).message(), HasSubstr("'movflogs'"));
}

TEST(Muxer, AFolderThatIsNotThereIsALocalErrorWithThePath) {
  Error e = error_of([] { Muxer m("/nonexistent/a.mp4", "mp4"); });
  EXPECT_EQ(e.code(), ErrorCode::local);
  EXPECT_THAT(e.message(), HasSubstr("/nonexistent/a.mp4"));
  EXPECT_THAT(e.message(), HasSubstr("No such file"));
}

TEST(Muxer, AFullDiskShowsItsReason) {
  VideoEncoder encoder(small("h264"));
  auto packets = encode_frames(encoder, 100);
  Error e = error_of([&] {
    Muxer muxer("/dev/full", "nut");
    muxer.add_stream(*encoder.parameters(), encoder.time_base());
    muxer.write_header();
    for (auto& p : packets) muxer.write(*p, 0, encoder.time_base());
    muxer.finish();
  });
  EXPECT_EQ(e.code(), ErrorCode::local);
  EXPECT_THAT(e.message(), HasSubstr("No space left"));
}

}  // namespace
}  // namespace avstage::media
