#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "media/demuxer.h"
#include "render/hls_bench.h"
#include "support/openh264.h"

namespace avstage::test {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;

/// Streams whose first rendition is as large as its sources: 160x90 at 25 frames a second, with an IDR
/// picture every second unless said otherwise.
class HlsCopy : public Bench {
 protected:
  void film(const std::string& name, int seconds, int gop = 25) {
    VideoSpec spec;
    spec.seconds = seconds;
    spec.gop = gop;
    spec.picture = Picture::counter;
    make_video(dir / name, spec);
  }

  /// "a.mp4" with a small box over [6 s, 8 s).
  static std::string text_of(const std::string& output, const std::string& more_outputs = "") {
    return fmt::format(R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, "tracks": [
        {{ "clips": [ {{ "file": "a.mp4" }} ] }},
        {{ "clips": [ {{ "color": "#d01020", "start": 6, "duration": 2, "width": 8, "height": 6,
                         "at": "bottom-right" }} ] }} ],
      "outputs": [ {{ "path": "out/tv.m3u8", "preset": "ultrafast", {} }} {} ] }})",
                       output, more_outputs);
  }

  Settings overwriting() const {
    Settings s = settings();
    s.overwrite = true;
    return s;
  }

  Media picture(const std::string& name = "160x90") { return read_stream(dir / "out/tv.m3u8").at(name); }

  std::string whole(const Media& media) {
    join(media, media.files, dir / "whole.mp4");
    return dir / "whole.mp4";
  }
};

/// Of every packet of a file's picture, in decoding order.
std::vector<std::string> packets(const std::string& path) {
  media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::video);
  auto packet = media::make_packet();
  std::vector<std::string> out;
  while (demuxer.read(*packet)) {
    out.emplace_back(reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size));
  }
  return out;
}

TEST_F(HlsCopy, UntouchedGroupsAreTheSourcesOwnAndAllRenditionsAreCutAlike) {
  film("a.mp4", 20);
  const std::string text = text_of(R"("variants": [ {}, { "size": "80x46" } ])");
  EXPECT_THAT(plan_text(job(text), settings()), HasSubstr("450 frames are copied"));
  const Report report = run(text, settings());
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_EQ(report.outputs.at(0).frames, 500);
  EXPECT_EQ(report.outputs.at(0).frames_copied, 450) << "all but the groups that the box touches";
  const Media large = picture(), small = picture("80x46");
  EXPECT_EQ(small.lines, large.lines);
  EXPECT_THAT(large.lengths, ElementsAre(6, 4, 6, 4));

  const std::vector<std::string> source = packets(dir / "a.mp4"), film = packets(whole(large));
  ASSERT_EQ(film.size(), 500U);
  for (std::size_t n = 0; n < 500; ++n) {
    EXPECT_EQ(film[n] == source[n], n < 150 || n >= 200) << n;
  }
  const Decoded seen = decode_all(dir / "whole.mp4");
  ASSERT_EQ(seen.frames, 500);
  for (std::int64_t n = 0; n < 500; ++n) EXPECT_EQ(seen.numbers[static_cast<std::size_t>(n)], n);
  EXPECT_EQ(decode_with_openh264(dir / "whole.mp4").size(), 500U) << "a decoder that is not libav's";
  EXPECT_EQ(decode_all(whole(small)).frames, 500);
  const HlsStreams streams = read_with_libav(dir / "out/tv.m3u8");
  EXPECT_EQ(streams.packets.at("160x90"), 500);
  EXPECT_NEAR(streams.start.at("160x90"), 0, 0.001);
  EXPECT_EQ(run(text, settings()).outputs.at(0).state, "up_to_date");
}

TEST_F(HlsCopy, EveryMediaSegmentDecodesAlone) {
  film("a.mp4", 20);
  run(text_of(R"("segment": 4)"), settings());
  const Media media = picture();
  EXPECT_THAT(media.lengths, Each(Le(4)));
  int next = 0;
  for (const std::string& file : media.files) {
    join(media, {file}, dir / "one.mp4");
    const Decoded one = decode_all(dir / "one.mp4");
    for (int number : one.numbers) ASSERT_EQ(number, next++) << file;
  }
  EXPECT_EQ(next, 500);
}

