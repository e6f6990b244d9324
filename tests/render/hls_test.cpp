#include "render/hls_bench.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <regex>

#include "media/image.h"
#include "media/loudness.h"

namespace avstage::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Hls : public Bench {
 protected:
  /// `clips` as a stream of two renditions, out/tv.m3u8.
  std::string text_of(const std::string& clips, const std::string& fps = "25", const std::string& more = "") {
    return fmt::format(R"({{ "version": 1, "canvas": {{ "size": "320x180", "fps": "{}" }}, "clips": [ {} ],
      "outputs": [ {{ "path": "out/tv.m3u8", "preset": "ultrafast", {}
        "variants": [ {{ "bitrate": "400k" }}, {{ "size": "160x90", "bitrate": "120k" }} ] }} ] }})",
                       fps, clips, more);
  }
  std::string master() const { return dir / "out/tv.m3u8"; }

  std::vector<std::string> editions() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(dir / "out")) {
      if (entry.is_directory()) out.push_back(entry.path().filename().string());
    }
    return out;
  }
  Settings overwriting() const {
    Settings s = settings();
    s.overwrite = true;
    return s;
  }
};

std::int64_t size_of_files(const Media& media, std::size_t first, std::size_t count) {
  std::int64_t bytes = 0;
  for (std::size_t i = first; i < first + count; ++i)
    bytes += static_cast<std::int64_t>(fs::file_size(media.files[i]));
  return bytes;
}

/// By the words of RFC 8216, in plain floating point.
double peak_of(const Media& media, int target) {
  double peak = 0;
  for (std::size_t first = 0; first < media.files.size(); ++first) {
    double seconds = 0;
    for (std::size_t n = 1; first + n <= media.files.size(); ++n) {
      seconds += media.lengths[first + n - 1];
      if (seconds >= 0.5 * target && seconds <= 1.5 * target)
        peak = std::max(peak, 8 * static_cast<double>(size_of_files(media, first, n)) / seconds);
    }
  }
  return peak;
}

