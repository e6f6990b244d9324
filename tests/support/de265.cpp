#include "support/de265.h"

#include <libde265/de265.h>

#include <memory>

#include "media/demuxer.h"
#include "media/hevc.h"
#include "support/annex_b.h"
#include "support/media_fixtures.h"

namespace avstage::test {
namespace {

std::uint64_t checksum_of(const de265_image* picture) {
  media::FramePtr frame = media::make_frame();
  frame->width = de265_get_image_width(picture, 0);
  frame->height = de265_get_image_height(picture, 0);
  frame->format = AV_PIX_FMT_YUV420P;
  for (int i = 0; i < 3; ++i) {
    int stride = 0;
    frame->data[i] = const_cast<std::uint8_t*>(de265_get_image_plane(picture, i, &stride));
    frame->linesize[i] = stride;
  }
  return checksum(*frame);
}

}  // namespace

std::vector<std::uint64_t> decode_with_de265(const std::string& path) {
  const std::unique_ptr<de265_decoder_context, de265_error (*)(de265_decoder_context*)> decoder(
      de265_new_decoder(), de265_free_decoder);
  media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::video);
  media::nal::LengthSize length_size = 0;
  const auto sets = media::hevc::read_sets(media::extradata_of(*demuxer.video()->codecpar), &length_size);
  std::string stream;
  for (const auto* list : {&sets.vps, &sets.sps, &sets.pps}) {
    for (const std::string& unit : *list) stream += with_start_code(unit);
  }
  auto packet = media::make_packet();
  while (demuxer.read(*packet)) {
    stream += with_start_codes(
        {reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size)}, length_size);
  }
  de265_push_data(decoder.get(), stream.data(), static_cast<int>(stream.size()), 0, nullptr);
  de265_flush_data(decoder.get());
  std::vector<std::uint64_t> out;
  int more = 1;
  bool fine = true;
  while (more != 0 && fine) {
    fine = de265_isOK(de265_decode(decoder.get(), &more)) != 0;
    while (const de265_image* picture = de265_get_next_picture(decoder.get()))
      out.push_back(checksum_of(picture));
    fine = fine && de265_get_warning(decoder.get()) == DE265_OK;
  }
  return fine ? out : std::vector<std::uint64_t>{};
}

}  // namespace avstage::test
