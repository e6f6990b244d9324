#include "render/intra_bench.h"

#include <filesystem>

namespace avstage::test {
namespace {

using testing::HasSubstr;

class IntraCopies : public IntraFilm {
 protected:
  /// Why a source is not copied into a film of ProRes HQ, which is complete all the same.
  void expect_encoded(const std::string& why) {
    const std::string text = job_of(R"({ "file": "a.mov" })", "prores_hq");
    EXPECT_THAT(plan(text), HasSubstr(why));
    std::filesystem::remove(dir / "out.mov");
    expect_numbers(film(text, 25, 0), 0, 0, 25);
  }
};

using IntraCopy = IntraFilm;
INSTANTIATE_TEST_SUITE_P(Codecs, IntraCopy,
                         testing::Values("prores_proxy", "prores_lt", "prores", "prores_hq", "dnxhr_lb",
                                         "dnxhr_sq", "dnxhr_hq"),
                         [](const auto& codec) { return std::string(codec.param); });

TEST_P(IntraCopy, CopiesEveryFrameThatStaysUntouchedAndEncodesTheOthersAlike) {
  make_video(dir / "a.mov", spec(GetParam(), 4));
  const Film a(dir / "a.mov");
  const std::string text =
      job_of(R"("tracks": [ { "clips": [ { "file": "a.mov", "in": "3f", "out": "90f" } ] },
      { "clips": [ { "color": "#d01020", "start": "31f", "duration": "13f", "width": 32, "height": 16,
                     "at": "bottom-right" } ] } ])",
             GetParam());
  EXPECT_THAT(plan(text), HasSubstr("74 frames are copied"));
  const Film out = film(text, 87, 74);
  EXPECT_EQ(packets(out, 0, 31), packets(a, 3, 31));
  EXPECT_EQ(packets(out, 44, 43), packets(a, 47, 43));
  for (std::int64_t n = 31; n < 44; ++n) EXPECT_NE(packets(out, n, 1), packets(a, n + 3, 1));
  expect_numbers(out, 0, 3, 87);
  EXPECT_EQ(out.tag, a.tag);
  EXPECT_EQ(report.outputs[0].segments_rendered, 1);
  const std::vector<media::FramePtr> composed = compose(job(text));
  for (std::size_t n = 31; n < 44; ++n) EXPECT_GT(psnr(*out.frames[n], *composed[n]), 40) << n;
  // What is encoded has the colours of what is copied.
  for (int c = 0; c < 3; ++c) {
    EXPECT_NEAR(mean(*out.frames[31], c, 0, 0, 0.8, 0.8), mean(*a.frames[34], c, 0, 0, 0.8, 0.8), 1.5) << c;
  }
}

TEST_F(IntraCopies, SoundAndPictureStayTogetherSampleBySample) {
  VideoSpec s = spec("prores_hq", 3, Picture::blip);
  s.sound = Sound::blip;
  make_video(dir / "a.mov", s);
  const std::string text = job_of(R"("tracks": [ { "clips": [ { "file": "a.mov", "in": "7f" } ] },
      { "clips": [ { "color": "#d01020", "start": "20f", "duration": "5f", "width": 32, "height": 16 } ] } ])",
                                  "prores_hq");
  film(text, 68, 63);
  const AvOffset offset = av_offset(dir / "out.mov");
  ASSERT_EQ(offset.flashes.size(), 3U);
  EXPECT_NEAR(offset.worst(), av_offset(dir / "a.mov").worst(), 0.0001) << "as far apart as in the source";
  const std::vector<float> source = read_sound(dir / "a.mov"), heard = read_sound(dir / "out.mov");
  ASSERT_EQ(std::ssize(heard), 2 * 68 * 1920);
  EXPECT_TRUE(std::equal(heard.begin(), heard.end(), source.begin() + 2 * 7 * 1920)) << "PCM loses nothing";
}

