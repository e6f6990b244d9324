#include "render/intra_bench.h"

#include <filesystem>

namespace avstage::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Codecs, IntraFilm,
                         testing::Values("prores_proxy", "prores_lt", "prores", "prores_hq", "dnxhr_lb",
                                         "dnxhr_sq", "dnxhr_hq"),
                         [](const auto& codec) { return std::string(codec.param); });

TEST_P(IntraFilm, IsWhatItsNameSays) {
  make_video(dir / "a.mov", spec("h264", 2, Picture::testsrc));
  const std::string text = job_of(R"({ "file": "a.mov" })", GetParam(), R"(, "poster": 1)");
  const Film out = film(text, 50, 0);
  const std::map<std::string, std::uint32_t> tags = {
      {"prores_proxy", MKTAG('a', 'p', 'c', 'o')}, {"prores_lt", MKTAG('a', 'p', 'c', 's')},
      {"prores", MKTAG('a', 'p', 'c', 'n')},       {"prores_hq", MKTAG('a', 'p', 'c', 'h')},
      {"dnxhr_lb", MKTAG('A', 'V', 'd', 'h')},     {"dnxhr_sq", MKTAG('A', 'V', 'd', 'h')},
      {"dnxhr_hq", MKTAG('A', 'V', 'd', 'h')}};
  EXPECT_EQ(out.tag, tags.at(GetParam()));
  media::Demuxer demuxer = media::Demuxer::open_file(dir / "out.mov");
  const std::map<std::string, std::string> profiles = {
      {"prores_proxy", "Proxy"}, {"prores_lt", "LT"},      {"prores", "Standard"},  {"prores_hq", "HQ"},
      {"dnxhr_lb", "DNXHR LB"},  {"dnxhr_sq", "DNXHR SQ"}, {"dnxhr_hq", "DNXHR HQ"}};
  const AVCodecParameters& picture = *demuxer.video()->codecpar;
  EXPECT_EQ(avcodec_profile_name(picture.codec_id, picture.profile), profiles.at(GetParam()));
  EXPECT_EQ(demuxer.facts().video->pix_fmt, mezzanine(GetParam())->pix_fmt);
  EXPECT_EQ(demuxer.facts().video->frames, 50);
  const AVCodecParameters& sound = *demuxer.audio()->codecpar;
  EXPECT_EQ(sound.codec_id, AV_CODEC_ID_PCM_S24LE);
  EXPECT_EQ(std::pair(sound.sample_rate, sound.ch_layout.nb_channels), std::pair(48000, 2));
  EXPECT_EQ(demuxer.facts().audio->codec, "pcm_s24le");
  const std::vector<media::FramePtr> composed = compose(job(text));
  const double least = std::string(GetParam()) == "prores_proxy" ? 30 : 38;
  for (std::size_t i = 0; i < 50; i += 7) EXPECT_GT(psnr(*out.frames[i], *composed[i]), least) << i;
  EXPECT_TRUE(std::filesystem::exists(dir / "out.poster.png"));
}

/// From two lines on one chroma sample to one each: the canvas' lie between its lines.
TEST_P(IntraFilm, HasItsChromaWhereThePictureHasIt) {
  VideoSpec s = spec("ffv1", Rational(1, 5));
  s.codec = "ffv1";
  s.draw = [](AVFrame& frame, std::int64_t) {
    for (int i = 0; i < 128 * 72; ++i) {
      set_sample(frame, 1, i % 128, i / 128, 50 + 2 * (i / 128));
      set_sample(frame, 2, i % 128, i / 128, 200 - 2 * (i / 128));
    }
  };
  make_video(dir / "a.mkv", s);
  const Film out = film(job_of(R"({ "file": "a.mkv" })", GetParam()), 5, 0);
  const AVFrame& frame = *out.frames.at(2);
  const int more = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format))->comp[0].depth - 8;
  ASSERT_EQ(plane_size(frame, 1), std::pair(128, 144));
  double down = 0;  // lines that the chroma lies too low
  for (int y = 4; y < 140; ++y) {
    const double at = mean(frame, 1, 0, y / 144.0, 1, (y + 1) / 144.0) / (1 << more);
    down += (50 + y - 0.5 - at) / 136;
    EXPECT_NEAR(at, 50 + y - 0.5, 1.5) << y;
  }
  EXPECT_NEAR(down, 0, 0.2);
}

using Mov = IntraFilm;

TEST_F(Mov, PcmStandsBesideH264InAMovToo) {
  make_video(dir / "a.mov", spec("h264", 2));
  run(job_of(R"({ "file": "a.mov" })", "h264", R"(, "audio": { "codec": "pcm_s24le" })"), settings());
  const MediaFacts facts = probe_media(dir / "out.mov");
  EXPECT_EQ(facts.audio->codec, "pcm_s24le");
  EXPECT_EQ(facts.audio->start, facts.video->start);
  EXPECT_EQ(facts.audio->duration, Time(2));
}

}  // namespace
}  // namespace avstage::test
