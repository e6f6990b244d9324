#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <set>

#include "media/demuxer.h"
#include "media/encoder.h"
#include "media/muxer.h"
#include "render/bench.h"
#include "run/deliver/check_sound.h"
#include "support/error_of.h"

namespace avstage::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Samples = std::vector<float>;

constexpr int kRate = 48000;
constexpr std::int64_t kFrame = 1024;

std::vector<std::string> sound_packets(const std::string& path) {
  std::vector<std::string> out;
  media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::audio);
  media::PacketPtr packet = media::make_packet();
  while (demuxer.read(*packet)) out.emplace_back(reinterpret_cast<const char*>(packet->data), packet->size);
  return out;
}

/// Power of the difference in dB, of the worst 1024 sample frames of [from, to) seconds.
double worst_noise(const Samples& heard, const Samples& wanted, double from, double to) {
  double worst = 0;
  for (auto at = static_cast<std::size_t>(from * kRate); at + kFrame <= static_cast<std::size_t>(to * kRate);
       at += kFrame) {
    double sum = 0;
    for (std::size_t i = 2 * at; i < 2 * (at + kFrame); ++i)
      sum += std::pow(double(heard.at(i)) - wanted.at(i), 2);
    worst = std::max(worst, sum / (2 * kFrame));
  }
  return 10 * std::log10(worst + 1e-15);
}

/// Programmes of sounds in front of a colour, 25 frames a second: 1.875 frames of AAC to a frame.
class SoundCopy : public Bench {
 protected:
  /// Tones that glide and swell, unlike in every second. No noise: a decoder makes up another one each time.
  void sound(const std::string& name, double seconds, unsigned seed, int bitrate = 128'000) const {
    Samples samples(2 * static_cast<std::size_t>(seconds * kRate));
    double turn = 0;
    for (std::size_t i = 0; i < samples.size() / 2; ++i) {
      const double t = static_cast<double>(i) / kRate;
      turn += (300 + 40 * seed + 150 * std::sin(t * (1 + 0.1 * seed))) / kRate;
      double tone = 0;
      for (int k = 1; k < 9; ++k)
        tone += (0.1 + 0.05 * std::sin(3 * k * t)) * std::sin(2 * std::numbers::pi * k * turn) / k;
      samples[2 * i] = static_cast<float>(tone);
      samples[2 * i + 1] = static_cast<float>(0.7 * tone);
    }
    write_aac(dir / name, samples, bitrate);
  }

  std::string job_of(double seconds, const std::string& tracks,
                     const std::string& outputs = R"({ "path": "out.mp4" })") const {
    return fmt::format(R"({{ "version": 1, "canvas": {{ "size": "64x64", "fps": 25 }}, "tracks": [
      {{ "clips": [ {{ "color": "#204060", "duration": {} }} ] }}, {} ], "outputs": [ {} ] }})",
                       seconds, tracks, outputs);
  }

  /// How many packets of `source` are in the film as they are.
  std::int64_t taken(const std::string& film, const std::string& source) const {
    const auto packets = sound_packets(dir / source);
    const std::set<std::string> known(packets.begin(), packets.end());
    const auto there = sound_packets(dir / film);
    return std::count_if(there.begin(), there.end(), [&](const std::string& p) { return known.contains(p); });
  }

  /// How many of 938 of `b.m4a` are taken in a programme of 28 s where it begins at 4 s, with those words of
  /// its clip and of the output, and those tracks beside it.
  std::int64_t taken_with(const std::string& clip, const std::string& output = "",
                          const std::string& tracks = "") {
    const std::string track =
        fmt::format(R"({{ "clips": [ {{ "file": "b.m4a", "start": 4 {} }} ] }} {})", clip, tracks);
    const std::string name = fmt::format("out{}.mp4", ++rendered_);
    const Report report =
        run(job_of(28, track, fmt::format(R"({{ "path": "{}" {} }})", name, output)), settings());
    const std::int64_t packets = taken(name, "b.m4a");
    EXPECT_NEAR(report.outputs.at(0).sound_copied * 46.875, static_cast<double>(packets), 0.01);
    return packets;
  }

  int rendered_ = 0;
};

