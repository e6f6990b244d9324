#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "render/sound_bench.h"
#include "render/vendor.h"

namespace avstage::test {
namespace {

class SoundMix : public SoundBench {
 protected:
  /// A film of `clips` (JSON objects, with commas) on a small canvas.
  static std::string film(const std::string& clips, const std::string& fps = "25",
                          const std::string& outputs = R"({ "path": "out.mp4", "preset": "ultrafast" })") {
    return fmt::format(R"({{ "version": 1, "canvas": {{ "size": "64x64", "fps": "{}" }}, "tracks": [ {} ],
      "outputs": [ {} ] }})",
                       fps, clips, outputs);
  }
  static std::string track(const std::string& clips) {
    return fmt::format(R"({{ "clips": [ {} ] }})", clips);
  }

  /// `count` pieces of uneven length, each going on where the one before it ended.
  static std::string contiguous(const std::string& name, int count) {
    std::string clips;
    int at = 7;
    for (int i = 0; i < count; ++i) {
      const int length = 5 + i * 7 % 13;
      clips += fmt::format(R"({}{{ "file": "{}", "in": "{}f", "out": "{}f" }})", i ? ", " : "", name, at,
                           at + length);
      at += length;
    }
    return clips;
  }

  double quality(int rate, double hertz) {
    wav("q.wav", rate, 1, 3, [&](int, double t) { return 0.5 * sine(hertz, t); });
    return signal_to_rest(mix(film(track(R"({ "file": "q.wav" })"))), hertz, 24000, 96000);
  }
};

TEST_F(SoundMix, TwentyCutsInOneSourceGiveTheVerySamplesOfTheSource) {
  wav("a.wav", 48000, 1, 20, [](int, double t) { return 0.5 * sine(997, t); });
  for (const char* fps : {"24000/1001", "25", "30000/1001", "50"}) {
    auto out = mix(film(track(contiguous("a.wav", 21)), fps));
    const std::int64_t first = (Rational(7) / *parse_frame_rate(fps) * Rational(48000)).round();
    double worst = 0;
    for (std::size_t n = 0; n < out.size() / 2; ++n) {
      const double t = static_cast<double>(first + static_cast<std::int64_t>(n)) / 48000;
      worst = std::max(worst, std::abs(out[2 * n] - 0.5 * sine(997, t)));
    }
    EXPECT_LT(worst, 1e-6) << fps;
    RecordProperty(fmt::format("worst_{}", fps), fmt::format("{:.2e}", worst));
  }
}

TEST_F(SoundMix, TwentyCutsHaveNoStepBeyondTheSinesOwnSlope) {
  const double slope = 2 * 0.5 * std::sin(std::numbers::pi * 997 / 48000);
  wav("a.wav", 44100, 1, 20, [](int, double t) { return 0.5 * sine(997, t); });
  const std::string text = film(track(contiguous("a.wav", 21)), "30000/1001");
  auto out = mix(text);
  EXPECT_LE(largest_step(out, 0, out.size() / 2), slope * 1.0001);
  EXPECT_GT(signal_to_rest(out, 997, 0, out.size() / 2), 100) << "no step in the phase either";
  run(text, settings());
  auto heard = read_sound(dir / "out.mp4");
  EXPECT_LE(largest_step(heard, 2048, out.size() / 2 - 2048), slope * 1.05) << "after AAC, but for its ends";
}

TEST_F(SoundMix, CutsInAnAacSourceLeaveNoTrace) {
  VideoSpec spec;
  spec.seconds = 12;
  spec.audio_rate = 44100;
  make_audio(dir / "a.m4a", spec);
  auto cut = mix(film(track(contiguous("a.m4a", 21)), "30000/1001"));
  const auto frames = static_cast<std::int64_t>(std::lround(static_cast<double>(cut.size()) / 2 / 1601.6));
  auto whole = mix(film(track(fmt::format(R"({{ "file": "a.m4a", "in": "7f", "out": "{}f" }})", 7 + frames)),
                        "30000/1001"));
  EXPECT_EQ(cut, whole);
}

