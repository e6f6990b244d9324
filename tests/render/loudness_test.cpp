#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "media/loudness.h"
#include "render/sound_bench.h"
#include "run/cache_folder.h"
#include "run/deliver/soundtrack.h"

namespace avstage::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LoudnessTest : public SoundBench {
 protected:
  /// Bursts of a tone, half of the time, at `level`; with `clicks` a short loud one in each second.
  void bursts(double level, double clicks = 0) const {
    wav("a.wav", 48000, 2, 6, [=](int channel, double t) {
      const double tone = std::fmod(t, 0.4) < 0.3 ? level * sine(channel == 0 ? 440 : 523, t) : 0;
      return tone + (std::fmod(t, 1) > 0.5 && std::fmod(t, 1) < 0.503 ? clicks * sine(1800, t) : 0);
    });
  }
  static std::string film(const std::string& outputs) {
    return fmt::format(R"({{ "version": 1, "canvas": {{ "size": "64x64", "fps": 25 }},
      "tracks": [ {{ "clips": [ {{ "color": "#203040", "duration": 6 }} ] }}, {{ "clips": [ {{ "file": "a.wav" }} ] }} ],
      "outputs": [ {} ] }})",
                       outputs);
  }
  static std::string output(const std::string& path, const std::string& loudness) {
    return fmt::format(R"({{ "path": "{}", "preset": "ultrafast"{} }})", path,
                       loudness.empty() ? "" : ", \"loudness\": " + loudness);
  }
  media::Loudness heard(const std::string& path) const {
    media::LoudnessMeter meter(48000);
    meter.add(read_sound(dir / path));
    return meter.finish();
  }
};

TEST_F(LoudnessTest, EveryDeliverableIsAsLoudAsItAsksAndTheReportSaysSo) {
  bursts(0.05);
  const std::string text = film(output("asis.mp4", "") + ", " + output("web.mp4", "-18") + ", " +
                                output("tv.mp4", R"({ "target": -23, "true_peak": -3 })"));
  media::LoudnessMeter meter(48000);
  meter.add(mix(text));
  const media::Loudness raw = meter.finish();
  Report report = run(text, settings());
  EXPECT_THAT(report.warnings, IsEmpty());
  const media::Loudness asis = heard("asis.mp4");
  ASSERT_FALSE(report.outputs[0].loudness);
  for (std::size_t i : {1U, 2U}) {
    const LoudnessReport l = report.outputs[i].loudness.value();
    const media::Loudness found = heard(i == 1 ? "web.mp4" : "tv.mp4");
    EXPECT_EQ(l.target, i == 1 ? -18 : -23);
    EXPECT_NEAR(found.integrated, l.target, 0.3);
    EXPECT_NEAR(found.integrated, l.integrated, 0.3);
    EXPECT_NEAR(l.true_peak - l.gain, raw.true_peak, 0.05);
    EXPECT_NEAR(l.target - l.gain, raw.integrated, 0.05);
    EXPECT_LE(found.true_peak, l.ceiling + 0.2);
    EXPECT_NEAR(l.gain, l.target - asis.integrated, 0.3);
    EXPECT_FALSE(l.limited);
  }
  EXPECT_NEAR(heard("web.mp4").range, asis.range, 0.3) << "its dynamics are the mix's";
}

TEST_F(LoudnessTest, PeaksAboveTheCeilingAreLimitedAndTheWarningNamesBothFigures) {
  bursts(0.04, 0.6);
  const std::string text = film(output("loud.mp4", "-14"));
  Report report = run(text, settings());
  const LoudnessReport l = report.outputs[0].loudness.value();
  EXPECT_TRUE(l.limited);
  EXPECT_NEAR(l.integrated, -14, 0.15);
  EXPECT_LE(l.true_peak, -1);
  const media::Loudness found = heard("loud.mp4");
  EXPECT_NEAR(found.integrated, -14, 0.3);
  EXPECT_LE(found.true_peak, -1 + 0.2);
  const auto warned =
      ElementsAre(AllOf(HasSubstr("loud.mp4"), HasSubstr("-14.0 LUFS"), HasSubstr("-1.0 dBTP"),
                        HasSubstr(fmt::format("peaks of {:.1f} dBTP", l.true_peak))));
  EXPECT_THAT(report.warnings, warned);

  report = run(text, settings());
  EXPECT_EQ(report.outputs[0].state, "up_to_date");
  EXPECT_NEAR(report.outputs[0].loudness.value().true_peak, l.true_peak, 0.01) << "from the manifest";
  std::filesystem::remove(dir / "loud.mp4");
  report = run(text, settings());
  EXPECT_EQ(report.outputs[0].state, "written");
  EXPECT_NEAR(report.outputs[0].loudness.value().integrated, l.integrated, 0.01) << "from the store";
  EXPECT_THAT(report.warnings, warned) << "who finds it in the store is warned as well";
}

TEST_F(LoudnessTest, AnotherTargetIsAnotherSoundAndNoOtherPicture) {
  bursts(0.05);
  run(film(output("a.mp4", "-23")), settings());
  Settings again = settings();
  again.overwrite = true;
  Report report = run(film(output("a.mp4", "-20")), again);
  EXPECT_EQ(report.outputs[0].state, "written");
  EXPECT_EQ(report.outputs[0].segments_rendered, 0);
  EXPECT_NEAR(heard("a.mp4").integrated, -20, 0.3);
}

TEST_F(LoudnessTest, TwoTargetsAreOneMix) {
  bursts(0.05);
  const Settings s = settings();
  const Job parsed = job(film(output("a.mp4", "-14") + ", " + output("b.mp4", "-23")));
  ::avstage::run::Session session(s, parsed.heygen);
  ::avstage::run::Production p(parsed, session, [](const Event&) {}, {});
  p.facts = ::avstage::run::gather_facts(session, p.plan, p.media, p.inputs);
  p.resolve();
  ::avstage::run::SegmentStore store(s.cache_dir, s.cache_limit);
  ::avstage::run::Soundtrack soundtrack(p, store, {});
  const auto first = soundtrack.of(parsed.outputs[0]);
  std::filesystem::remove(dir / "a.wav");  // nothing can be mixed from it again
  const auto second = soundtrack.of(parsed.outputs[1]);
  EXPECT_NE(first.file, second.file);
  EXPECT_NEAR(first.loudness->gain - second.loudness->gain, 9, 1e-9);
}

TEST_F(LoudnessTest, NoPieceOfSuchASoundIsKept) {
  bursts(0.05);
  auto pieces = [&] {
    const auto entries = ::avstage::run::cache_entries(settings().cache_dir);
    return std::count_if(entries.begin(), entries.end(),
                         [](const auto& entry) { return entry.path.find(".piece") != std::string::npos; });
  };
  run(film(output("a.mp4", "-20")), settings());
  EXPECT_EQ(pieces(), 0);
  run(film(output("b.mp4", "")), settings());
  EXPECT_EQ(pieces(), 1) << "where no loudness is asked for it is";
}

TEST_F(LoudnessTest, SilenceIsLeftAsItIsWithAWarning) {
  bursts(0);
  Report report = run(film(output("a.mp4", "-14")), settings());
  EXPECT_FALSE(report.outputs[0].loudness.value().measured);
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("silent")));
  EXPECT_FALSE(heard("a.mp4").measured);
}

}  // namespace
}  // namespace avstage::test