TEST_F(SoundCopy, TheGridLiesWhereMostOfItIsAndTheSeamsAreNotHeard) {
  sound("a.m4a", 8, 1), sound("b.m4a", 20, 2), sound("c.m4a", 8, 3);
  const std::string track = R"({ "clips": [ { "file": "a.m4a", "duration": 7.96 }, { "file": "b.m4a" },
    { "file": "c.m4a", "duration": 7.96 } ] })";
  const std::string text =
      job_of(35.92, track, R"({ "path": "out.mp4" }, { "path": "out.mkv" }, { "path": "out.m3u8" })");
  EXPECT_TRUE(run(text, settings()).warnings.empty());
  Samples wanted;
  for (const auto& [name, seconds] : {std::pair("a.m4a", 7.96), {"b.m4a", 20.0}, {"c.m4a", 7.96}}) {
    Samples one = read_sound(dir / name);
    one.resize(2 * static_cast<std::size_t>(std::lround(seconds * kRate)));
    wanted.insert(wanted.end(), one.begin(), one.end());
  }
  for (const std::string name : {"out.mp4", "out.mkv"}) {
    EXPECT_GT(taken(name, "b.m4a"), 920) << name;  // of 938
    EXPECT_EQ(taken(name, "a.m4a") + taken(name, "c.m4a"), 0) << name;
  }
  const Samples heard = read_sound(dir / "out.mp4");
  ASSERT_GE(heard.size(), wanted.size());
  EXPECT_LT(worst_noise(heard, wanted, 8.5, 27.4), -75) << "what is copied is the source";
  run(job_of(35.92, track, R"({ "path": "encoded.mp4", "copy": "never" })"), settings());
  EXPECT_EQ(taken("encoded.mp4", "b.m4a"), 0);
  const Samples encoded = read_sound(dir / "encoded.mp4");
  for (const double seam : {8.0, 27.96}) {
    EXPECT_LT(worst_noise(heard, wanted, seam - 0.5, seam + 0.5),
              worst_noise(encoded, wanted, seam - 0.5, seam + 0.5) + 3)
        << "nothing is worse at a seam";
  }
  media::Demuxer demuxer = media::Demuxer::open_file(dir / "out.mp4", media::Demuxer::Want::audio);
  media::PacketPtr packet = media::make_packet();
  std::int64_t expected = 0;
  for (int i = 0; demuxer.read(*packet); ++i) {
    ASSERT_TRUE(i == 0 || packet->pts == expected) << i;
    expected = packet->pts + kFrame;
  }
  EXPECT_EQ(demuxer.facts().audio->start, Rational(0));
}

TEST_F(SoundCopy, OnlyWhatNothingElseIsHeardOf) {
  sound("b.m4a", 20, 2), sound("other.m4a", 8, 4);
  EXPECT_GT(taken_with(""), 920);
  EXPECT_GT(taken_with(R"(, "in": 1.6)"), 840) << "whole frames";
  EXPECT_GT(taken_with(R"(, "in": 1.24, "duration": 15)"), 680) << "and others";
  EXPECT_EQ(taken_with(R"(, "volume": 0.5)"), 0);
  EXPECT_EQ(taken_with(R"(, "fade": 10)"), 0);
  EXPECT_EQ(taken_with("", R"(, "copy": "never")"), 0);
  EXPECT_EQ(taken_with("", R"(, "loudness": -16)"), 0);
  EXPECT_EQ(taken_with("", R"(, "audio": { "bitrate": "96k" })"), 0) << "it has 128k";
  EXPECT_EQ(taken_with(R"(, "id": "b", "duck": { "under": "o", "by": -9 })", "",
                       R"(, { "clips": [ { "id": "o", "file": "other.m4a" } ] })"),
            0);
  const std::int64_t beside =
      taken_with("", "", R"(, { "clips": [ { "file": "other.m4a", "start": 10 } ] })");
  EXPECT_GT(beside, 500) << "6 s in front of it and 6 s behind";
  EXPECT_LT(beside, 12 * 46.875);
}