TEST_F(SoundMix, TheSizeOfTheBlocksChangesNothing) {
  wav("a.wav", 44100, 2, 6, [](int k, double t) { return 0.3 * sine(440 + 100 * k, t); });
  const std::string text = film(track(R"({ "file": "a.wav", "in": 1, "out": 2.2, "fade": 0.3 },
    { "file": "a.wav", "in": 4, "out": 5 }, { "file": "a.wav", "in": 0.5, "out": 1 })"));
  EXPECT_EQ(mix(text, settings(), 8192), mix(text, settings(), 1601));
}

TEST_F(SoundMix, ResamplingKeepsNinetyDecibelsAndMakesNoImages) {
  for (auto [rate, hertz] : {std::pair{44100, 1000.0},
                             {44100, 15000.0},
                             {48000, 15000.0},
                             {32000, 1000.0},
                             {96000, 15000.0},
                             {22050, 1000.0}}) {
    const double db = quality(rate, hertz);
    EXPECT_GT(db, 90) << rate << " Hz source, " << hertz << " Hz tone";
    fmt::print("{} Hz source, {} Hz tone: {:.1f} dB\n", rate, hertz, db);
  }
  wav("high.wav", 96000, 1, 3, [](int, double t) { return 0.5 * sine(30000, t); });
  auto out = mix(film(track(R"({ "file": "high.wav" })")));
  double loudest = 0;
  for (std::size_t n = 24000; n < 96000; ++n) loudest = std::max(loudest, std::abs(double(out[2 * n])));
  EXPECT_LT(20 * std::log10(loudest / 0.5 + 1e-12), -90) << "30 kHz does not fold back";
}

TEST_F(SoundMix, MonoIsAsLoudOnBothSides) {
  wav("mono.wav", 48000, 1, 1, [](int, double) { return 0.5; });
  for (float s : mix(film(track(R"({ "file": "mono.wav" })")))) ASSERT_EQ(s, 0.5F);
}

TEST_F(SoundMix, SurroundIsFoldedDownByTheUsualMatrix) {
  // Left, right, centre, LFE, surround left, surround right: left out, right out.
  const double side = std::numbers::sqrt2 / 2;
  const std::vector<std::pair<double, double>> expected = {{1, 0}, {0, 1},    {side, side},
                                                           {0, 0}, {side, 0}, {0, side}};
  for (int one = 0; one < 6; ++one) {
    wav("surround.wav", 48000, 6, 1, [&](int k, double) { return k == one ? 0.5 : 0.0; });
    auto out = mix(film(track(R"({ "file": "surround.wav" })")));
    EXPECT_NEAR(out[20000], 0.5 * expected[static_cast<std::size_t>(one)].first, 1e-4) << one;
    EXPECT_NEAR(out[20001], 0.5 * expected[static_cast<std::size_t>(one)].second, 1e-4) << one;
  }
}

TEST_F(SoundMix, VolumeAndFadesAreExactAtFrameEdgesAndDoNotClick) {
  wav("level.wav", 48000, 1, 4, [](int, double) { return 0.5; });
  // On a 29.97 grid frame edges fall between samples; the gain belongs to the sample of the edge.
  const Rational fps(30000, 1001);
  auto out = mix(film(track(R"({ "color": "#000000", "duration": "11f" },
    { "file": "level.wav", "out": "60f", "fade_in": "10f", "fade_out": "20f", "volume": 0.5 },
    { "color": "#000000", "duration": "5f" })"),
                      "30000/1001"));
  auto edge = [&](int frame) { return static_cast<std::size_t>(frame_to_sample(frame, fps, 48000)); };
  auto at = [&](int frame) { return double(out[2 * edge(frame)]); };
  EXPECT_EQ(at(0), 0);
  EXPECT_EQ(at(11), 0) << "a fade begins with silence";
  EXPECT_NEAR(at(11 + 5), 0.25 * 5 / 10, 0.25 / 16000);
  EXPECT_EQ(at(11 + 10), 0.25F) << "full at the frame where the fade is over";
  EXPECT_EQ(at(11 + 39), 0.25F);
  EXPECT_EQ(at(11 + 40), 0.25F) << "and the fade out begins at full";
  EXPECT_NEAR(at(11 + 50), 0.25 * 10 / 20, 0.25 / 32000);
  EXPECT_EQ(at(11 + 60), 0);
  EXPECT_LE(largest_step(out, 0, out.size() / 2), 0.25 / 16000 * 1.01) << "no step beyond the ramp's own";
}

TEST_F(SoundMix, WhatHasNoSoundIsExactSilence) {
  VideoSpec mute;
  mute.width = mute.height = 64;
  mute.audio_codec.clear();
  make_video(dir / "mute.mp4", mute);
  wav("a.wav", 48000, 1, 1, [](int, double t) { return 0.5 * sine(300, t); });
  auto out = mix(film(track(R"({ "file": "mute.mp4" }, { "file": "a.wav", "start": 2 },
    { "file": "a.wav", "volume": 0 }, { "color": "#ff0000", "duration": 1 })")));
  ASSERT_EQ(out.size() / 2, 5U * 48000);
  auto silent = [&](double from, double to) {
    return std::all_of(out.begin() + std::lround(from * 96000), out.begin() + std::lround(to * 96000),
                       [](float s) { return s == 0; });
  };
  EXPECT_TRUE(silent(0, 2));
  EXPECT_FALSE(silent(2, 3));
  EXPECT_TRUE(silent(3, 5));
}

TEST_F(SoundMix, OverlappingClipsAdd) {
  wav("a.wav", 48000, 1, 2, [](int, double) { return 0.25; });
  wav("b.wav", 48000, 2, 1, [](int k, double) { return k == 0 ? 0.5 : -0.125; });
  auto out = mix(film(track(R"({ "file": "a.wav" })") + "," +
                      track(R"({ "file": "b.wav", "start": 0.48, "volume": 0.5 })")));
  EXPECT_EQ(out[2 * 23039], 0.25F);
  EXPECT_EQ(out[2 * 23040], 0.5F);
  EXPECT_EQ(out[2 * 23040 + 1], 0.1875F);
  EXPECT_EQ(out[2 * 71039], 0.5F);
  EXPECT_EQ(out[2 * 71040], 0.25F);
}

TEST_F(SoundMix, ClippingIsOneWarningWithItsCountInEveryRunThatWritesTheFilm) {
  const auto wave = [](int, double t) { return (t < 1 ? 1.25 : 0.5) * sine(440, t); };
  wav("loud.wav", 48000, 1, 2, wave);
  int beyond = 0;
  for (int n = 0; n < 96000; ++n) beyond += 2 * (std::abs(wave(0, n / 48000.0)) > 1);
  const std::string text =
      film(track(R"({ "file": "loud.wav" })"), "25",
           R"({ "path": "a.mp4" }, { "path": "b.mkv" }, { "path": "c.mov", "audio": { "bitrate": "96k" } })");
  const std::string line =
      fmt::format("the mix clips: {} samples are beyond full scale; lower a volume", beyond);
  Report report = run(text, settings());
  EXPECT_EQ(report.warnings, std::vector{line});
  EXPECT_NE(to_json(report).find(line), std::string::npos);
  // Cut off at 1 the sine would be 15 dB above what is added to it.
  EXPECT_GT(signal_to_rest(read_sound(dir / "a.mp4"), 440, 4800, 43200), 25)
      << "AAC is given the mix as it is";
  for (const char* name : {"a.mp4", "b.mkv", "c.mov"}) std::filesystem::remove(dir / name);
  EXPECT_EQ(run(text, settings()).warnings, std::vector{line}) << "also when the mix is in the store";
}

TEST_F(SoundMix, ASoundWithoutAPlaceForASeamIsMixedAgainAndCountedOnce) {
  const auto wave = [](int channel, double t) {
    if (channel == 1) return 0.1 * sine(300, t);
    return std::lround(t * 48000) % 1024 == 300 ? 1.5 : 0.0;  // in every frame of AAC, on one side
  };
  wav("clicks.wav", 48000, 2, 18, wave);
  const Report report = run(film(track(R"({ "file": "clicks.wav" })")), settings());
  const int clicks = (18 * 48000 - 300 + 1023) / 1024;
  EXPECT_EQ(report.warnings, std::vector{fmt::format(
                                 "the mix clips: {} samples are beyond full scale; lower a volume", clicks)});
  EXPECT_EQ(decode_all(dir / "out.mp4").audio_samples, 18 * 48000);
}

TEST_F(SoundMix, SamplesThatAreNoNumbersAreRefusedByName) {
  wav("nan.wav", 48000, 1, 1,
      [](int, double t) { return t < 0.5 ? 0 : std::numeric_limits<double>::quiet_NaN(); });
  auto [code, message] = fail(film(track(R"({ "id": "bad", "file": "nan.wav" })")), settings());
  EXPECT_EQ(code, 6);
  EXPECT_NE(message.find("bad"), std::string::npos) << message;
}

TEST_F(SoundMix, AnAvatarStartsAndStopsWithoutAStepOfItsOwn) {
  wav("bed.wav", 48000, 1, 5, [](int, double t) { return 0.25 * sine(220, t); });
  Vendor::Script script{.clip = counter_clip(2)};
  script.duration = 2;
  Vendor vendor(script);
  const std::string bed = track(R"({ "file": "bed.wav" })");
  const std::string text =
      film(bed + "," + track(R"({ "start": 1, "avatar": { "id": "a", "voice": "v", "say": "hello" } })"));
  run(text, settings(vendor.url()));
  auto both = mix(text, settings(vendor.url())), alone = mix(film(bed));
  auto voice = read_sound(dir / "vendor.mp4");
  ASSERT_EQ(both.size(), alone.size());
  for (std::size_t n = 0; n < both.size() / 2; ++n) {
    const bool inside = n >= 48000 && n < 144000;
    const float own = inside && 2 * (n - 48000) < voice.size() ? voice[2 * (n - 48000)] : 0.0F;
    ASSERT_NEAR(both[2 * n] - alone[2 * n], own, 1e-6) << n;
  }
  const double slope =
      2 * (0.25 * std::sin(std::numbers::pi * 440 / 48000) + 0.25 * std::sin(std::numbers::pi * 220 / 48000));
  EXPECT_LE(largest_step(both, 47000, 49000), slope * 1.1) << "at its start";
  EXPECT_LE(largest_step(both, 143000, 145000), slope * 1.1) << "at its end";
  EXPECT_LE(largest_step(read_sound(dir / "out.mp4"), 0, 240000), slope * 1.15)
      << "anywhere, after AAC twice";
}

TEST_F(SoundMix, AnImpulseIsHeardWhereItStandsInEveryContainer) {
  for (std::int64_t position : {0, 500, 48000}) {
    wav("impulse.wav", 48000, 1, 2,
        [&](int, double t) { return std::lround(t * 48000) == position ? 0.9 : 0.0; });
    Settings s = settings();
    s.overwrite = true;
    run(film(track(R"({ "file": "impulse.wav" })"), "25",
             R"({ "path": "o.mp4" }, { "path": "o.mov" }, { "path": "o.mkv" })"),
        s);
    for (const char* name : {"o.mp4", "o.mov", "o.mkv"}) {
      auto heard = read_sound(dir / name);
      std::int64_t peak = 0;
      for (std::size_t n = 0; n < heard.size() / 2; ++n) {
        if (std::abs(heard[2 * n]) > std::abs(heard[2 * static_cast<std::size_t>(peak)]))
          peak = static_cast<std::int64_t>(n);
      }
      // Matroska's clock ticks in milliseconds.
      EXPECT_NEAR(static_cast<double>(peak), static_cast<double>(position),
                  name == std::string("o.mkv") ? 24 : 0)
          << name;
    }
  }
}

}  // namespace
}  // namespace avstage::test
