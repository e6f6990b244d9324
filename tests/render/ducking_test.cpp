#include <fmt/format.h>

#include "render/sound_bench.h"

namespace avstage::test {
namespace {

class Ducking : public SoundBench {
 protected:
  /// Music at a steady level; words of 0.3 s with pauses of 0.1 s, from 1 to 2 s of the film.
  void sounds(double words_level = 0.3) const {
    wav("music.wav", 48000, 2, 5, [](int, double t) { return 0.5 * sine(300, t); });
    wav("words.wav", 48000, 1, 1,
        [=](int, double t) { return std::fmod(t, 0.4) < 0.3 ? words_level * sine(1000, t) : 0; });
  }
  static std::string film(const std::string& duck, const std::string& words = "") {
    return fmt::format(R"({{ "version": 1, "canvas": {{ "size": "64x64" }}, "output": "out.mp4", "tracks": [
      {{ "clips": [ {{ "file": "music.wav"{} }} ] }},
      {{ "clips": [ {{ "id": "h", "file": "words.wav", "start": 1{} }} ] }} ] }})",
                       duck, words);
  }
  static constexpr const char* kBy12 = R"(, "duck": { "under": "h", "by": -12 })";
};

/// Level of the music's tone in the left channel, between two moments.
double level(const std::vector<float>& sound, double from, double to) {
  double s = 0, c = 0;
  const auto first = static_cast<std::size_t>(from * 48000), last = static_cast<std::size_t>(to * 48000);
  for (std::size_t n = first; n < last; ++n) {
    const double t = static_cast<double>(n) / 48000;
    s += sound[2 * n] * sine(300, t), c += sound[2 * n] * sine(300, t + 1.0 / 1200);
  }
  return 2 * std::hypot(s, c) / static_cast<double>(last - first);
}

TEST_F(Ducking, MusicGivesWayWhileWordsAreHeardAndComesBack) {
  sounds();
  auto out = mix(film(kBy12));
  EXPECT_NEAR(level(out, 0.2, 1.0), 0.5, 0.005) << "before";
  EXPECT_NEAR(level(out, 1.1, 1.3), 0.5 * 0.251, 0.01);
  EXPECT_NEAR(level(out, 1.3, 2.3), 0.5 * 0.251, 0.01) << "pauses between words are no end";
  EXPECT_NEAR(level(out, 3.4, 4.8), 0.5, 0.005) << "after";
  EXPECT_LT(largest_step(out, 0, 47900), 0.5 * 2 * std::numbers::pi * 300 / 48000 * 1.01) << "no click";
  EXPECT_LT(largest_step(out, 96100, out.size() / 2), 0.5 * 2 * std::numbers::pi * 300 / 48000 * 1.01);
}

TEST_F(Ducking, BehindTheWordsNothingIsLeftOfIt) {
  sounds();
  const auto ducked = mix(film(kBy12)), plain = mix(film("", R"(, "volume": 0)"));
  EXPECT_NE(ducked[2 * 3 * 48000 / 2 + 40], plain[2 * 3 * 48000 / 2 + 40]) << "1.5 s: under the words";
  EXPECT_TRUE(std::equal(ducked.begin() + 2 * 4 * 48000, ducked.end(), plain.begin() + 2 * 4 * 48000));
}

TEST_F(Ducking, IsTheSameWhateverTheBlocks) {
  sounds();
  EXPECT_EQ(mix(film(kBy12), settings(), 480), mix(film(kBy12), settings(), 8192));
}

TEST_F(Ducking, IsNoneUnderWhatIsNotHeard) {
  sounds();
  EXPECT_NEAR(level(mix(film(kBy12, R"(, "volume": 0)")), 0.2, 4.8), 0.5, 0.001) << "muted";
  EXPECT_NEAR(level(mix(film("")), 0.2, 4.8), 0.5, 0.001) << "not asked for";
  sounds(0.003);
  EXPECT_NEAR(level(mix(film(kBy12)), 0.2, 4.8), 0.5, 0.001) << "the noise of a room";
}

TEST_F(Ducking, TwoClipsMayGiveWayToEachOther) {
  sounds();
  const std::string both = R"({ "version": 1, "canvas": { "size": "64x64" }, "output": "out.mp4", "tracks": [
    { "clips": [ { "id": "m", "file": "music.wav", "duck": { "under": "h" } } ] },
    { "clips": [ { "id": "h", "file": "words.wav", "start": 1, "duck": { "under": "m", "by": -6 } } ] } ] })";
  EXPECT_NEAR(level(mix(both), 1.3, 2.3), 0.5 * 0.251, 0.01);
}

}  // namespace
}  // namespace avstage::test
