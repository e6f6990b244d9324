#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "media/decoder.h"
#include "media/demuxer.h"
#include "render/bench.h"
#include "support/de265.h"

namespace avstage::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

using Checksums = std::vector<std::uint64_t>;

/// Jobs at 160x90, 25 frames a second, with an HEVC deliverable.
class HevcCopy : public Bench {
 protected:
  static std::string job_of(const std::string& clips,
                            const std::string& output = R"(, "preset": "ultrafast")") {
    return fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, {},
        "outputs": [ {{ "path": "out.mp4", "codec": "hevc" {} }} ] }})",
        clips.starts_with("\"") ? clips : "\"clips\": [" + clips + "]", output);
  }

  /// A film of avstage's own, with an IDR picture where it cuts its segments: every five to ten seconds.
  void own_film(const std::string& name, Rational seconds) {
    VideoSpec spec;
    spec.seconds = seconds;
    spec.picture = Picture::counter;
    spec.codec = "mpeg4";
    make_video(dir / "plain.mp4", spec);
    const Report made = run(job_of(R"({ "file": "plain.mp4" })"), settings());
    ASSERT_EQ(made.outputs[0].frames_copied, 0);
    std::filesystem::rename(dir / "out.mp4", dir / name);
    std::filesystem::remove(dir / "out.mp4.avstage.json");
  }

  /// Somebody else's.
  void other_film(const std::string& name, Rational seconds) {
    VideoSpec spec;
    spec.seconds = seconds;
    spec.picture = Picture::counter;
    spec.codec = "libx265";
    make_video(dir / name, spec);
  }

  void film(const std::string& text, std::int64_t frames, std::int64_t copied) {
    report = run(text, settings());
    EXPECT_THAT(report.warnings, IsEmpty());
    EXPECT_EQ(report.outputs[0].frames_copied, copied) << plan_text(job(text), settings());
    out = decoded("out.mp4");
    ASSERT_EQ(std::ssize(out), frames);
    EXPECT_EQ(decode_with_de265(dir / "out.mp4"), out) << "another decoder sees another film";
    media::Demuxer demuxer = media::Demuxer::open_file(dir / "out.mp4", media::Demuxer::Want::video);
    EXPECT_EQ(demuxer.video()->codecpar->codec_tag, MKTAG('h', 'v', 'c', '1'));
    auto packet = media::make_packet();
    for (std::int64_t last = INT64_MIN; demuxer.read(*packet); last = packet->dts) {
      ASSERT_GT(packet->dts, last);
      ASSERT_GE(packet->pts, packet->dts);
    }
  }

  Checksums decoded(const std::string& name) {
    media::Demuxer demuxer = media::Demuxer::open_file(dir / name, media::Demuxer::Want::video);
    media::Decoder decoder(*demuxer.video(), name, 1);
    auto packet = media::make_packet();
    Checksums sums;
    numbers.clear();
    while (!decoder.drained()) {
      decoder.send(demuxer.read(*packet) ? packet.get() : nullptr);
      while (media::FramePtr frame = decoder.receive()) {
        sums.push_back(checksum(*frame));
        numbers.push_back(frame_number(*frame));
      }
    }
    return sums;
  }

  void expect_numbers(std::int64_t at, int first, std::int64_t frames) const {
    for (std::int64_t i = 0; i < frames; ++i) ASSERT_EQ(numbers.at(at + i), first + i) << at + i;
  }

  Report report;
  Checksums out;
  std::vector<int> numbers;  ///< of the film decoded last
};

TEST_F(HevcCopy, FilmsOfAnyEncoderAreJoinedAsTheyAreWhenNothingIsEncodedBetweenThem) {
  other_film("a.mp4", 3);
  other_film("b.mp4", 2);
  const Checksums a = decoded("a.mp4"), b = decoded("b.mp4");
  film(job_of(R"({ "file": "a.mp4" }, { "file": "b.mp4" }, { "file": "a.mp4" })"), 200, 200);
  Checksums want = a;
  want.insert(want.end(), b.begin(), b.end());
  want.insert(want.end(), a.begin(), a.end());
  EXPECT_EQ(out, want);
  EXPECT_EQ(report.outputs[0].segments_rendered, 0);
}

TEST_F(HevcCopy, WhatIsEncodedBesideThemHasToHaveTheirParameterSets) {
  other_film("a.mp4", 3);
  const std::string text = job_of(R"({ "file": "a.mp4" }, { "color": "#d01020", "duration": 1 })");
  EXPECT_THAT(plan_text(job(text), settings()),
              HasSubstr("what would be encoded beside clip /clips/0 has other parameter sets"));
  film(text, 100, 0);
  expect_numbers(0, 0, 75);
}

TEST_F(HevcCopy, AFilmOfAvstagesOwnIsCopiedBesideWhatIsEncodedAlike) {
  own_film("own.mp4", 20);
  const Checksums own = decoded("own.mp4");
  film(job_of(R"("tracks": [ { "clips": [ { "file": "own.mp4" } ] },
      { "clips": [ { "color": "#d01020", "start": 12, "duration": 2, "width": 16, "height": 10 } ] } ])"),
       500, 300);
  EXPECT_TRUE(std::equal(own.begin(), own.begin() + 300, out.begin()));
  EXPECT_NE(out[300], own[300]);
  expect_numbers(0, 0, 300);
  expect_numbers(350, 350, 150);
  std::filesystem::remove(dir / "out.mp4");
  film(job_of(R"({ "file": "own.mp4", "in": "240f" })"), 260, 250);
  expect_numbers(0, 240, 260);
  std::filesystem::remove(dir / "out.mp4");
  film(job_of(R"({ "file": "own.mp4", "in": "240f" })", R"(, "preset": "medium")"), 260, 0);
}

TEST_F(HevcCopy, EachOutputCopiesItsOwnCodecAlone) {
  other_film("a.mp4", 3);
  VideoSpec spec;
  spec.seconds = 3;
  make_video(dir / "b.mp4", spec);
  const std::string text =
      R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "clips": [ { "file": "b.mp4" } ],
    "outputs": [ { "path": "out.mp4", "codec": "hevc" }, { "path": "avc.mp4" } ] })";
  const std::string said = plan_text(job(text), settings());
  EXPECT_THAT(said, HasSubstr("nothing is copied: its codec is hevc, most is copied of h264"));
  report = run(text, settings());
  EXPECT_EQ(report.outputs[0].frames_copied, 0);
  EXPECT_EQ(report.outputs[1].frames_copied, 75);
  EXPECT_THAT(plan_text(job(job_of(R"({ "file": "b.mp4" })")), settings()),
              HasSubstr("it is h264, which no output of this shape is"));
}

TEST_F(HevcCopy, TenBitsASampleAndOpenGroupsAreEncoded) {
  VideoSpec spec;
  spec.seconds = 3;
  spec.picture = Picture::counter;
  spec.codec = "libx265";
  spec.pix_fmt = "yuv420p10le";
  make_video(dir / "deep.mp4", spec);
  EXPECT_THAT(plan_text(job(job_of(R"({ "file": "deep.mp4" })")), settings()),
              HasSubstr("its pixels are yuv420p10le, the output's yuv420p"));
  spec.pix_fmt = "yuv420p";
  spec.open_gop = true;
  make_video(dir / "open.mp4", spec);
  film(job_of(R"({ "file": "open.mp4", "in": "30f" })"), 45, 0);
  expect_numbers(0, 30, 45);
}

}  // namespace
}  // namespace avstage::test
