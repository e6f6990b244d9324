#include "run/deliver/sound_pieces.h"
#include "run/deliver/common_pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <numbers>
#include <random>
#include <thread>

#include "media/audio_reader.h"
#include "media/demuxer.h"
#include "run/cache_folder.h"
#include "run/compose/audio_mix.h"
#include "support/media_fixtures.h"
#include "support/temp_dir.h"

namespace avstage::run {
namespace {

using Samples = std::vector<float>;  // interleaved stereo

constexpr std::int64_t kFrame = 1024, kPiece = 720;  // as the first two; the others are twice as long

/// Like speech over music: a voice that comes and goes, with hisses, over two tones.
Samples programme(double seconds) {
  Samples out(2 * static_cast<std::size_t>(seconds * kSampleRate));
  std::mt19937 random(7);
  std::uniform_real_distribution<double> noise(-1, 1);
  double low = 0;
  for (std::size_t i = 0; i < out.size() / 2; ++i) {
    const double t = static_cast<double>(i) / kSampleRate, turn = 2 * std::numbers::pi * t;
    const double syllable = std::max(0.0, std::sin(turn * 2.7)),
                 hiss = std::max(0.0, std::sin(turn * 1.3 + 1));
    double voice = 0;
    for (int k = 1; k < 5; ++k) voice += std::sin(k * (turn * 140 + 2 * std::sin(turn * 3))) / k;
    low += 0.2 * (noise(random) - low);
    const double middle = 0.15 * syllable * voice + 0.05 * hiss * low;
    out[2 * i] = static_cast<float>(middle + 0.05 * std::sin(turn * 220));
    out[2 * i + 1] = static_cast<float>(middle + 0.05 * std::sin(turn * 330));
  }
  return out;
}

struct SoundFile {
  std::vector<std::string> packets;
  std::vector<std::int64_t> times;
  Samples samples;
};

SoundFile read(const std::string& path, std::size_t frames) {
  SoundFile out;
  media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::audio);
  media::PacketPtr packet = media::make_packet();
  while (demuxer.read(*packet)) {
    out.packets.emplace_back(reinterpret_cast<const char*>(packet->data), packet->size);
    out.times.push_back(packet->pts);
    out.times.push_back(packet->duration);
    av_packet_unref(packet.get());
  }
  media::AudioReader reader(media::Demuxer::open_file(path, media::Demuxer::Want::audio), kSampleRate);
  out.samples.resize(2 * frames);
  reader.read(0, out.samples);
  return out;
}

/// Power of the difference in each block of 1024 sample frames.
std::vector<double> noise(const Samples& a, const Samples& b) {
  std::vector<double> out;
  for (std::size_t at = 0; at + 2 * kFrame <= a.size(); at += 2 * kFrame) {
    double sum = 0;
    for (std::size_t i = at; i < at + 2 * kFrame; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    out.push_back(sum / (2 * kFrame));
  }
  return out;
}

double decibels(double power) {
  return 10 * std::log10(power + 1e-12);
}

/// `pieces` has the noise of `whole`, around the seams as well.
void expect_no_trace(const Samples& samples, const SoundFile& pieces, const SoundFile& whole,
                     const std::vector<std::size_t>& seams) {
  const std::vector<double> ours = noise(samples, pieces.samples), one = noise(samples, whole.samples);
  double sum_ours = 0, sum_one = 0;
  for (double n : ours) sum_ours += n;
  for (double n : one) sum_one += n;
  EXPECT_NEAR(decibels(sum_ours), decibels(sum_one), 0.1);
  for (std::size_t seam : seams) {
    const double around = *std::max_element(one.begin() + seam - 20, one.begin() + seam + 20);
    for (std::size_t block = seam - 5; block < seam + 15; ++block)
      EXPECT_LT(decibels(ours[block]), std::max(-60.0, decibels(around) + 3)) << "block " << block;
  }
}

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

class SoundPieces : public testing::Test {
 protected:
  /// In pieces, with the store as it is.
  SoundFile encode(const Samples& samples, AudioSettings settings = {}) {
    SegmentStore store(dir / "cache", 1'000'000'000);
    return encode_with(&store, samples, settings);
  }

  SoundFile encode_with(SegmentStore* store, const Samples& samples, AudioSettings settings = {}) {
    const std::string path = dir / "sound.mp4";
    begun = 0;
    auto begin = [&](std::int64_t) -> ReadSound {
      ++begun;
      return [&, at = samples.begin()](std::span<float> out) mutable {
        std::copy_n(at, out.size(), out.begin());
        at += static_cast<std::ptrdiff_t>(out.size());
      };
    };
    encode_sound(begin, static_cast<std::int64_t>(samples.size() / 2), settings, {}, store, path, {});
    return read(path, samples.size() / 2);
  }

  /// By one encoder from the start to the end.
  SoundFile encode_whole(const Samples& samples) const {
    test::write_aac(dir / "whole.mp4", samples, AudioSettings().bitrate);
    return read(dir / "whole.mp4", samples.size() / 2);
  }

  std::size_t kept() const { return cache_entries(dir / "cache").size(); }

  test::TempDir dir;
  int begun = 0;
};

TEST_F(SoundPieces, JoinWithoutATrace) {
  const Samples samples = programme(80);
  const SoundFile pieces = encode(samples), whole = encode_whole(samples);
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(kept(), 4U);
  EXPECT_EQ(pieces.times, whole.times);
  expect_no_trace(samples, pieces, whole, {kPiece, 2 * kPiece, 4 * kPiece});
}

TEST_F(SoundPieces, WithoutAStoreTheyAreLongerAndNotKept) {
  const Samples samples = programme(80);
  const SoundFile pieces = encode_with(nullptr, samples), whole = encode_whole(samples);
  EXPECT_EQ(begun, 1);
  EXPECT_FALSE(std::filesystem::exists(dir / "cache"));
  EXPECT_EQ(pieces.times, whole.times);
  const std::size_t seam = 4 * kPiece;
  ASSERT_EQ(pieces.packets.size(), whole.packets.size());
  EXPECT_TRUE(std::equal(whole.packets.begin(), whole.packets.begin() + seam, pieces.packets.begin()));
  EXPECT_NE(pieces.packets, whole.packets) << "there is a seam";
  expect_no_trace(samples, pieces, whole, {seam});
}

TEST_F(SoundPieces, OnlyThoseThatHaveChangedAreEncodedAgain) {
  Samples samples = programme(80);
  encode(samples);
  ASSERT_EQ(kept(), 4U);
  const std::size_t middle = 2 * kFrame * (2 * kPiece + kPiece / 2);
  for (std::size_t i = middle; i < middle + 1000; ++i) samples[i] *= 0.5F;
  const SoundFile again = encode(samples);
  EXPECT_EQ(kept(), 5U);
  std::filesystem::remove_all(dir / "cache");
  const SoundFile anew = encode(samples);
  EXPECT_EQ(again.packets, anew.packets) << "what is kept changes no byte";
  EXPECT_EQ(again.times, anew.times);
  encode(samples, {"aac", 128'000});
  EXPECT_EQ(kept(), 8U);
}

TEST_F(SoundPieces, WhatHasToArriveIsEncodedAsItArrives) {
  const Samples samples = programme(14);  // one piece
  const double before = processor_seconds();
  double arrived = 0;
  SegmentStore store(dir / "cache", 1'000'000'000);
  auto slowly = [&](std::int64_t) -> ReadSound {
    return [&, at = samples.begin()](std::span<float> out) mutable {
      std::this_thread::sleep_for(std::chrono::milliseconds(40));  // four times as fast as it is heard
      std::copy_n(at, out.size(), out.begin());
      at += static_cast<std::ptrdiff_t>(out.size());
      arrived = processor_seconds();
    };
  };
  encode_sound(slowly, static_cast<std::int64_t>(samples.size() / 2), {}, {}, &store, dir / "slow.mp4", {});
  EXPECT_LT(processor_seconds() - arrived, 0.3 * (arrived - before))
      << "behind the last sample, and up to it";
  const SoundFile slow = read(dir / "slow.mp4", samples.size() / 2);
  std::filesystem::remove_all(dir / "cache");
  EXPECT_EQ(slow.packets, encode(samples).packets);
}

TEST_F(SoundPieces, AnyLengthIsWhole) {
  const Samples samples = programme(20);
  for (std::int64_t frames :
       {std::int64_t(1), kFrame, kPiece * kFrame - 1, (kPiece + 10) * kFrame, (kPiece + 10) * kFrame + 1}) {
    const Samples part(samples.begin(), samples.begin() + 2 * frames);
    EXPECT_EQ(encode(part).times, encode_whole(part).times) << frames;
    EXPECT_EQ(begun, 1) << frames;
  }
}

TEST_F(SoundPieces, WhatTwoVersionsHaveInCommonIsEncodedAhead) {
  const Samples one = programme(95);
  Samples other = one;
  for (std::size_t i = 0; i < 4800; ++i) other[2 * 17 * kSampleRate + i] = 0;
  auto version = [](const Samples& samples) {
    return CommonPieces::Version{[&, at = samples.begin()](std::span<float> out) mutable {
                                   std::copy_n(at, out.size(), out.begin());
                                   at += static_cast<std::ptrdiff_t>(out.size());
                                 },
                                 static_cast<std::int64_t>(samples.size() / 2),
                                 {{62 * kSampleRate, 63 * kSampleRate}}};
  };
  {
    SegmentStore store(dir / "cache", 1'000'000'000);
    CommonPieces common(version(one), version(other));
    while (common.encode_next({{}, {"aac", 96'000}}, store, {})) {
    }
  }
  // 0 to 15, 15 to 31, 31 to 61, 61 to 92 and 92 to 95 s, each with two seconds before it
  EXPECT_EQ(kept(), 2U * 3) << "the second differs, the fourth is wrong in both";
  const SoundFile sound = encode(one);
  EXPECT_EQ(kept(), 2U * 3 + 2);
  std::filesystem::remove_all(dir / "cache");
  EXPECT_EQ(sound.packets, encode(one).packets);
}

TEST_F(SoundPieces, SilenceIsOnePieceHoweverLongItIs) {
  const SoundFile silence = encode(Samples(2 * 120 * kSampleRate));
  EXPECT_EQ(kept(), 4U) << "the first, the second, the last and those between";
  EXPECT_TRUE(std::all_of(silence.samples.begin(), silence.samples.end(), [](float s) { return s == 0; }));
}

TEST_F(SoundPieces, WhereNoSeamFitsTheSoundIsEncodedInOneGo) {
  Samples samples = programme(25);
  for (std::size_t i = 0; i < samples.size(); i += 2) samples[i] = 0;
  for (std::size_t i = 600; i < samples.size(); i += 2 * 1024) samples[i] = 1;  // clicks, on one side only
  const SoundFile sound = encode(samples), whole = encode_whole(samples);
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(sound.packets, whole.packets);
}

TEST_F(SoundPieces, ADamagedPieceIsEncodedAgain) {
  const Samples samples = programme(25);
  const SoundFile sound = encode(samples);
  for (const CacheEntry& entry : cache_entries(dir / "cache"))
    std::filesystem::resize_file(entry.path, entry.bytes / 2);
  EXPECT_EQ(encode(samples).packets, sound.packets);
  for (const CacheEntry& entry : cache_entries(dir / "cache"))
    EXPECT_TRUE(media::probe_file(entry.path).audio) << "the damaged one is replaced";
}

}  // namespace
}  // namespace avstage::run
