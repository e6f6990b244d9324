#include "media/transparency.h"

#include "media/decoder.h"

namespace avstage::media {
namespace {

constexpr double kEnough = 0.005;  ///< of the picture's pixels

/// The alpha plane's share of samples that are more than half there.
double visible_share(const AVFrame& frame) {
  std::int64_t visible = 0;
  for (int y = 0; y < frame.height; ++y) {
    const std::uint8_t* row = frame.data[3] + std::ptrdiff_t(y) * frame.linesize[3];
    for (int x = 0; x < frame.width; ++x) visible += row[x] >= 128;
  }
  return static_cast<double>(visible) / (double(frame.width) * frame.height);
}

}  // namespace

Transparency transparency_of(Demuxer demuxer) {
  const AVStream* stream = demuxer.video();
  if (stream == nullptr || !demuxer.facts().video->alpha) return Transparency::none;
  Decoder decoder(*stream, demuxer.name());
  PacketPtr packet = make_packet();
  bool seen = false, seen_through = false, ended = false;
  while (!decoder.drained()) {
    while (FramePtr frame = decoder.receive()) {
      // The container may promise what its packets do not carry.
      if (frame->format != AV_PIX_FMT_YUVA420P) return Transparency::none;
      const double share = visible_share(*frame);
      seen |= share > kEnough;
      seen_through |= share < 1 - kEnough;
      if (seen && seen_through) return Transparency::usable;
    }
    if (ended) continue;
    do {
      ended = !demuxer.read(*packet);
    } while (!ended && packet->stream_index != stream->index);
    decoder.send(ended ? nullptr : packet.get());
  }
  return seen ? Transparency::opaque : Transparency::invisible;
}

}  // namespace avstage::media
