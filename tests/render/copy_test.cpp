#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <limits>
#include <map>

#include "media/decoder.h"
#include "media/demuxer.h"
#include "render/bench.h"
#include "support/openh264.h"

namespace avstage::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Checksums = std::vector<std::uint64_t>;

/// Every frame of a film; decode_all() measures more, and slowly.
struct Frames {
  explicit Frames(const std::string& path) {
    media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::video);
    media::Decoder decoder(*demuxer.video(), path, 1);
    auto packet = media::make_packet();
    while (!decoder.drained()) {
      decoder.send(demuxer.read(*packet) ? packet.get() : nullptr);
      while (media::FramePtr frame = decoder.receive()) {
        checksums.push_back(checksum(*frame));
        numbers.push_back(frame_number(*frame));
      }
    }
  }
  Frames() = default;
  Checksums checksums;
  std::vector<int> numbers;
};

/// Sources are 160x90 at 25 frames a second with an IDR picture every second, unless said otherwise.
class SmartCopy : public Bench {
 protected:
  static VideoSpec spec(Rational seconds, Picture picture = Picture::counter) {
    VideoSpec s;
    s.seconds = seconds;
    s.picture = picture;
    return s;
  }

  std::string job_of(const std::string& clips, const std::string& output = "", const std::string& fps = "25",
                     const std::string& size = "160x90") const {
    return fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "{}", "fps": "{}" }}, {},
        "outputs": [ {{ "path": "out.mp4", "preset": "veryfast" {} }} ] }})",
        size, fps, clips.starts_with("\"") ? clips : "\"clips\": [" + clips + "]", output);
  }

  /// Renders, and looks at what holds for every film.
  const OutputReport& film(const std::string& text, std::int64_t frames) {
    report = run(text, settings());
    const OutputReport& output = report.outputs.at(0);
    EXPECT_THAT(report.warnings, IsEmpty());
    out = Frames(output.path);
    EXPECT_EQ(output.frames, frames);
    EXPECT_EQ(std::ssize(out.checksums), frames);
    expect_rising_dts(output.path);
    expect_together(output.path);
    other = decode_with_openh264(output.path);
    EXPECT_EQ(std::ssize(other), frames) << "another decoder sees another film";
    return output;
  }

  static void expect_rising_dts(const std::string& path) {
    media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::video);
    auto packet = media::make_packet();
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    while (demuxer.read(*packet)) {
      ASSERT_GT(packet->dts, last);
      ASSERT_GE(packet->pts, packet->dts);
      last = packet->dts;
    }
  }

  static void expect_together(const std::string& path) {
    const MediaFacts facts = probe_media(path);
    if (!facts.audio) return;
    EXPECT_LE(std::abs((facts.audio->start - facts.video->start).to_double()), 0.001);
  }

  /// The film's frames [at, at + frames) are, bit for bit, the source's from `first` on, for libav and for
  /// the other decoder, which also sees what an edit list hides.
  void expect_same(std::int64_t at, const std::string& source, std::int64_t first, std::int64_t frames,
                   std::int64_t hidden = 0) {
    auto [known, fresh] = sources.try_emplace(source);
    if (fresh) {
      known->second.first = Frames(dir / source).checksums;
      known->second.second = decode_with_openh264(dir / source);
    }
    expect_equal(out.checksums, at, known->second.first, first, frames);
    expect_equal(other, at, known->second.second, first + hidden, frames);
  }

  static void expect_equal(const std::vector<std::uint64_t>& film, std::int64_t at,
                           const std::vector<std::uint64_t>& source, std::int64_t first,
                           std::int64_t frames) {
    ASSERT_LE(at + frames, std::ssize(film));
    ASSERT_LE(first + frames, std::ssize(source));
    for (std::int64_t i = 0; i < frames; ++i) {
      ASSERT_EQ(film[static_cast<std::size_t>(at + i)], source[static_cast<std::size_t>(first + i)])
          << at + i;
    }
  }

  void expect_numbers(std::int64_t at, int first, std::int64_t frames) const {
    for (std::int64_t i = 0; i < frames; ++i) ASSERT_EQ(out.numbers.at(at + i), first + i) << at + i;
  }

  std::string plan(const std::string& text) const { return plan_text(job(text), settings()); }

  Report report;
  Frames out;
  std::map<std::string, std::pair<Checksums, Checksums>> sources;  ///< by name, for either decoder
  Checksums other;                                                 ///< checksums by the other decoder
};

