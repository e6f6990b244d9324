#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

#include "base/mezzanine.h"
#include "base/sha256.h"
#include "media/decoder.h"
#include "render/composed.h"

namespace avstage::test {

/// A film's picture, packet by packet and decoded.
struct Film {
  explicit Film(const std::string& path) {
    media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::video);
    media::Decoder decoder(*demuxer.video(), path, 1);
    tag = demuxer.video()->codecpar->codec_tag;
    auto packet = media::make_packet();
    while (!decoder.drained()) {
      const bool more = demuxer.read(*packet);
      if (more) {
        packets.push_back(sha256_hex(
            {reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size)}));
        dts.push_back(packet->dts);
        reorders = reorders || packet->pts != packet->dts;
      }
      decoder.send(more ? packet.get() : nullptr);
      while (media::FramePtr frame = decoder.receive()) frames.push_back(std::move(frame));
    }
  }
  std::uint32_t tag = 0;
  bool reorders = false;             ///< frames are not shown in the order in which they are decoded
  std::vector<std::string> packets;  ///< their hashes
  std::vector<std::int64_t> dts;
  std::vector<media::FramePtr> frames;
};

/// Luma against a composed 8-bit picture, in dB.
inline double psnr(const AVFrame& frame, const AVFrame& composed) {
  const int more = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format))->comp[0].depth - 8;
  double error = 0;
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      const double off = sample(frame, 0, x, y) / double(1 << more) - sample(composed, 0, x, y);
      error += off * off;
    }
  }
  return 10 * std::log10(255.0 * 255.0 * frame.width * frame.height / error);
}

/// 256x144 at 25 frames a second; the source's codec is the parameter, unless said otherwise.
class IntraFilm : public Bench, public testing::WithParamInterface<const char*> {
 protected:
  static VideoSpec spec(const std::string& codec, Rational seconds, Picture picture = Picture::counter) {
    VideoSpec s;
    if (const Mezzanine* intra = mezzanine(codec)) {
      s.codec = intra->encoder, s.profile = intra->profile, s.pix_fmt = intra->pix_fmt;
    }
    s.width = 256, s.height = 144;
    s.seconds = seconds;
    s.picture = picture;
    s.primaries = s.transfer = "bt709";
    s.audio_codec = "pcm_s16le";
    return s;
  }

  static std::string job_of(const std::string& clips, const std::string& codec,
                            const std::string& more = "") {
    return fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "256x144", "fps": 25 }}, {},
        "outputs": [ {{ "path": "out.mov", "codec": "{}" {} }} ] }})",
        clips.starts_with("\"") ? clips : "\"clips\": [" + clips + "]", codec, more);
  }

  /// Renders; what holds for every film of such a codec.
  Film film(const std::string& text, std::int64_t frames, std::int64_t copied) {
    report = run(text, settings());
    EXPECT_THAT(report.warnings, testing::IsEmpty());
    EXPECT_EQ(report.outputs[0].frames_copied, copied) << plan(text);
    Film out(dir / "out.mov");
    EXPECT_FALSE(out.reorders);
    EXPECT_EQ(std::ssize(out.packets), frames);
    EXPECT_EQ(std::ssize(out.frames), frames);
    for (std::size_t i = 1; i < out.dts.size(); ++i) EXPECT_EQ(out.dts[i] - out.dts[i - 1], out.dts[1]) << i;
    const MediaFacts facts = probe_media(dir / "out.mov");
    EXPECT_EQ(facts.video->start, Time(0));
    EXPECT_EQ(facts.video->duration, Time(frames, 25));
    EXPECT_EQ(facts.video->color_matrix, "bt709");
    EXPECT_EQ(facts.video->color_primaries, "bt709");
    EXPECT_EQ(facts.video->color_transfer, "bt709");
    EXPECT_FALSE(facts.video->interlaced);
    EXPECT_EQ(facts.audio->start, Time(0));
    EXPECT_EQ(facts.audio->duration, Time(frames, 25));
    return out;
  }

  std::string plan(const std::string& text) const { return plan_text(job(text), settings()); }

  static void expect_numbers(const Film& film, std::int64_t at, int first, std::int64_t frames) {
    for (std::int64_t i = 0; i < frames; ++i)
      ASSERT_EQ(frame_number(*film.frames.at(static_cast<std::size_t>(at + i))), first + i) << at + i;
  }
  static std::vector<std::string> packets(const Film& film, std::int64_t at, std::int64_t frames) {
    return {film.packets.begin() + at, film.packets.begin() + at + frames};
  }

  Report report;
};

}  // namespace avstage::test
