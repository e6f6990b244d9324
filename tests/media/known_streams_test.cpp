#include "media/known_streams.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/disk.h"
#include "media/demuxer.h"
#include "memory_source.h"
#include "stream_line.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::media {
namespace {

using test::Index;
using test::line;
using test::MemorySource;
using test::TempDir;
using test::VideoSpec;

std::string state_of(const std::string& path) {
  struct stat s {};
  EXPECT_EQ(::stat(path.c_str(), &s), 0);
  return file_state(s);
}

std::string line(const AVPacket& p) {
  std::string out = fmt::format("{} pts {} dts {} +{} flags {} {} bytes {:x}", p.stream_index, p.pts, p.dts,
                                p.duration, p.flags, p.size, std::hash<std::string_view>()(bytes_of(p)));
  for (int i = 0; i < p.side_data_elems; ++i) {
    const AVPacketSideData& s = p.side_data[i];
    out += fmt::format(" {} {:x}", av_packet_side_data_name(s.type),
                       std::hash<std::string_view>()({reinterpret_cast<const char*>(s.data), s.size}));
  }
  return out;
}

/// Everything that a reader of packets can see.
std::vector<std::string> seen(Demuxer demuxer) {
  std::vector<std::string> lines;
  const MediaFacts& f = demuxer.facts();
  lines.push_back(fmt::format("{} {} {}", f.format, f.image, f.available ? f.available->str() : "endless"));
  for (const AVStream* s : {demuxer.video(), demuxer.audio()}) lines.push_back(s ? line(*s) : "none");
  PacketPtr packet = make_packet();
  while (demuxer.read(*packet)) lines.push_back(line(*packet));
  if (const AVStream* s = demuxer.video() ? demuxer.video() : demuxer.audio()) {
    demuxer.seek(*s, av_rescale_q(1, {1, 2}, s->time_base));
    for (int i = 0; i < 9 && demuxer.read(*packet); ++i) lines.push_back("sought " + line(*packet));
  }
  return lines;
}

TEST(KnownStreams, AFileOpenedAgainReadsAsWhenItWasAnalysed) {
  TempDir dir;
  VideoSpec film, open_groups, late, uneven, intra, hevc, sound, rotated;
  film.seconds = late.seconds = Rational(2);
  film.gop = open_groups.gop = 10;
  open_groups.open_gop = true;
  late.start = Rational(3, 2);
  late.picture_delay = Rational(1, 5);
  for (std::int64_t tick = 0; tick < 60; tick += 1 + tick % 3) uneven.ticks.push_back(tick);
  intra.codec = "prores_ks";
  intra.pix_fmt = "yuv422p10le";
  intra.audio_codec = "pcm_s16le";
  hevc.codec = "libx265";
  rotated.rotation = 90;
  rotated.sar = Rational(4, 3);
  rotated.codec = "mpeg4";
  const std::pair<const char*, VideoSpec*> cases[] = {
      {"film.mp4", &film}, {"open.mp4", &open_groups}, {"late.mp4", &late},   {"intra.mov", &intra},
      {"hevc.mp4", &hevc}, {"rotated.mp4", &rotated},  {"sound.m4a", &sound}, {"uneven.mp4", &uneven}};
  for (const auto& [name, spec] : cases) {
    const std::string path = dir / name;
    name == std::string("sound.m4a") ? test::make_audio(path, *spec) : test::make_video(path, *spec);
    const auto analysed = seen(Demuxer::open(std::make_unique<MemorySource>(test::read_bytes(path)), path));
    EXPECT_GT(analysed.size(), 20u) << name;
    EXPECT_EQ(known_streams(state_of(path)), nullptr) << name;
    EXPECT_EQ(seen(Demuxer::open_file(path)), analysed) << name;
    EXPECT_NE(known_streams(state_of(path)), nullptr) << name;
    EXPECT_EQ(seen(Demuxer::open_file(path)), analysed) << name;
  }
}

TEST(KnownStreams, WhatOneKindWasOpenedForIsKnownForTheOther) {
  TempDir dir;
  test::make_video(dir / "v.mp4");
  EXPECT_EQ(Demuxer::open_file(dir / "v.mp4", Demuxer::Want::audio).video(), nullptr);
  Demuxer again = Demuxer::open_file(dir / "v.mp4", Demuxer::Want::video);
  EXPECT_EQ(again.audio(), nullptr);
  EXPECT_EQ(again.video()->codecpar->format, AV_PIX_FMT_YUV420P);
}

TEST(KnownStreams, AnotherFileOfTheSameNameIsAnalysed) {
  TempDir dir;
  VideoSpec spec;
  for (int width : {160, 320}) {
    spec.width = width;
    test::make_video(dir / "v.mp4", spec);
    EXPECT_EQ(probe_file(dir / "v.mp4").video->width, width);
    EXPECT_EQ(probe_file(dir / "v.mp4").video->width, width);
  }
}

TEST(KnownStreams, OnlyWhatHasAnIndexIsKnown) {
  TempDir dir;
  VideoSpec spec;
  for (const char* name : {"v.ts", "v.mkv", "v.nut", "v.mp4"}) {
    spec.index = name == std::string("v.mp4") ? Index::fragmented : Index::first;
    test::make_video(dir / name, spec);
    const auto first = seen(Demuxer::open_file(dir / name));
    EXPECT_EQ(known_streams(state_of(dir / name)), nullptr) << name;
    EXPECT_EQ(seen(Demuxer::open_file(dir / name)), first) << name;
  }
}

TEST(KnownStreams, OtherStreamsThanThoseThatWereAnalysedAreNotTaken) {
  TempDir dir;
  VideoSpec silent;
  silent.audio_codec = "";
  test::make_video(dir / "both.mp4");
  test::make_video(dir / "silent.mp4", silent);
  (void)probe_file(dir / "both.mp4");
  const auto known = known_streams(state_of(dir / "both.mp4"));
  ASSERT_NE(known, nullptr);
  Demuxer other = Demuxer::open_file(dir / "silent.mp4"), same = Demuxer::open_file(dir / "both.mp4");
  EXPECT_FALSE(apply(*known, *other.context()));
  EXPECT_TRUE(apply(*known, *same.context()));
}

}  // namespace
}  // namespace avstage::media
