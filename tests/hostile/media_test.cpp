#include <gmock/gmock.h>

#include <filesystem>

#include "media/demuxer.h"
#include "media/image.h"
#include "media/memory_source.h"
#include "media/silence.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

extern "C" {
#include <libavutil/crc.h>
#include <libavutil/intreadwrite.h>
}

// Media that are not what they say: other formats in disguise, and little files that unfold into large work.
namespace avstage::test {
namespace {

using testing::HasSubstr;

/// The refusal of a file with these bytes, read as a file and as a stream.
std::string refusal(const TempDir& dir, const std::string& name, const std::string& bytes) {
  write_bytes(dir / name, bytes);
  Error file = error_of([&] { media::probe_file(dir / name); });
  Error stream = error_of([&] { media::prove_complete(std::make_unique<MemorySource>(bytes), name); });
  EXPECT_EQ(file.code(), ErrorCode::input) << name << ": " << file.message();
  EXPECT_EQ(stream.code(), ErrorCode::input) << name << ": " << stream.message();
  return file.message();
}

TEST(HostileMedia, PlaylistsUnderOtherNamesAreRefused) {
  TempDir dir;
  make_video(dir / "secret.mp4");
  const std::string hls = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n";
  const std::string dash = R"(<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">
    <Period><AdaptationSet><Representation id="1"><BaseURL>secret.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>)";
  const std::string svg =
      R"(<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"><image x:href="/etc/passwd"/></svg>)";
  for (const char* name : {"a.mp4", "a.png", "a.wav", "a.mkv", "a.m3u8", "a.mpd", "a.svg", "a.ffconcat"}) {
    for (const std::string& bytes :
         {hls, "\xEF\xBB\xBF" + hls, "ffconcat version 1.0\nfile secret.mp4\n" + std::string(), dash, svg,
          std::string("v=0\ns=x\nm=video 5004 RTP/AVP 96\n"), std::string("%PDF-1.4\n"), std::string("GIMP"),
          std::string("%!PS-Adobe\n"), std::string("RIFF\0\0\0\0AVISfake", 16), std::string("PK\3\4")}) {
      refusal(dir, name, bytes);
    }
  }
}

void append_chunk(std::string& png, const std::string& kind, const std::string& data) {
  std::string part = kind + data;
  std::uint32_t crc = av_crc(av_crc_get_table(AV_CRC_32_IEEE_LE), ~0U,
                             reinterpret_cast<const std::uint8_t*>(part.data()), part.size()) ^
                      ~0U;
  std::uint8_t number[4];
  AV_WB32(number, data.size());
  png.append(reinterpret_cast<char*>(number), 4).append(part);
  AV_WB32(number, crc);
  png.append(reinterpret_cast<char*>(number), 4);
}

/// A PNG of so many pixels that are all in the header.
std::string png_of(std::uint32_t width, std::uint32_t height) {
  std::uint8_t head[13] = {0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0};
  AV_WB32(head, width);
  AV_WB32(head + 4, height);
  std::string png("\x89PNG\r\n\x1a\n");
  append_chunk(png, "IHDR", std::string(reinterpret_cast<char*>(head), sizeof head));
  append_chunk(png, "IDAT", std::string("\x78\x9c\x63\x00\x00\x00\x01\x00\x01", 9));
  append_chunk(png, "IEND", "");
  return png;
}

TEST(HostileMedia, HugePicturesAreRefusedByTheLimit) {
  TempDir dir;
  EXPECT_THAT(refusal(dir, "bomb.png", png_of(16000, 16000)), HasSubstr("100 Mpixel"));
  EXPECT_THAT(refusal(dir, "wide.png", png_of(30000, 8)), HasSubstr("16384"));
  refusal(dir, "none.png", png_of(0, 8));
  refusal(dir, "overflow.png", png_of(0x7fffffff, 0x7fffffff));
  EXPECT_EQ(error_of([&] { media::read_image(dir / "bomb.png"); }).code(), ErrorCode::input);
}

TEST(HostileMedia, AMillionFramesASecondAreRefusedByTheLimit) {
  TempDir dir;
  VideoSpec spec;
  spec.width = spec.height = 32;
  spec.fps = Rational(1'000'000);
  spec.seconds = Rational(20) / spec.fps;
  spec.audio_codec = "";
  make_video(dir / "fast.mp4", spec);
  EXPECT_THAT(refusal(dir, "copy.mp4", read_bytes(dir / "fast.mp4")), HasSubstr("allowed are up to 1000"));
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  return AV_RB32(reinterpret_cast<const std::uint8_t*>(bytes.data() + at));
}

/// The same mp4 with its first track so many times more.
std::string with_tracks(std::string mp4, int more) {
  std::size_t moov = mp4.find("moov") - 4, trak = mp4.find("trak") - 4;
  const std::string copy = mp4.substr(trak, number_at(mp4, trak));
  std::string copies;
  for (int i = 0; i < more; ++i) copies += copy;
  const std::size_t size = number_at(mp4, moov) + copies.size();
  std::uint8_t number[4];
  AV_WB32(number, size);
  mp4.replace(moov, 4, reinterpret_cast<char*>(number), 4);
  return mp4.insert(trak, copies);
}

TEST(HostileMedia, AHundredThousandStreamsAreRefusedByTheLimit) {
  TempDir dir;
  VideoSpec spec;
  spec.width = spec.height = 32;
  spec.seconds = Rational(1, 5);
  spec.index = Index::last;  // so that the samples stay where the index says
  make_video(dir / "a.mp4", spec);
  const std::string mp4 = read_bytes(dir / "a.mp4");
  EXPECT_THAT(refusal(dir, "many.mp4", with_tracks(mp4, 100'000)), HasSubstr("100 streams"));
  write_bytes(dir / "some.mp4", with_tracks(mp4, 3));
  EXPECT_TRUE(media::probe_file(dir / "some.mp4").video.has_value());
}

TEST(HostileMedia, SilenceIsKnown) {
  TempDir dir;
  VideoSpec spec;
  make_video(dir / "loud.mp4", spec);
  spec.sound = Sound::impulse;
  spec.impulse_at = 1'000'000;  // behind the end
  make_video(dir / "silent.mp4", spec);
  spec.impulse_at = 40'000;
  make_video(dir / "late.mp4", spec);
  spec.audio_codec = "";
  make_video(dir / "mute.mp4", spec);
  auto silent = [&](const char* name) {
    return media::is_silent(media::Demuxer::open_file(dir / name), media::probe_file(dir / name));
  };
  EXPECT_FALSE(silent("loud.mp4"));
  EXPECT_FALSE(silent("late.mp4"));
  EXPECT_TRUE(silent("silent.mp4"));
  EXPECT_TRUE(silent("mute.mp4"));
}

}  // namespace
}  // namespace avstage::test