TEST_F(SoundCopy, FromTheFirstFrameToTheLastButForTheEnds) {
  sound("b.m4a", 20, 2);
  const Samples wanted = read_sound(dir / "b.m4a");
  for (const std::string start : {"0", "0.04", "0.08", "0.12"}) {
    const std::string name = start + ".mp4";
    run(job_of(20,
               fmt::format(R"({{ "clips": [ {{ "file": "b.m4a", "start": {}, "duration": 19 }} ] }})", start),
               fmt::format(R"({{ "path": "{}" }})", name)),
        settings());
    EXPECT_GT(taken(name, "b.m4a"), 870) << start << ", of 891";
    Samples heard = read_sound(dir / name);
    heard.erase(heard.begin(), heard.begin() + 2 * std::lround(std::stod(start) * kRate));
    EXPECT_LT(worst_noise(heard, wanted, 1, 18), -75) << start;
    EXPECT_LT(worst_noise(heard, wanted, 0.05, 18.9), -42) << start;
  }
}

/// Copied is by 16,384 packets, 349.5 s: just above one such piece, just above two, and more.
TEST_F(SoundCopy, OfAnyLength) {
  sound("b.m4a", 10, 2);
  const auto packets = sound_packets(dir / "b.m4a");
  const media::AudioEncoder encoder("aac", 128'000, kRate);
  media::Muxer muxer(dir / "long.m4a", "mp4");
  const int stream = muxer.add_stream(*encoder.parameters(), encoder.time_base());
  muxer.write_header();
  for (std::int64_t i = 0; i < 33'000; ++i) {
    const std::string& bytes = packets[static_cast<std::size_t>(i) % packets.size()];
    media::PacketPtr packet = media::make_packet();
    ASSERT_EQ(av_new_packet(packet.get(), static_cast<int>(bytes.size())), 0);
    std::copy(bytes.begin(), bytes.end(), packet->data);
    packet->pts = packet->dts = (i - 1) * kFrame;
    packet->duration = kFrame;
    packet->flags = AV_PKT_FLAG_KEY;
    muxer.write(*packet, stream, encoder.time_base());
  }
  muxer.finish();
  for (const double seconds : {349.6, 699.1, 699.2, 702.0}) {
    const std::string name = fmt::format("long{}.mp4", seconds);
    const Report report =
        run(fmt::format(R"({{ "version": 1, "canvas": {{ "size": "64x64", "fps": 10 }}, "tracks": [
      {{ "clips": [ {{ "color": "#204060", "duration": {} }} ] }},
      {{ "clips": [ {{ "file": "long.m4a", "duration": {} }} ] }} ], "output": "{}" }})",
                        seconds, seconds, name),
            settings());
    EXPECT_NEAR(report.outputs.at(0).sound_copied, seconds, 0.3);
  }
}