TEST_F(Hls, PlaylistsSayExactlyWhatIsThere) {
  file("a.mp4", 28);
  Report report = run(text_of(R"({ "file": "a.mp4", "in": 1 })"), settings());
  ASSERT_EQ(report.outputs.size(), 1U) << "one deliverable, not one a rendition";
  EXPECT_EQ(report.outputs[0].frames, 675);

  auto stream = read_stream(master());
  ASSERT_EQ(stream.size(), 3U);
  const Media& picture = stream.at("320x180");
  EXPECT_THAT(
      picture.lines,
      ElementsAre("#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:5", "#EXT-X-MEDIA-SEQUENCE:0",
                  "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-MAP:URI=\"init.mp4\"",
                  "#EXTINF:4.480000,", "00000.m4s", "#EXTINF:4.520000,", "00001.m4s", "#EXTINF:5.000000,",
                  "00002.m4s", "#EXTINF:5.000000,", "00003.m4s", "#EXTINF:4.000000,", "00004.m4s",
                  "#EXTINF:4.000000,", "00005.m4s", "#EXT-X-ENDLIST"))
      << "9 s up to the source's tenth, 10 s, and the 8 s that are left, each halved";
  EXPECT_EQ(stream.at("160x90").lines, picture.lines) << "renditions are cut alike";
  for (const auto& [name, media] : stream) EXPECT_NEAR(media.sum(), 27, 1e-5) << name;
  const Media& sound = stream.at("sound");
  ASSERT_EQ(sound.lengths.size(), picture.lengths.size());
  for (std::size_t i = 0; i < sound.lengths.size(); ++i)
    EXPECT_NEAR(sound.lengths[i], picture.lengths[i], 1024.0 / 48000) << i;

  const std::vector<std::string> lines = lines_of(master());
  ASSERT_EQ(lines.size(), 8U);
  EXPECT_EQ(lines[0], "#EXTM3U");
  EXPECT_EQ(lines[1], "#EXT-X-VERSION:7");
  EXPECT_EQ(lines[2], "#EXT-X-INDEPENDENT-SEGMENTS");
  EXPECT_TRUE(std::regex_match(
      lines[3],
      std::regex("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"sound\",DEFAULT=YES,AUTOSELECT=YES,"
                 "CHANNELS=\"2\",URI=\"tv-[0-9a-f]{12}/sound/index.m3u8\"")))
      << lines[3];
  for (auto [line, name] : {std::pair(lines[4], "320x180"), std::pair(lines[6], "160x90")}) {
    EXPECT_TRUE(std::regex_match(
        line,
        std::regex("#EXT-X-STREAM-INF:BANDWIDTH=\\d+,AVERAGE-BANDWIDTH=\\d+,CODECS=\"avc1\\.[0-9a-f]{6},"
                   "mp4a\\.40\\.2\",RESOLUTION=\\d+x\\d+,FRAME-RATE=25\\.000,AUDIO=\"sound\","
                   "CLOSED-CAPTIONS=NONE")))
        << line;
    EXPECT_EQ(attribute(line, "RESOLUTION"), name);
    const Media& media = stream.at(name);
    EXPECT_NEAR(std::stod(attribute(line, "BANDWIDTH")), peak_of(media, 5) + peak_of(sound, 5), 4);
    const double all = 8.0 * static_cast<double>(size_of_files(media, 0, media.files.size()) +
                                                 size_of_files(sound, 0, sound.files.size()));
    EXPECT_NEAR(std::stod(attribute(line, "AVERAGE-BANDWIDTH")), all / 27, 4);
  }
  // 66 is the constrained baseline profile of "ultrafast"; what the sets say is what the playlist says.
  const std::string init = read_bytes(picture.init());
  const std::size_t avcc = init.find("avcC");
  ASSERT_NE(avcc, std::string::npos);
  std::string codec = "avc1.";
  for (int i = 5; i < 8; ++i) codec += fmt::format("{:02x}", static_cast<unsigned char>(init[avcc + i]));
  EXPECT_TRUE(attribute(lines[4], "CODECS").starts_with(codec + ",")) << lines[4] << " " << codec;
}

TEST_F(Hls, EveryMediaSegmentBeginsWithAnIdrAndDecodesAlone) {
  file("a.mp4", 20);
  run(text_of(R"({ "file": "a.mp4", "in": "10f" }, { "color": "#406080", "duration": "7f" })", "25",
              R"("segment": 3, )"),
      settings());
  for (const auto& [name, media] : read_stream(master())) {
    if (name == "sound") continue;
    ASSERT_GE(media.files.size(), 7U);
    std::int64_t at = 0;
    for (std::size_t i = 0; i < media.files.size(); ++i) {
      EXPECT_LE(media.lengths[i], 3);
      join(media, {media.files[i]}, dir / "alone.mp4");
      Decoded alone = decode_all(dir / "alone.mp4");
      ASSERT_EQ(alone.frames, std::llround(media.lengths[i] * 25)) << name << " " << i;
      for (std::int64_t f = 0; f < alone.frames; ++f) {
        EXPECT_NEAR(alone.times[f], static_cast<double>(at + f) / 25, 1e-6);
        if (at + f >= 490) continue;  // the colour
        EXPECT_EQ(alone.numbers[f], 10 + at + f) << name << " " << i;
      }
      const std::string bytes = read_bytes(media.files[i]);
      const std::size_t mdat = bytes.find("mdat");
      bool idr = false;  // NAL units with their length before them, up to the first picture
      for (std::size_t p = mdat + 4; p + 5 < bytes.size();) {
        const auto* b = reinterpret_cast<const unsigned char*>(bytes.data() + p);
        const int type = b[4] & 31;
        if (type == 1 || type == 5) {
          idr = type == 5;
          break;
        }
        p += 4 + (std::size_t(b[0]) << 24 | b[1] << 16 | b[2] << 8 | b[3]);
      }
      EXPECT_TRUE(idr) << name << " " << i;
      at += alone.frames;
    }
    EXPECT_EQ(at, 497);
  }
}