TEST_F(SmartCopy, CopiesFromAGroupsBeginningOnAndEncodesTheEdges) {
  make_video(dir / "a.mp4", spec(8));
  const Frames a(dir / "a.mp4");
  const std::string text = job_of(R"({ "file": "a.mp4", "in": "30f", "out": "180f" })");
  EXPECT_THAT(plan(text), HasSubstr("128 frames are copied"));
  EXPECT_EQ(film(text, 150).frames_copied, 128);
  expect_numbers(0, 30, 150);
  expect_same(20, "a.mp4", 50, 128);
  EXPECT_NE(out.checksums[0], a.checksums[30]) << "the edge is encoded";
  EXPECT_NE(out.checksums[149], a.checksums[179]) << "B pictures need what is shown after them";
  EXPECT_THAT(to_json(report), HasSubstr("\"frames_copied\": 128"));
}

TEST_F(SmartCopy, AGroupMayEndWhereNothingShownNeedsWhatFollows) {
  for (const auto& [bframes, copied] : {std::pair(0, 11), std::pair(3, 10)}) {
    VideoSpec s = spec(6, Picture::testsrc);
    s.gop = 50, s.bframes = bframes;
    make_video(dir / "a.mp4", s);
    sources.clear();
    std::filesystem::remove(dir / "out.mp4");
    const std::string text = job_of(
        R"({ "file": "a.mp4", "out": "61f" }, { "color": "#202020", "duration": "14f" }, { "file": "a.mp4" })");
    EXPECT_EQ(film(text, 225).frames_copied, 50 + copied + 150) << plan(text);
    expect_same(0, "a.mp4", 0, 50 + copied);
    expect_same(75, "a.mp4", 0, 150);
  }
}

TEST_F(SmartCopy, NeverMeansNever) {
  make_video(dir / "a.mp4", spec(3));
  const Frames a(dir / "a.mp4");
  const std::string text = job_of(R"({ "file": "a.mp4" })", R"(, "copy": "never")");
  EXPECT_THAT(plan(text), HasSubstr("nothing is copied: \"copy\" is \"never\""));
  EXPECT_EQ(film(text, 75).frames_copied, 0);
  expect_numbers(0, 0, 75);
  EXPECT_NE(out.checksums[1], a.checksums[1]);
  const std::string lossless = job_of(R"({ "file": "a.mp4" })", R"(, "crf": 0)");
  EXPECT_THAT(plan(lossless), HasSubstr("nothing is copied: crf 0 is lossless"));
}

TEST_F(SmartCopy, AFilmWithAnOverlayForASixthOfItIsCopiedForTheRest) {
  VideoSpec s = spec(120, Picture::testsrc);
  s.width = 64, s.height = 36, s.fps = 30, s.gop = 60;
  make_video(dir / "a.mp4", s);
  const Frames a(dir / "a.mp4");
  const std::string text = job_of(R"("tracks": [ { "clips": [ { "file": "a.mp4" } ] },
                 { "clips": [ { "color": "#d01020", "start": 40, "duration": 20, "width": 16, "height": 10 } ] } ])",
                                  "", "30", "64x36");
  EXPECT_EQ(film(text, 3600).frames_copied, 3000);
  expect_same(0, "a.mp4", 0, 1200);
  expect_same(1800, "a.mp4", 1800, 1800);
  for (int i = 1200; i < 1800; ++i) ASSERT_NE(out.checksums[i], a.checksums[i]) << i;
}

TEST_F(SmartCopy, SourcesWithEqualParameterSetsShareTheTrack) {
  VideoSpec s = spec(4, Picture::blip);
  s.sound = Sound::blip;
  s.fps = 30, s.gop = 30;
  make_video(dir / "a.mp4", s);
  s.seconds = 3;
  make_video(dir / "b.mp4", s);
  const std::string text =
      job_of(R"({ "file": "a.mp4" }, { "file": "b.mp4" }, { "file": "a.mp4", "in": 2 })", "", "30");
  EXPECT_EQ(film(text, 9 * 30).frames_copied, 9 * 30);
  expect_same(0, "a.mp4", 0, 120);
  expect_same(120, "b.mp4", 0, 90);
  expect_same(210, "a.mp4", 60, 60);
  const AvOffset offset = av_offset(dir / "out.mp4");
  EXPECT_EQ(offset.flashes.size(), 9U);
  EXPECT_LE(offset.worst(), 0.001);
  EXPECT_EQ(report.outputs[0].segments_rendered, 0);
}

