#include <fmt/format.h>

#include <thread>

#include "render/bench.h"

namespace avstage::test {
namespace {

class Film : public Bench {};

TEST_F(Film, CutsShowExactlyTheFramesThatWereAskedFor) {
  file("a.mp4", 8);
  run(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "a.mp4", "in": "50f", "out": "100f" }, { "file": "a.mp4", "out": "1f" },
               { "file": "a.mp4", "in": 7 } ], "output": "out.mp4" })",
      settings());
  Decoded out = decode_all(dir / "out.mp4");
  ASSERT_EQ(out.frames, 50 + 1 + 25);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(out.numbers[i], 50 + i);
  EXPECT_EQ(out.numbers[50], 0);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(out.numbers[51 + i], 175 + i);
  EXPECT_EQ(out.audio_samples, 76 * 48000 / 25);
}

TEST_F(Film, SegmentsJoinWithoutALostOrDoubledFrame) {
  file("a.mp4", 34);
  Report report = run(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "a.mp4", "in": 1 } ], "output": "out.mp4" })",
                      settings());
  EXPECT_GE(report.outputs.at(0).segments, 3);
  Decoded out = decode_all(dir / "out.mp4");
  ASSERT_EQ(out.frames, 33 * 25);
  for (int i = 0; i < out.frames; ++i) ASSERT_EQ(out.numbers[i], (25 + i) % 1024) << i;
}

TEST_F(Film, PictureAndSoundStayTogetherAcrossCutsAndRates) {
  file("a.mp4", 6, Picture::blip);
  VideoSpec spec;
  spec.picture = Picture::blip;
  spec.sound = Sound::blip;
  spec.seconds = 6;
  make_video(dir / "a.mp4", spec);
  spec.fps = Rational(30000, 1001);
  spec.audio_rate = 44100;
  spec.audio_channels = 1;
  make_video(dir / "b.mp4", spec);
  run(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 50 },
    "clips": [ { "file": "a.mp4", "in": 1, "out": 4 }, { "file": "b.mp4", "in": 2, "out": 5 },
               { "file": "a.mp4", "in": 1, "out": 3 } ],
    "outputs": [ { "path": "out.mp4" }, { "path": "out.mkv" }, { "path": "out.mov" } ] })",
      settings());
  for (const char* name : {"out.mp4", "out.mkv", "out.mov"}) {
    AvOffset offset = av_offset(dir / name);
    ASSERT_EQ(offset.flashes.size(), 8U) << name;
    EXPECT_LE(offset.worst(), 0.021) << name << ": one frame of the canvas, from the 29.97 fps source";
  }
}

TEST_F(Film, OneCompositionServesEverySizeOfItsShape) {
  file("a.mp4", 2, Picture::testsrc);
  Report report = run(R"({ "version": 1, "canvas": { "size": "320x180", "fps": 25 },
    "clips": [ { "file": "a.mp4", "fit": "cover" } ],
    "outputs": [ { "path": "big.mp4" }, { "path": "small.mkv", "size": "160x90" },
                 { "path": "tall.mov", "size": "90x160", "audio": { "codec": "none" } } ] })",
                      settings());
  ASSERT_EQ(report.outputs.size(), 3U);
  EXPECT_EQ(decode_all(dir / "big.mp4").width, 320);
  EXPECT_EQ(decode_all(dir / "small.mkv").width, 160);
  Decoded tall = decode_all(dir / "tall.mov");
  EXPECT_EQ(tall.height, 160);
  EXPECT_EQ(tall.frames, 50);
  EXPECT_FALSE(probe_media(dir / "tall.mov").audio);
}

/// The outermost boxes of an mp4, by their types, with their sizes.
std::vector<std::pair<std::string, std::uint64_t>> boxes_of(const std::string& bytes) {
  std::vector<std::pair<std::string, std::uint64_t>> boxes;
  for (std::uint64_t at = 0; at + 8 <= bytes.size();) {
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[at + i]);
    boxes.emplace_back(bytes.substr(at + 4, 4), size);
    if (size < 8) break;
    at += size;
  }
  return boxes;
}

TEST_F(Film, ItsIndexStandsInFrontAndItsRoomIsNotMuchMoreThanItTakes) {
  file("a.mp4", 30);
  for (const char* fps : {"24", "\"30000/1001\"", "60"}) {
    run(fmt::format(R"({{ "version": 1, "canvas": {{ "size": "64x36", "fps": {} }},
      "clips": [ {{ "file": "a.mp4" }} ],
      "outputs": [ {{ "path": "sound.mp4" }}, {{ "path": "hevc.mp4", "codec": "hevc" }},
                   {{ "path": "mute.mov", "audio": {{ "codec": "none" }} }},
                   {{ "path": "edit.mov", "codec": "prores_proxy" }} ] }})",
                    fps),
        [&] {
          Settings s = settings();
          s.overwrite = true;
          return s;
        }());
    for (const char* name : {"sound.mp4", "hevc.mp4", "mute.mov", "edit.mov"}) {
      const auto boxes = boxes_of(read_bytes(dir / name));
      ASSERT_EQ(boxes.size(), 5U) << name;
      EXPECT_EQ(boxes[0].first, "ftyp");
      EXPECT_EQ(boxes[1].first, "moov");
      EXPECT_EQ(boxes[2].first, "free");
      EXPECT_EQ(boxes[4].first, "mdat");
      EXPECT_LT(boxes[2].second, 4 * boxes[1].second) << name << " at " << fps;
    }
  }
}

