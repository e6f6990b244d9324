#include <fmt/format.h>

#include <cmath>

#include "media/encoder.h"
#include "media/muxer.h"
#include "media/video_reader.h"
#include "render/bench.h"

namespace avstage::test {
namespace {

struct Cost {
  double bytes = 0;  ///< of all video packets
  double psnr = 0;   ///< luma, against the lossless film
};

double squared_error(const AVFrame& a, const AVFrame& b) {
  double sum = 0;
  for (int y = 0; y < a.height; ++y) {
    for (int x = 0; x < a.width; ++x) {
      double d = double(a.data[0][y * a.linesize[0] + x]) - b.data[0][y * b.linesize[0] + x];
      sum += d * d;
    }
  }
  return sum / (double(a.width) * a.height);
}

/// Segmentation is judged against one encode of the very same frames at the same settings.
class Seams : public Bench {
 protected:
  void render_as(const std::string& name, const std::string& bottom, int crf) {
    std::string titles;
    for (int i = 0; i < 9; ++i) {
      titles += fmt::format(
          R"({}{{ "text": "Caption {}", "start": {}, "duration": 3, "at": "bottom", "margin": "6%",
        "box_color": "#000000", "fade": 0.2 }})",
          i ? ", " : "", i, 2 + i * 4);
    }
    Report report = run(fmt::format(R"({{ "version": 1, "canvas": {{ "size": "320x180", "fps": 25 }},
      "tracks": [ {{ "clips": [ {} ] }}, {{ "clips": [ {} ] }} ],
      "outputs": [ {{ "path": "{}.mp4", "crf": {}, "copy": "never", "audio": {{ "codec": "none" }} }} ] }})",
                                    bottom, titles, name, crf),
                        settings());
    segments = report.outputs.at(0).segments;
  }

  media::VideoReader open(const std::string& name) const {
    return media::VideoReader(media::Demuxer::open_file(dir / (name + ".mp4"), media::Demuxer::Want::video));
  }

  Cost cost_of(const std::string& name) const {
    media::Demuxer packets = media::Demuxer::open_file(dir / (name + ".mp4"), media::Demuxer::Want::video);
    media::PacketPtr packet = media::make_packet();
    Cost cost;
    while (packets.read(*packet)) {
      cost.bytes += packet->size;
      av_packet_unref(packet.get());
    }
    media::VideoReader film = open(name), truth = open("lossless");
    double error = 0;
    for (int i = 0; i < frames; ++i) {
      error += squared_error(*film.frame_at(Rational(i, 25), Rational(25)),
                             *truth.frame_at(Rational(i, 25), Rational(25)));
    }
    cost.psnr = 10 * std::log10(255.0 * 255.0 * frames / error);
    return cost;
  }

  /// The lossless film through one encoder, as a file of its own.
  void encode_whole(const std::string& name) {
    media::VideoEncoderSettings s;
    s.crf = 20;
    s.width = 320;
    s.height = 180;
    media::VideoEncoder encoder(s);
    media::Muxer muxer(dir / (name + ".mp4"), "mp4");
    int stream = muxer.add_stream(*encoder.parameters(), encoder.time_base(), s.fps);
    muxer.write_header();
    media::VideoReader truth = open("lossless");
    for (int i = 0; i <= frames; ++i) {
      media::FramePtr frame;
      if (i < frames) frame = media::ref_frame(*truth.frame_at(Rational(i, 25), Rational(25)));
      if (frame) frame->pts = i;
      encoder.send(frame.get());
      while (media::PacketPtr packet = encoder.receive()) muxer.write(*packet, stream, encoder.time_base());
    }
    muxer.finish();
  }

  void expect_cheap(const std::string& bottom) {
    render_as("lossless", bottom, 0);
    render_as("segments", bottom, 20);
    encode_whole("whole");
    Cost ours = cost_of("segments"), whole = cost_of("whole");
    double more = 100 * (ours.bytes / whole.bytes - 1), lost = whole.psnr - ours.psnr;
    printf("%d segments: %+.2f %% bytes, %.3f dB lost\n", segments, more, lost);
    EXPECT_LE(more, 3);
    EXPECT_LE(lost, 0.2);
  }

  static constexpr int frames = 40 * 25;
  int segments = 0;
};

TEST_F(Seams, CostLittleOnAMovingPicture) {
  VideoSpec spec;
  spec.width = 320;
  spec.height = 180;
  spec.seconds = 40;
  make_video(dir / "a.mp4", spec);
  expect_cheap(R"({ "file": "a.mp4" })");
  EXPECT_GE(segments, 4);
}

TEST_F(Seams, CostLittleOnAStillPictureWithCaptions) {
  make_image(dir / "a.png", 320, 180);
  expect_cheap(R"({ "image": "a.png", "duration": 40 })");
}

}  // namespace
}  // namespace avstage::test