TEST_F(Hls, LibavReadsTheWholeFrameByFrame) {
  file("a.mp4", 9);
  run(text_of(R"({ "file": "a.mp4" })", "30000/1001"), settings());
  const HlsStreams found = read_with_libav(master());
  const double length = 270 * 1001 / 30000.0;
  for (const char* name : {"320x180", "160x90"}) {
    EXPECT_EQ(found.packets.at(name), 270) << name;
    EXPECT_NEAR(found.start.at(name), 0, 1e-6) << name;
    EXPECT_NEAR(found.end.at(name), length, 1e-4) << name;
  }
  EXPECT_NEAR(found.start.at("sound"), -1024.0 / 48000, 1e-6) << "the encoder's priming, hidden";
  // Of the last packet of a fragmented track libav takes all samples, though it may be said to be shorter.
  EXPECT_GE(found.end.at("sound"), length - 1e-4);
  EXPECT_LT(found.end.at("sound"), length + 1024.0 / 48000);
}

TEST_F(Hls, PictureAndSoundStayTogether) {
  VideoSpec spec;
  spec.picture = Picture::blip;
  spec.sound = Sound::blip;
  spec.seconds = 14;
  spec.fps = Rational(50);
  make_video(dir / "a.mp4", spec);
  run(text_of(R"({ "file": "a.mp4", "in": 1, "out": 13 }, { "file": "a.mp4", "in": 2, "out": 4 })", "50"),
      settings());
  auto stream = read_stream(master());
  join(stream.at("sound"), stream.at("sound").files, dir / "sound.mp4");
  for (const char* name : {"320x180", "160x90"}) {
    join(stream.at(name), stream.at(name).files, dir / "picture.mp4");
    put_together(dir / "picture.mp4", dir / "sound.mp4", dir / "both.mp4");
    const AvOffset offset = av_offset(dir / "both.mp4");
    ASSERT_EQ(offset.flashes.size(), 14U);
    EXPECT_LE(offset.worst(), 0.002) << name;
  }
  const std::int64_t samples = decode_all(dir / "both.mp4").audio_samples;
  EXPECT_GE(samples, 14 * 48000);
  EXPECT_LT(samples, 14 * 48000 + 1024) << "libav plays the whole of a last packet";
}

TEST_F(Hls, WithoutSoundThereIsNoSoundRendition) {
  file("a.mp4", 1);
  run(text_of(R"({ "file": "a.mp4" })", "25", R"("audio": { "codec": "none" }, )"), settings());
  EXPECT_EQ(read_stream(master()).size(), 2U);
  const std::string all = read_bytes(master());
  EXPECT_EQ(all.find("AUDIO"), std::string::npos) << all;
  EXPECT_EQ(all.find("mp4a"), std::string::npos) << all;
}

TEST_F(Hls, AFilmOfOneFrameIsAStreamToo) {
  file("a.mp4", 1);
  run(text_of(R"({ "file": "a.mp4", "out": "1f" })"), settings());
  auto stream = read_stream(master());
  for (const auto& [name, media] : stream) {
    EXPECT_NEAR(media.sum(), 0.04, 1e-5) << name;
    EXPECT_EQ(media.lines[2], "#EXT-X-TARGETDURATION:1");
  }
}

TEST_F(Hls, TwoRunsGiveTheSameFiles) {
  file("a.mp4", 7);
  const std::string text = text_of(R"({ "file": "a.mp4" })");
  run(text, settings());
  auto first = all_files(dir / "out");
  ASSERT_GE(first.size(), 12U);
  fs::remove_all(dir / "out");
  fs::remove_all(dir / "cache");
  run(text, settings());
  auto second = all_files(dir / "out");
  EXPECT_TRUE(first == second);
}