TEST_F(Film, AnUpToDateFilmIsLeftAloneAndATouchedOneIsNot) {
  file("a.mp4", 1);
  const std::string text = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "a.mp4" } ], "output": "out.mp4" })";
  run(text, settings());
  auto before = std::filesystem::last_write_time(dir / "out.mp4");
  EXPECT_EQ(run(text, settings()).outputs.at(0).state, "up_to_date");
  EXPECT_EQ(std::filesystem::last_write_time(dir / "out.mp4"), before);
  write_bytes(dir / "out.mp4", read_bytes(dir / "out.mp4") + "x");
  EXPECT_EQ(fail(text, settings()).first, 2) << "a changed file is somebody else's";
  Settings y = settings();
  y.overwrite = true;
  Report again = run(text, y);
  EXPECT_EQ(again.outputs.at(0).state, "written");
  EXPECT_EQ(again.outputs.at(0).segments_rendered, 0) << "its segments are in the store";
}

/// Not smaller: with fades on pictures of 320x180 and less, x264's macroblock tree itself gives other bytes
/// from run to run (the ffmpeg command does too).
TEST_F(Film, TwoRunsGiveTheSameBytes) {
  file("a.mp4", 2, Picture::testsrc);
  const std::string text = R"({ "version": 1, "canvas": { "size": "640x360", "fps": 25 },
    "clips": [ { "file": "a.mp4", "opacity": 0.7, "fade": 0.4 } ], "output": "out.mp4" })";
  run(text, settings());
  std::string first = read_bytes(dir / "out.mp4");
  std::filesystem::remove_all(dir / "cache");
  std::filesystem::remove(dir / "out.mp4");
  run(text, settings());
  EXPECT_EQ(read_bytes(dir / "out.mp4"), first);
}

TEST_F(Film, AnEmptyOrFullMatteIsAnError) {
  make_image(dir / "halves.png", 160, 90);  // red and blue
  for (const char* key :
       {R"({ "color": "#00ff00" })",
        R"({ "color": "#dc1e1e" }, "filters": [{ "crop": { "width": 70, "height": 90 } }])"}) {
    auto [code, message] = fail(fmt::format(R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }},
      "clips": [ {{ "image": "halves.png", "duration": 1, "key": {} }} ], "output": "out.mp4" }})",
                                            key),
                                settings());
    EXPECT_EQ(code, 8) << message;
    EXPECT_FALSE(std::filesystem::exists(dir / "out.mp4"));
  }
}

TEST_F(Film, AStopLeavesNoPartialFileAndASecondRunFinishes) {
  file("a.mp4", 20, Picture::testsrc);
  const std::string text = R"({ "version": 1, "canvas": { "size": "320x180", "fps": 25 },
    "clips": [ { "file": "a.mp4" } ], "output": "out.mp4" })";
  std::stop_source stop;
  Settings one_at_a_time = settings();
  one_at_a_time.workers = 1;
  try {
    render(
        job(text), one_at_a_time,
        [&](const Event& e) {
          if (e.kind == Event::Kind::progress && e.done > 300) stop.request_stop();
        },
        stop.get_token());
    FAIL() << "was not stopped";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::interrupted);
  }
  EXPECT_FALSE(any_part_left());
  EXPECT_FALSE(std::filesystem::exists(dir / "out.mp4"));
  Report report = run(text, settings());
  EXPECT_EQ(report.outputs.at(0).frames, 500);
  EXPECT_EQ(report.outputs.at(0).segments_rendered, 1) << "the first segment was kept";
}

TEST_F(Film, SaysThatItContainsGeneratedVideoOnlyWhenItDoes) {
  file("a.mp4", 1);
  run(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "clips": [ { "file": "a.mp4" } ],
    "output": "out.mp4" })",
      settings());
  EXPECT_EQ(read_bytes(dir / "out.mp4").find("AI-generated"), std::string::npos);
  EXPECT_NE(read_bytes(dir / "out.mp4.manifest.json").find("\"contains\": false"), std::string::npos);
}

TEST_F(Film, MoreThanTheMediumHasIsRefusedBeforeAnything) {
  file("a.mp4", 1);
  auto [code, message] = fail(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "a.mp4", "out": 3 } ], "output": "out.mp4" })",
                              settings());
  EXPECT_EQ(code, 2);
  EXPECT_NE(message.find("job.json:2:"), std::string::npos) << message;
  EXPECT_NE(message.find("1.000 s"), std::string::npos) << message;
}

}  // namespace
}  // namespace avstage::test