TEST_F(IntraCopies, WhatIsNoSuchPictureIsEncodedAndThePlanSaysWhy) {
  VideoSpec s = spec("prores_lt", 1);
  make_video(dir / "a.mov", s);
  expect_encoded("is encoded: it is prores_lt, which no output of this shape is");
  s = spec("prores_hq", 1);
  s.width = 320, s.height = 180;
  make_video(dir / "a.mov", s);
  expect_encoded("is encoded: it is 320x180, the canvas 256x144");
  s = spec("prores_hq", 1);
  s.profile = "4444", s.pix_fmt = "yuva444p10le";
  make_video(dir / "a.mov", s);
  const std::string text = job_of(R"({ "file": "a.mov" })", "prores_hq");
  EXPECT_THAT(plan(text), HasSubstr("its pixels are yuva444p12le, the output's yuv422p10le"));
  s = spec("prores_hq", 1);
  s.matrix = "smpte170m";
  make_video(dir / "a.mov", s);
  expect_encoded("its colours (matrix smpte170m");
  make_video(dir / "a.mov", spec("dnxhr_hq", 1));
  expect_encoded("is encoded: it is dnxhd, which no output of this shape is");
}

TEST_F(IntraCopies, FieldsAreNeverCopiedWhateverTheTrackSays) {
  VideoSpec s = spec("prores_hq", 1);
  s.scan = Scan::top_first;
  make_video(dir / "a.mov", s);
  const std::string text = job_of(R"({ "file": "a.mov" })", "prores_hq");
  EXPECT_THAT(plan(text), HasSubstr("is encoded: it is interlaced"));
  std::string bytes = read_bytes(dir / "a.mov");
  const std::size_t fiel = bytes.find("fiel");
  ASSERT_NE(fiel, std::string::npos);
  bytes.replace(fiel + 4, 2, std::string("\1\0", 2));  // the track says it is progressive
  write_bytes(dir / "a.mov", bytes);
  EXPECT_FALSE(probe_media(dir / "a.mov").video->interlaced);
  EXPECT_THAT(plan(text), HasSubstr("is encoded: it is interlaced"));
  EXPECT_EQ(run(text, settings()).outputs[0].frames_copied, 0);
}

TEST_F(IntraCopies, EachOutputCopiesItsOwnProfileAlone) {
  make_video(dir / "a.mov", spec("prores_hq", 1));
  const std::string text =
      R"({ "version": 1, "canvas": { "size": "256x144", "fps": 25 }, "clips": [ { "file": "a.mov" } ],
    "outputs": [ { "path": "out.mov", "codec": "prores_hq" }, { "path": "lt.mov", "codec": "prores_lt" },
                 { "path": "web.mp4" }, { "path": "half.mov", "codec": "prores_hq", "size": "128x72" } ] })";
  EXPECT_THAT(plan(text), HasSubstr("its codec is prores_lt, most is copied of prores_hq"));
  EXPECT_THAT(plan(text), HasSubstr("it is scaled down from 256x144"));
  film(text, 25, 25);
  for (std::size_t i : {1, 2, 3}) EXPECT_EQ(report.outputs[i].frames_copied, 0);
  EXPECT_EQ(Film(dir / "lt.mov").tag, MKTAG('a', 'p', 'c', 's'));
  const Film half(dir / "half.mov");
  EXPECT_EQ(half.frames.at(0)->width, 128);
  expect_numbers(half, 0, 0, 25);
}

TEST_F(IntraCopies, ProresFromMatroskaIsCopiedToo) {
  make_video(dir / "a.mkv", spec("prores_hq", 1));
  make_video(dir / "a.mov", spec("prores_hq", 1));
  const Film out = film(job_of(R"({ "file": "a.mkv", "in": "5f" })", "prores_hq"), 20, 20);
  EXPECT_EQ(out.packets, packets(Film(dir / "a.mov"), 5, 20));
}

}  // namespace
}  // namespace avstage::test