TEST_F(Hls, AnUpToDateStreamIsLeftAloneAndATouchedOneIsNot) {
  file("a.mp4", 7);
  const std::string text = text_of(R"({ "file": "a.mp4" })");
  Report made = run(text, settings());
  EXPECT_EQ(made.outputs.at(0).files, static_cast<int>(all_files(dir / "out").size()) - 1)
      << "but the manifest";
  const auto before = all_files(dir / "out");
  Report again = run(text, settings());
  EXPECT_EQ(again.outputs.at(0).state, "up_to_date");
  EXPECT_EQ(again.outputs.at(0).sha256, made.outputs.at(0).sha256);
  EXPECT_TRUE(all_files(dir / "out") == before);
  EXPECT_NE(plan_text(job(text), settings()).find("320x180 h264 in 2 media segments: up to date"),
            std::string::npos)
      << plan_text(job(text), settings());

  for (bool gone : {false, true}) {
    const std::string touched = read_stream(master()).at("160x90").files.at(1);
    if (gone) {
      fs::remove(touched);
    } else {
      write_bytes(touched, read_bytes(touched) + "x");
    }
    auto [code, message] = fail(text, settings());
    EXPECT_EQ(code, 2) << message;
    EXPECT_NE(message.find("tv.m3u8 exists and is not known"), std::string::npos) << message;
    Report mended = run(text, overwriting());
    EXPECT_EQ(mended.outputs.at(0).state, "written");
    EXPECT_EQ(mended.outputs.at(0).segments_rendered, 0) << "its segments are in the store";
    EXPECT_EQ(read_stream(master()).size(), 3U);
    EXPECT_EQ(editions().size(), 1U);
    EXPECT_EQ(run(text, settings()).outputs.at(0).state, "up_to_date");
  }
}

TEST_F(Hls, AnotherFilmTakesThePlaceOfTheOldOneWithAllItsFiles) {
  file("a.mp4", 3);
  run(text_of(R"({ "file": "a.mp4" })"), settings());
  const std::string old = editions().at(0);
  write_bytes(dir / ("out/" + old + "/notes.txt"), "mine");
  const std::string other = text_of(R"({ "file": "a.mp4", "out": 2 })");
  EXPECT_EQ(fail(other, settings()).first, 2);
  run(other, overwriting());
  EXPECT_EQ(read_stream(master()).at("320x180").sum(), 2);
  EXPECT_EQ(all_files(dir / ("out/" + old)).size(), 1U) << "what is not avstage's stays";
  EXPECT_EQ(editions().size(), 2U);
}

TEST_F(Hls, WhatLiesInTheWayIsNotTouched) {
  file("a.mp4", 1);
  const std::string text = text_of(R"({ "file": "a.mp4" })");
  run(text, settings());
  const std::string edition = editions().at(0);
  fs::remove_all(dir / "out");
  fs::create_directories(dir / ("out/" + edition));
  write_bytes(dir / ("out/" + edition + "/mine.txt"), "mine");
  run(text, settings());
  EXPECT_EQ(read_bytes(dir / ("out/" + edition + "/mine.txt")), "mine");
  EXPECT_TRUE(fs::is_directory(dir / ("out/" + edition + "-2")));
  EXPECT_EQ(read_stream(master()).size(), 3U);
  EXPECT_EQ(run(text, settings()).outputs.at(0).state, "up_to_date");

  fs::remove_all(dir / "out");
  fs::create_directories(master());
  auto [code, message] = fail(text, settings());
  EXPECT_EQ(code, 7);
  EXPECT_NE(message.find("is no regular file"), std::string::npos) << message;
}

TEST_F(Hls, AStopWhileItIsPutTogetherLeavesNothing) {
  file("a.mp4", 7);
  const std::string text = text_of(R"({ "file": "a.mp4" })");
  std::stop_source stop;
  try {
    render(
        job(text), settings(),
        [&](const Event& e) {
          if (e.kind == Event::Kind::phase && e.text == "assemble") stop.request_stop();
        },
        stop.get_token());
    FAIL() << "was not stopped";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::interrupted);
  }
  EXPECT_TRUE(fs::is_empty(dir / "out"));
  EXPECT_EQ(run(text, settings()).outputs.at(0).segments_rendered, 0);
}

