#include "media/image.h"

#include <fmt/format.h>

#include "media/decoder.h"
#include "media/demuxer.h"

namespace avstage::media {

FramePtr read_image(const std::string& path) {
  Demuxer demuxer = Demuxer::open_file(path, Demuxer::Want::video);
  if (!demuxer.facts().image) {
    throw Error(ErrorCode::input,
                fmt::format("{}: is not a still picture but {}; allowed are PNG, JPEG, WebP, "
                            "BMP, TIFF",
                            path, demuxer.facts().format));
  }
  Decoder decoder(*demuxer.video(), path, 1);
  PacketPtr packet = make_packet();
  while (!decoder.drained()) {
    decoder.send(demuxer.read(*packet) ? packet.get() : nullptr);
    if (FramePtr frame = decoder.receive()) return frame;
  }
  throw Error(ErrorCode::input, fmt::format("{}: holds no picture", path));
}

}  // namespace avstage::media