TEST_F(SmartCopy, OfDifferentParameterSetsTheRicherIsCopiedAndTheOtherEncoded) {
  make_video(dir / "a.mp4", spec(3));
  VideoSpec s = spec(6);
  s.bframes = 0;
  make_video(dir / "b.mp4", s);
  const std::string text =
      job_of(R"({ "file": "a.mp4" }, { "file": "b.mp4" }, { "file": "a.mp4", "in": "3f" })");
  EXPECT_THAT(plan(text), HasSubstr("its parameter sets are not those of clip /clips/1"));
  EXPECT_EQ(film(text, 75 + 150 + 72).frames_copied, 150);
  expect_numbers(0, 0, 75);
  expect_same(75, "b.mp4", 0, 150);
  expect_numbers(225, 3, 72);
  EXPECT_EQ(other, out.checksums) << "without B pictures decoders agree to the bit";
}

TEST_F(SmartCopy, AnOpenGroupIsNoPlaceToCut) {
  VideoSpec s = spec(6);
  s.open_gop = true;
  s.bframes = 3;
  make_video(dir / "a.mp4", s);
  const std::string cut = job_of(R"({ "file": "a.mp4", "in": "30f" })");
  EXPECT_EQ(film(cut, 120).frames_copied, 0) << "every key frame but the first may need what was before it";
  expect_numbers(0, 30, 120);
  std::filesystem::remove(dir / "out.mp4");
  EXPECT_EQ(film(job_of(R"({ "file": "a.mp4" })"), 150).frames_copied, 150) << "as a whole it is closed";
  std::filesystem::remove(dir / "out.mp4");
  // Behind it a player, and the check of the seam, may enter at IDR pictures alone.
  EXPECT_EQ(film(job_of(R"({ "file": "a.mp4" }, { "color": "#204060", "duration": 1 })"), 175).frames_copied,
            150);
  expect_same(0, "a.mp4", 0, 150);
}

TEST_F(SmartCopy, FramesThatAnEditListHidesAreNotShown) {
  VideoSpec s = spec(4);
  s.start = Rational(-1, 5);  // five frames lie before the edit
  make_video(dir / "a.mp4", s);
  const Frames a(dir / "a.mp4");
  ASSERT_EQ(a.checksums.size(), 95U);
  EXPECT_EQ(film(job_of(R"({ "file": "a.mp4" })"), 95).frames_copied, 75) << "the first group is not whole";
  expect_numbers(0, 5, 95);
  expect_same(20, "a.mp4", 20, 75, 5);
}

TEST_F(SmartCopy, StartsAndTimeBasesOfOtherContainersDoNotMatter) {
  for (const char* name : {"a.mkv", "a.ts", "a.mov", "late.mp4"}) {
    VideoSpec s = spec(4);
    s.fps = Rational(30000, 1001);
    s.gop = 30;
    s.start = std::string(name) == "a.mov" ? Rational(0) : Rational(7);
    if (name == std::string("late.mp4")) s.start = 0, s.picture_delay = Rational(3, 2);
    make_video(dir / name, s);
    std::filesystem::remove(dir / "out.mp4");
    const std::string text =
        job_of(fmt::format(R"({{ "file": "{}", "in": "7f", "out": "110f" }})", name), "", "30000/1001");
    EXPECT_EQ(film(text, 103).frames_copied, 79) << name << "\n" << plan(text);
    expect_numbers(0, 7, 103);
    expect_same(23, name, 30, 79);
  }
}

TEST_F(SmartCopy, FadesCutWhatIsCopied) {
  make_video(dir / "a.mp4", spec(6));
  const std::string text = job_of(R"({ "file": "a.mp4", "fade_in": "10f", "fade_out": "30f" })");
  EXPECT_EQ(film(text, 150).frames_copied, 95);
  expect_same(25, "a.mp4", 25, 95);
}

TEST_F(SmartCopy, GroupsAboveTheBitrateAreEncoded) {
  VideoSpec s = spec(3, Picture::testsrc);
  make_video(dir / "a.mp4", s);
  EXPECT_EQ(film(job_of(R"({ "file": "a.mp4" })", R"(, "bitrate": "5M")"), 75).frames_copied, 75);
  std::filesystem::remove(dir / "out.mp4");
  const std::string text = job_of(R"({ "file": "a.mp4" })", R"(, "bitrate": "20k")");
  EXPECT_THAT(plan(text), HasSubstr("less than a tenth of it could be copied within its bitrate"));
  EXPECT_EQ(film(text, 75).frames_copied, 0);
}

TEST_F(SmartCopy, OneCompositionIsCopiedForOneOutputAndEncodedForTheOther) {
  make_video(dir / "a.mp4", spec(4));
  const std::string text = R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "a.mp4", "in": "10f" } ],
    "outputs": [ { "path": "out.mp4" }, { "path": "small.mp4", "size": "80x44" }, { "path": "new.mkv", "codec": "hevc" },
                 { "path": "out.mkv" } ] })";
  film(text, 90);
  expect_same(15, "a.mp4", 25, 75);
  for (const OutputReport& o : report.outputs) {
    EXPECT_EQ(o.frames_copied, o.path.find("out.m") != o.path.npos ? 75 : 0) << o.path;
    out = Frames(o.path);
    EXPECT_EQ(out.checksums.size(), 90U) << o.path;
    expect_numbers(0, 10, 90);
  }
}