TEST_F(Hls, AFileAndAStreamOfOneFilmAreMadeTogether) {
  file("a.mp4", 2);
  Report report =
      run(R"({ "version": 1, "canvas": { "size": "320x180", "fps": 25 }, "clips": [ { "file": "a.mp4" } ],
    "outputs": [ { "path": "out/a.m3u8", "profile": "hls-ladder", "preset": "ultrafast" }, { "path": "out/b.mp4" },
                 { "path": "out/my film.m3u8", "size": "180x320", "preset": "ultrafast" } ] })",
          settings());
  ASSERT_EQ(report.outputs.size(), 3U);
  EXPECT_EQ(decode_all(dir / "out/b.mp4").frames, 50);
  EXPECT_EQ(read_stream(dir / "out/a.m3u8").size(), 2U) << "a ladder does not enlarge";
  EXPECT_EQ(read_stream(dir / "out/my film.m3u8").count("180x320"), 1U);
  EXPECT_EQ(read_bytes(dir / "out/my film.m3u8").find(' '), std::string::npos) << "no URI needs escaping";
}

TEST_F(Hls, IsAsLoudAsItAsksAndSaysSo) {
  file("a.mp4", 4);
  const std::string text = text_of(R"({ "file": "a.mp4" })", "25", R"("loudness": -20, )");
  const LoudnessReport made = run(text, settings()).outputs.at(0).loudness.value();
  EXPECT_TRUE(made.measured);
  EXPECT_NEAR(made.integrated, -20, 0.1);
  EXPECT_GT(std::abs(made.gain), 0.5) << "else this test shows nothing";
  const Media sound = read_stream(master()).at("sound");
  join(sound, sound.files, dir / "sound.mp4");
  media::LoudnessMeter meter(48000);
  meter.add(read_sound(dir / "sound.mp4"));
  EXPECT_NEAR(meter.finish().integrated, -20, 0.5);
  const Report again = run(text, settings());
  EXPECT_EQ(again.outputs.at(0).state, "up_to_date");
  EXPECT_EQ(again.outputs.at(0).loudness.value().integrated, made.integrated);
}

TEST_F(Hls, ItsPosterLiesBesideThePlaylist) {
  const std::string text =
      text_of(R"({ "color": "#ff0000", "duration": 7 }, { "color": "#0000ff", "duration": 1 })", "25",
              R"("poster": 7.5, )");
  run(text, settings());
  media::FramePtr poster = media::read_image(dir / "out/tv.poster.png");
  ASSERT_EQ(poster->width, 320) << "of the largest rendition";
  const std::uint8_t* pixel = poster->data[0] + 90 * poster->linesize[0] + 160 * 3;
  EXPECT_LT(pixel[0], 20);
  EXPECT_GT(pixel[2], 235);
  EXPECT_EQ(run(text, settings()).outputs.at(0).state, "up_to_date");
  fs::remove(dir / "out/tv.poster.png");
  EXPECT_EQ(run(text, settings()).outputs.at(0).state, "written") << "complete or not there";
  EXPECT_TRUE(fs::exists(dir / "out/tv.poster.png"));
  EXPECT_EQ(editions().size(), 1U);
}

TEST_F(Hls, OnlyWhatShowsTheChangedClipIsEncodedAgain) {
  file("a.mp4", 12);
  file("b.mp4", 6);
  file("c.mp4", 5);
  Report first = run(text_of(R"({ "file": "a.mp4" }, { "file": "b.mp4" })"), settings());
  EXPECT_EQ(first.outputs.at(0).segments_rendered, 4) << "two segments, two renditions";
  Report second = run(text_of(R"({ "file": "a.mp4" }, { "file": "c.mp4" })"), overwriting());
  EXPECT_EQ(second.outputs.at(0).segments_rendered, 2);
}

}  // namespace
}  // namespace avstage::test
