#include <filesystem>

#include "media/mpeg2.h"
#include "render/intra_bench.h"

namespace avstage::test {
namespace {

using testing::HasSubstr;

/// 1280x720 at 25 frames a second: the smallest that such a film may be.
class Xdcam : public IntraFilm {
 protected:
  /// As a camera or another encoder writes it, with a smaller buffer than avstage's own.
  static VideoSpec spec(Rational seconds, const media::Options& more = {}) {
    VideoSpec s;
    s.codec = "mpeg2video", s.pix_fmt = "yuv422p";
    s.width = 1280, s.height = 720;
    s.seconds = seconds;
    s.gop = 12;
    s.picture = Picture::counter;
    s.primaries = s.transfer = "bt709";
    s.audio_codec = "pcm_s16le";
    s.options = {{"b", "50M"},       {"minrate", "50M"},           {"maxrate", "50M"},
                 {"bufsize", "18M"}, {"mpv_flags", "+strict_gop"}, {"intra_vlc", "1"},
                 {"dc", "2"},        {"non_linear_quant", "1"},    {"qmax", "28"}};
    s.options.insert(s.options.end(), more.begin(), more.end());
    return s;
  }
  static std::string job_of(const std::string& clips, const std::string& fps = "25") {
    return fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "1280x720", "fps": "{}" }}, {},
        "outputs": [ {{ "path": "out.mov", "codec": "xdcam_hd422" }} ] }})",
        fps, clips.starts_with("\"") ? clips : "\"clips\": [" + clips + "]");
  }
  /// The headers of every group, and how many groups there are.
  static std::set<std::string> headers_of(const std::string& path, int groups) {
    std::set<std::string> headers;
    media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::video);
    for (media::PacketPtr p = media::make_packet(); demuxer.read(*p);) {
      const std::string_view bytes = media::bytes_of(*p);
      if ((p->flags & AV_PKT_FLAG_KEY) == 0) continue;
      --groups;
      EXPECT_TRUE(media::mpeg2::read_picture(bytes).closed_group);
      if (auto sequence = media::mpeg2::read_sequence(bytes)) headers.insert(sequence->headers);
    }
    EXPECT_EQ(groups, 0) << path;
    return headers;
  }
  void expect_encoded(const std::string& file, const std::string& why) {
    const std::string text = job_of(fmt::format(R"({{ "file": "{}", "out": "13f" }})", file));
    EXPECT_THAT(plan(text), HasSubstr(why));
    std::filesystem::remove(dir / "out.mov");
    EXPECT_EQ(run(text, settings()).outputs[0].frames_copied, 0);
    expect_numbers(Film(dir / "out.mov"), 0, 0, 13);
  }
};

TEST_F(Xdcam, IsWhatItsNameSays) {
  VideoSpec s = spec(2);
  s.codec = "libx264", s.pix_fmt = "yuv420p", s.picture = Picture::testsrc, s.options = {};
  make_video(dir / "a.mov", s);
  const std::string text = job_of(R"({ "file": "a.mov" })");
  report = run(text, settings());
  EXPECT_THAT(report.warnings, testing::IsEmpty());
  const Film out(dir / "out.mov");
  EXPECT_EQ(out.tag, MKTAG('x', 'd', '5', '5'));
  ASSERT_EQ(out.frames.size(), 50U);
  EXPECT_EQ(headers_of(dir / "out.mov", 5).size(), 1U);
  media::Demuxer demuxer = media::Demuxer::open_file(dir / "out.mov");
  const AVCodecParameters& picture = *demuxer.video()->codecpar;
  EXPECT_EQ(std::pair(picture.profile, picture.level), std::pair(FF_PROFILE_MPEG2_422, 2));
  const MediaFacts& facts = demuxer.facts();
  EXPECT_EQ(facts.video->pix_fmt, "yuv422p");
  EXPECT_EQ(facts.video->frames, 50);
  EXPECT_EQ(facts.video->start, Time(0));
  EXPECT_EQ(facts.video->duration, Time(2));
  EXPECT_FALSE(facts.video->interlaced);
  EXPECT_EQ(facts.video->color_matrix, "bt709");
  EXPECT_EQ(facts.audio->codec, "pcm_s24le");
  EXPECT_EQ(facts.audio->duration, Time(2));
  // 50 Mbit/s, but for what a decoder has to have before it begins.
  const double bytes = static_cast<double>(std::filesystem::file_size(dir / "out.mov")) - 2 * 48000 * 6;
  EXPECT_NEAR(bytes, 2 * 50e6 / 8, 36'421'632 / 8);
  const std::vector<media::FramePtr> composed = compose(job(text));
  for (std::size_t i = 0; i < 50; i += 7) EXPECT_GT(psnr(*out.frames[i], *composed[i]), 44) << i;
}

