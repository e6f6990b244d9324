#include <gtest/gtest.h>

#include "base/mezzanine.h"
#include "media/encoder.h"
#include "support/media_fixtures.h"

namespace avstage::media {
namespace {

/// Another one for each seed: an encoder has to find its rate anew.
FramePtr noise(const std::string& pix_fmt, std::uint32_t seed) {
  FramePtr frame = test::flat_frame(256, 144, pix_fmt, 0, 0, 0);
  const int depth = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame->format))->comp[0].depth;
  std::uint32_t state = seed * 7919 + 1;
  for (int c = 0; c < 3; ++c) {
    auto [width, height] = test::plane_size(*frame, c);
    for (int i = 0; i < width * height; ++i) {
      state = state * 1664525 + 1013904223;
      test::set_sample(*frame, c, i % width, i / width, static_cast<int>(state >> 24) << (depth - 8));
    }
  }
  return frame;
}

class IntraEncoder : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Codecs, IntraEncoder,
                         testing::Values("prores_proxy", "prores_lt", "prores", "prores_hq", "dnxhr_lb",
                                         "dnxhr_sq", "dnxhr_hq"),
                         [](const auto& codec) { return std::string(codec.param); });

TEST_P(IntraEncoder, GivesTheSameBytesWhateverTheNumberOfThreads) {
  auto encoded = [&](int threads) {
    VideoEncoderSettings s;
    s.codec = GetParam(), s.pix_fmt = mezzanine(GetParam())->pix_fmt, s.threads = threads;
    s.width = 256, s.height = 144;
    VideoEncoder encoder(s);
    std::string bytes;
    for (std::int64_t n = 0; n <= 12; ++n) {
      const FramePtr shown = noise(s.pix_fmt, static_cast<std::uint32_t>(n));
      shown->pts = n;
      encoder.send(n < 12 ? shown.get() : nullptr);
      while (PacketPtr p = encoder.receive()) {
        EXPECT_EQ(p->pts, p->dts);
        bytes.append(reinterpret_cast<const char*>(p->data), static_cast<std::size_t>(p->size));
      }
    }
    return bytes;
  };
  const std::string one = encoded(1);
  EXPECT_GT(one.size(), 12U * 1000);
  EXPECT_TRUE(encoded(2) == one);
  EXPECT_TRUE(encoded(4) == one);
  EXPECT_TRUE(encoded(7) == one);
}

class ProresEncoder : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Codecs, ProresEncoder, testing::Values("prores_proxy", "prores_hq"),
                         [](const auto& codec) { return std::string(codec.param); });

TEST_P(ProresEncoder, WritesColoursAndCreatorIntoEachFrame) {
  VideoEncoderSettings s;
  s.codec = GetParam(), s.pix_fmt = "yuv422p10le", s.width = 256, s.height = 144;
  VideoEncoder encoder(s);
  const FramePtr shown = noise(s.pix_fmt, 1);
  shown->pts = 0;
  encoder.send(shown.get());
  encoder.send(nullptr);
  const PacketPtr packet = encoder.receive();
  const std::string_view bytes(reinterpret_cast<const char*>(packet->data),
                               static_cast<std::size_t>(packet->size));
  EXPECT_EQ(bytes.substr(12, 4), "apl0");
  EXPECT_EQ(bytes.substr(22, 3), "\1\1\1");
}

TEST(Pcm, RoundsToTheNearestStepOf24Bits) {
  AudioEncoder encoder("pcm_s24le", 0);
  const float step = 1.0F / (1 << 23);
  std::vector<float> samples{0, 0.4F * step, 0.6F * step, -0.4F * step, -0.6F * step, 1, -1, 0.5F};
  encoder.send(samples);
  encoder.finish();
  const PacketPtr packet = encoder.receive();
  ASSERT_EQ(packet->size, 24);
  EXPECT_EQ(packet->pts, 0) << "it has no priming";
  std::vector<int> heard;
  for (int i = 0; i < 24; i += 3) {
    const std::uint8_t* p = packet->data + i;
    heard.push_back((p[0] << 8 | p[1] << 16 | p[2] << 24) >> 8);
  }
  EXPECT_EQ(heard, (std::vector{0, 0, 1, 0, -1, (1 << 23) - 1, -(1 << 23), 1 << 22}));
}

}  // namespace
}  // namespace avstage::media
