#include "media/loudness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

namespace avstage::media {
namespace {

constexpr int kRate = 48000;
using Wave = std::function<double(double seconds)>;

std::vector<float> stereo(double seconds, const Wave& wave) {
  std::vector<float> out(static_cast<std::size_t>(std::lround(seconds * kRate)) * 2);
  for (std::size_t n = 0; n < out.size() / 2; ++n)
    out[2 * n] = out[2 * n + 1] = static_cast<float>(wave(static_cast<double>(n) / kRate));
  return out;
}
Wave sine(double hertz, double db, double phase = 0) {
  return [=](double t) { return std::pow(10, db / 20) * std::sin(2 * std::numbers::pi * hertz * t + phase); };
}

Loudness measure(const std::vector<float>& sound, std::size_t block = 4096) {
  LoudnessMeter meter(kRate);
  for (std::size_t at = 0; at < sound.size(); at += block)
    meter.add(std::span(sound).subspan(at, std::min(block, sound.size() - at)));
  return meter.finish();
}

TEST(LoudnessMeter, MeasuresTheStandardsOwnTones) {  // EBU Tech 3341, cases 1 to 3
  for (double level : {-23.0, -33.0, -60.0}) {
    const Loudness l = measure(stereo(5, sine(1000, level)));
    ASSERT_TRUE(l.measured);
    EXPECT_NEAR(l.integrated, level, 0.1);
    EXPECT_NEAR(l.true_peak, level, 0.02);
  }
  const Loudness gated =
      measure(stereo(14, [](double t) { return sine(1000, t < 2 || t >= 12 ? -50 : -23)(t); }));
  EXPECT_NEAR(gated.integrated, -23, 0.15) << "what is quiet does not count";
}

TEST(LoudnessMeter, FindsPeaksBetweenSamplesAndInTheLastOnes) {
  const Loudness between = measure(stereo(2, sine(12000, -6, std::numbers::pi / 4)));
  EXPECT_NEAR(between.true_peak, -5.7, 0.5) << "its samples stand at -9, and it begins at once";
  std::vector<float> late = stereo(2.05, sine(1000, -40));
  late[late.size() - 8] = 0.5F;
  EXPECT_GT(measure(late).true_peak, -7);
}

TEST(LoudnessMeter, DoesNotMeasureSilenceNorWhatIsTooShort) {
  EXPECT_FALSE(measure(stereo(3, [](double) { return 0; })).measured);
  EXPECT_FALSE(measure(stereo(0.35, sine(1000, -20))).measured);
  EXPECT_TRUE(measure(stereo(0.45, sine(1000, -20))).measured);
  EXPECT_FALSE(measure({}).measured);
}

std::vector<float> limited(const std::vector<float>& sound, double gain, double ceiling) {
  PeakLimiter limiter(gain, ceiling, kRate);
  std::vector<float> out;
  for (std::size_t at = 0; at < sound.size(); at += 6000) {
    auto part = limiter.process(std::span(sound).subspan(at, std::min<std::size_t>(6000, sound.size() - at)));
    out.insert(out.end(), part.begin(), part.end());
  }
  auto rest = limiter.finish();
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

TEST(PeakLimiter, HoldsTruePeaksBelowTheCeiling) {
  const auto loud = stereo(3, [](double t) {
    return sine(12000, -12, 0.8)(t) + (std::fmod(t, 0.5) < 0.1 ? sine(700, -9)(t) : 0);
  });
  for (double ceiling : {-1.0, -6.0}) {
    const Loudness l = measure(limited(loud, 12, ceiling));
    EXPECT_LE(l.true_peak, ceiling + 0.15);
    EXPECT_GE(l.true_peak, ceiling - 1.5) << "and no more than needed";
  }
}

TEST(PeakLimiter, GivesAsManySamplesAtTheSamePlacesAndOnlyTheGainWhereNothingIsLoud) {
  std::vector<float> sound = stereo(1.2345, sine(997, -40));
  const auto out = limited(sound, 20, -1);
  ASSERT_EQ(out.size(), sound.size());
  double worst = 0;
  for (std::size_t n = 2000; n + 2000 < sound.size(); ++n)
    worst = std::max(worst, std::abs(out[n] - 10.0 * sound[n]));
  EXPECT_LT(worst, 0.002) << "of a level of 0.1: late by one sample would be 0.013";
}

}  // namespace
}  // namespace avstage::media