TEST_F(HlsCopy, GroupsThatAreLongerThanAMediaSegmentAreEncodedAndThePlanSaysSo) {
  film("a.mp4", 20, 75);
  const std::string text = text_of(R"("segment": 2)", R"(, { "path": "out/a.mp4" })");
  EXPECT_THAT(
      plan_text(job(text), settings()),
      HasSubstr("nothing is copied: the key frames of what could be copied lie further apart than a media "
                "segment is long"));
  const Report report = run(text, settings());
  EXPECT_EQ(report.outputs.at(0).frames_copied, 450 - 25) << "the film beside it is copied";
  EXPECT_EQ(report.outputs.at(1).frames_copied, 0);
  const Media media = picture();
  EXPECT_THAT(media.lengths, Each(Le(2)));
  EXPECT_NEAR(media.sum(), 20, 1e-5);
  const Decoded seen = decode_all(whole(media));
  ASSERT_EQ(seen.frames, 500);
  for (std::int64_t n = 0; n < 500; ++n) EXPECT_EQ(seen.numbers[static_cast<std::size_t>(n)], n);
}

TEST_F(HlsCopy, WhatIsAboveTheRenditionsRateIsEncoded) {
  VideoSpec spec;
  spec.seconds = 10;
  spec.picture = Picture::testsrc;
  make_video(dir / "a.mp4", spec);
  auto copied = [&](const std::string& rate) {
    const std::string text = text_of(fmt::format(R"("variants": [ {{ "bitrate": "{}" }} ])", rate));
    return run(text, overwriting()).outputs.at(0).frames_copied;
  };
  EXPECT_EQ(copied("10M"), 200);
  EXPECT_EQ(copied("20k"), 0);
}

TEST_F(HlsCopy, ACopyThatDoesNotFitIsGivenUpAndEverythingEncoded) {
  auto job_of = [](const std::string& name) {
    return R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "clips": [ { "file": ")" + name +
           R"(" } ], "outputs": [ { "path": "out/tv.m3u8", "preset": "ultrafast" } ] })";
  };
  auto copies = [&] {  // of ten seconds
    std::vector<std::string> found;
    for (const std::string& file : dir.files()) {
      if (!file.starts_with("cache/segments/") || file.find(".mix") != file.npos) continue;
      const MediaFacts facts = media::probe_file(dir / file);
      if (facts.video && facts.video->frames == 250) found.push_back(file);
    }
    return found;
  };
  film("a.mp4", 20);
  VideoSpec other;
  other.seconds = 20;
  other.bframes = 0;
  make_video(dir / "b.mp4", other);
  run(job_of("b.mp4"), settings());
  ASSERT_EQ(copies().size(), 2U);
  const std::string of_the_other_film = read_bytes(dir / copies()[0]);
  fs::remove_all(dir / "cache/segments");
  EXPECT_EQ(run(job_of("a.mp4"), overwriting()).outputs.at(0).frames_copied, 500);
  write_bytes(dir / copies().at(0), of_the_other_film);
  fs::remove_all(dir / "out");
  const Report again = run(job_of("a.mp4"), settings());
  ASSERT_EQ(again.warnings.size(), 1U);
  EXPECT_THAT(again.warnings[0], HasSubstr("nothing is copied, all is encoded"));
  EXPECT_EQ(again.outputs.at(0).frames_copied, 0);
  const Decoded seen = decode_all(whole(picture()));
  ASSERT_EQ(seen.frames, 500);
  for (std::int64_t n = 0; n < 500; ++n) EXPECT_EQ(seen.numbers[static_cast<std::size_t>(n)], n);
  fs::remove_all(dir / "out");
  EXPECT_EQ(run(job_of("a.mp4"), settings()).outputs.at(0).frames_copied, 500) << "it is out of the store";
}

}  // namespace
}  // namespace avstage::test