TEST_F(SmartCopy, ACopyThatDoesNotFitIsGivenUpAndEverythingEncoded) {
  make_video(dir / "a.mp4", spec(24));
  VideoSpec s = spec(24);
  s.bframes = 0;
  make_video(dir / "b.mp4", s);
  run(job_of(R"({ "file": "b.mp4" })"), settings());
  std::string foreign;  // a copied segment of the other film, as long as one of the first
  auto is_copy = [&](const std::string& file) {  // of ten seconds
    if (file.find("segments/") == file.npos || file.find(".mix") != file.npos) return false;
    const MediaFacts facts = media::probe_file(dir / file);
    return facts.video && facts.video->frames == 250;
  };
  for (const std::string& file : dir.files()) {
    if (is_copy(file)) foreign = file;
  }
  ASSERT_THAT(foreign, Not(IsEmpty()));
  const std::string of_the_other_film = read_bytes(dir / foreign);
  std::filesystem::remove(dir / "out.mp4");
  std::filesystem::remove_all(dir / "cache/segments");
  const std::string text = job_of(R"({ "file": "a.mp4" })");
  EXPECT_EQ(run(text, settings()).outputs[0].frames_copied, 600);
  for (const std::string& file : dir.files()) {
    if (!is_copy(file)) continue;
    write_bytes(dir / file, of_the_other_film);
    break;
  }
  std::filesystem::remove(dir / "out.mp4");
  Report again = run(text, settings());
  EXPECT_EQ(again.outputs[0].frames_copied, 0);
  ASSERT_EQ(again.warnings.size(), 1U);
  EXPECT_THAT(again.warnings[0], HasSubstr("nothing is copied, all is encoded"));
  out = Frames(dir / "out.mp4");
  ASSERT_EQ(out.checksums.size(), 600U);
  expect_numbers(0, 0, 600);
  EXPECT_EQ(run(text, settings()).outputs[0].state, "up_to_date");
  std::filesystem::remove(dir / "out.mp4");
  again = run(text, settings());
  EXPECT_EQ(again.outputs[0].frames_copied, 600) << "what did not fit is out of the store";
  EXPECT_THAT(again.warnings, IsEmpty());
}

TEST_F(SmartCopy, ThePlanSaysWhyNothingOfAClipIsCopied) {
  make_video(dir / "a.mp4", spec(3));
  VideoSpec s = spec(2);
  s.codec = "mpeg4";
  make_video(dir / "other.mp4", s);
  s = spec(2);
  s.width = 80;
  make_video(dir / "narrow.mp4", s);
  s = spec(2);
  s.matrix = "smpte170m";
  make_video(dir / "sd.mp4", s);
  s = spec(2);
  s.fps = 50;
  make_video(dir / "fast.mp4", s);
  const std::string text =
      plan(job_of(R"({ "id": "a", "file": "a.mp4" }, { "id": "other", "file": "other.mp4" },
    { "id": "narrow", "file": "narrow.mp4" }, { "id": "sd", "file": "sd.mp4" }, { "id": "fast", "file": "fast.mp4" },
    { "id": "gray", "file": "a.mp4", "filters": ["grayscale"] }, { "id": "half", "file": "a.mp4", "opacity": 0.5 },
    { "id": "small", "file": "a.mp4", "width": 80 })"));
  for (const char* line :
       {"clip 'a' is copied where it is untouched",
        "clip 'other' is encoded: it is mpeg4, which no output of this shape is",
        "clip 'narrow' is encoded: it is 80x90, the canvas 160x90",
        "clip 'sd' is encoded: its colours (matrix smpte170m",
        "clip 'fast' is encoded: it has 50 frames a second, the canvas 25",
        "clip 'gray' is encoded: it has filters", "clip 'half' is encoded: it is not opaque",
        "clip 'small' is encoded: it does not just fill the canvas"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

}  // namespace
}  // namespace avstage::test