/// Of a programme of 28 s where `b.m4a` begins at 4 s.
TEST_F(SoundCopy, WhatDoesNotFitIsGivenUpAndAllOfItEncoded) {
  sound("b.m4a", 20, 2);
  const std::string packet = sound_packets(dir / "b.m4a").at(500);
  for (const std::string name : {"out.mp4", "out.mkv", "out.m3u8"}) {
    const std::string text = job_of(28, R"({ "clips": [ { "file": "b.m4a", "start": 4 } ] })",
                                    fmt::format(R"({{ "path": "{}" }})", name));
    Report report = run(text, settings());
    EXPECT_GT(report.outputs[0].sound_copied, 19) << name;
    EXPECT_THAT(report.warnings, IsEmpty()) << name;
    int damaged = 0;
    for (const std::string& file : dir.files()) {
      if (file.find("segments/") == file.npos) continue;
      std::string bytes = read_bytes(dir / file);
      const std::size_t at = bytes.find(packet);
      if (at == bytes.npos) continue;
      bytes[at + packet.size() / 2] = static_cast<char>(bytes[at + packet.size() / 2] ^ 1);
      write_bytes(dir / file, bytes);
      ++damaged;
    }
    ASSERT_EQ(damaged, 1) << name;
    std::filesystem::remove(dir / name);
    report = run(text, settings());
    EXPECT_EQ(report.outputs[0].sound_copied, 0) << name;
    EXPECT_EQ(report.outputs[0].segments_rendered, 0) << name << ": the picture is as it was";
    ASSERT_EQ(report.warnings.size(), 1U) << name;
    EXPECT_THAT(report.warnings[0], HasSubstr("no sound is copied, all is encoded"));
    EXPECT_THAT(report.warnings[0], HasSubstr("is not its source's"));
    EXPECT_EQ(run(text, settings()).outputs[0].state, "up_to_date") << name;
    std::filesystem::remove(dir / name);
    report = run(text, settings());
    EXPECT_GT(report.outputs[0].sound_copied, 19) << name << ": what did not fit is out of the store";
    EXPECT_THAT(report.warnings, IsEmpty()) << name;
    std::filesystem::remove_all(dir / "cache/segments");
  }
}

TEST_F(SoundCopy, EachCopiedPacketIsItsSourcesAndStandsWhereItWasPlanned) {
  sound("b.m4a", 20, 2);
  for (const std::string name : {"out.mkv", "out.mp4"}) {
    run(job_of(28, R"({ "clips": [ { "file": "b.m4a", "start": 4 } ] })",
               fmt::format(R"({{ "path": "{}" }})", name)),
        settings());
    const auto packets = sound_packets(dir / name), sources = sound_packets(dir / "b.m4a");
    const auto found = std::find(packets.begin(), packets.end(), sources.at(300));
    ASSERT_NE(found, packets.end());
    const run::CopiedSound copy{.part = 0,
                                .path = dir / "b.m4a",
                                .offset = 4 * kRate,
                                .packet = found - packets.begin(),
                                .frames = 400,
                                .source = 300};
    auto fault_of = [&](run::CopiedSound one, const std::string& film) {
      media::Demuxer demuxer = media::Demuxer::open_file(film, media::Demuxer::Want::audio);
      const Error e = error_of([&] { run::check_sound(std::move(demuxer), {one}, {}); });
      EXPECT_EQ(e.code(), ErrorCode::proof);
      EXPECT_EQ(e.name(), "sound_copy");
      return e.message();
    };
    run::check_sound(media::Demuxer::open_file(dir / name, media::Demuxer::Want::audio), {copy}, {});
    run::CopiedSound other = copy;
    other.source += 1;
    EXPECT_THAT(fault_of(other, dir / name), HasSubstr("is not its source's"));
    other = copy, other.offset += name == "out.mp4" ? 1 : 100;
    EXPECT_THAT(fault_of(other, dir / name), HasSubstr("of its sound is heard at "));
    other = copy, other.packet = std::ssize(packets);
    EXPECT_THAT(fault_of(other, dir / name), HasSubstr("its sound ends early"));
    other = copy, other.frames = 4000;
    EXPECT_THAT(fault_of(other, dir / name), HasSubstr("is not where the index had it"));
    other = copy, other.path = dir / "out.mkv";
    EXPECT_THAT(fault_of(other, dir / name), HasSubstr("out.mkv is not what was copied"));
  }
}

TEST_F(SoundCopy, WhereNoSeamFitsNothingIsCopied) {
  Samples clicks(2 * 20 * kRate);
  for (std::size_t i = 600; i < clicks.size(); i += 2 * kFrame) clicks[i] = 1;  // on one side only
  write_aac(dir / "b.m4a", clicks, 128'000);
  EXPECT_EQ(taken_with(""), 0);
}

}  // namespace
}  // namespace avstage::test