TEST_F(Xdcam, HasItsTrackNamedAtRatesThatAreNotWholeToo) {
  VideoSpec s = spec(Rational(1, 2));
  s.fps = Rational(60000, 1001);
  make_video(dir / "a.mov", s);
  report = run(job_of(R"({ "file": "a.mov" })", "59.94"), settings());
  EXPECT_GT(report.outputs[0].frames, 29);
  EXPECT_EQ(Film(dir / "out.mov").tag, MKTAG('x', 'd', '5', '9'));
}

TEST_F(Xdcam, CopiesClosedGroupsAndEncodesTheRestBesideThem) {
  make_video(dir / "a.mov", spec(4, {{"seq_disp_ext", "never"}}));
  const Film a(dir / "a.mov");
  ASSERT_EQ(a.frames.size(), 100U);
  const std::string text =
      job_of(R"("tracks": [ { "clips": [ { "file": "a.mov", "in": "3f", "out": "97f" } ] },
      { "clips": [ { "color": "#d01020", "start": "41f", "duration": "5f", "width": 320, "height": 160,
                     "at": "bottom-right" } ] } ])");
  // Of the source 12 to 43 (41 + 3 cuts a group behind its eighth frame) and 60 to 96.
  EXPECT_THAT(plan(text), HasSubstr("68 frames are copied"));
  report = run(text, settings());
  EXPECT_THAT(report.warnings, testing::IsEmpty());
  EXPECT_EQ(report.outputs[0].frames_copied, 68);
  const Film out(dir / "out.mov");
  ASSERT_EQ(out.frames.size(), 94U);
  expect_numbers(out, 0, 3, 94);
  for (std::size_t i = 1; i < out.dts.size(); ++i)
    EXPECT_EQ(out.dts[i] - out.dts[i - 1], out.dts[1] - out.dts[0]);
  EXPECT_EQ(packets(out, 9, 31), packets(a, 12, 31));
  EXPECT_EQ(packets(out, 57, 37), packets(a, 60, 37));
  for (std::size_t n = 9; n < 40; ++n) EXPECT_EQ(checksum(*out.frames[n]), checksum(*a.frames[n + 3])) << n;
  for (std::size_t n = 57; n < 94; ++n) EXPECT_EQ(checksum(*out.frames[n]), checksum(*a.frames[n + 3])) << n;
  EXPECT_EQ(headers_of(dir / "out.mov", 10), headers_of(dir / "a.mov", 9)) << "one sequence, all through";
  const std::vector<media::FramePtr> composed = compose(job(text));
  for (std::size_t n : {0U, 8U, 40U, 43U, 56U}) EXPECT_GT(psnr(*out.frames[n], *composed[n]), 44) << n;
  EXPECT_EQ(probe_media(dir / "out.mov").audio->start, probe_media(dir / "out.mov").video->start);
}

TEST_F(Xdcam, IsCopiedFromMxfAndFromAFilmOfItsOwn) {
  make_video(dir / "a.mxf", spec(Rational(12, 10)));
  report = run(job_of(R"({ "file": "a.mxf" })"), settings());
  EXPECT_EQ(report.outputs[0].frames_copied, 30);
  EXPECT_EQ(Film(dir / "out.mov").packets, Film(dir / "a.mxf").packets);
  std::filesystem::rename(dir / "out.mov", dir / "again.mov");
  report = run(job_of(R"({ "file": "again.mov" })"), settings());
  EXPECT_EQ(report.outputs[0].frames_copied, 30);
}

TEST_F(Xdcam, WhatIsNoSuchPictureIsEncodedAndThePlanSaysWhy) {
  make_video(dir / "a.mov", spec(1, {{"b", "35M"}, {"minrate", "35M"}, {"maxrate", "35M"}}));
  expect_encoded("a.mov", "is encoded: its bit rate is 35 Mbit/s, that of XDCAM HD422 is 50");
  make_video(dir / "b.mov", spec(1, {{"bufsize", "8M"}}));
  expect_encoded("b.mov", "is encoded: it asks for a buffer of 8");
  VideoSpec s = spec(1);
  s.pix_fmt = "yuv420p";
  make_video(dir / "c.mov", s);
  expect_encoded("c.mov", "is encoded: its pixels are yuv420p, the output's yuv422p");
  s = spec(1);
  s.scan = Scan::top_first;
  make_video(dir / "d.mov", s);
  EXPECT_THAT(plan(job_of(R"({ "file": "d.mov" })")), HasSubstr("is encoded: it is interlaced"));
}

/// Only the first group is closed: its frames can be copied with what follows, none from the middle.
TEST_F(Xdcam, OpenGroupsAreCopiedBehindAClosedOneAlone) {
  VideoSpec s = spec(3);
  s.open_gop = true;
  make_video(dir / "a.mov", s);
  const std::string text = job_of(R"({ "file": "a.mov", "out": "40f" })");
  report = run(text, settings());
  EXPECT_EQ(report.outputs[0].frames_copied, 39);
  expect_numbers(Film(dir / "out.mov"), 0, 0, 40);
  EXPECT_THAT(plan(job_of(R"({ "file": "a.mov", "in": "15f" })")), HasSubstr("nothing is copied"));
}

}  // namespace
}  // namespace avstage::test
