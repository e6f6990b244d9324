#include "support/openh264.h"

#include <wels/codec_api.h>

#include <memory>

#include "media/demuxer.h"
#include "media/h264.h"
#include "support/annex_b.h"
#include "support/media_fixtures.h"

namespace avstage::test {
namespace {

std::uint64_t checksum_of(unsigned char* const* planes, const SBufferInfo& info) {
  media::FramePtr frame = media::make_frame();
  const SSysMEMBuffer& picture = info.UsrData.sSystemBuffer;
  frame->width = picture.iWidth;
  frame->height = picture.iHeight;
  frame->format = AV_PIX_FMT_YUV420P;
  for (int i = 0; i < 3; ++i) {
    frame->data[i] = planes[i];
    frame->linesize[i] = picture.iStride[i > 0];
  }
  return checksum(*frame);
}

}  // namespace

std::vector<std::uint64_t> decode_with_openh264(const std::string& path) {
  ISVCDecoder* made = nullptr;
  if (WelsCreateDecoder(&made) != 0) return {};
  const std::unique_ptr<ISVCDecoder, void (*)(ISVCDecoder*)> decoder(made, WelsDestroyDecoder);
  SDecodingParam param{};
  param.sVideoProperty = {sizeof(param.sVideoProperty), VIDEO_BITSTREAM_AVC};
  param.uiTargetDqLayer = 255;
  param.eEcActiveIdc = ERROR_CON_DISABLE;
  decoder->Initialize(&param);
  std::vector<std::uint64_t> out;
  unsigned char* planes[3] = {};
  SBufferInfo info{};
  auto take = [&] {
    if (info.iBufferStatus == 1) out.push_back(checksum_of(planes, info));
    return info.iBufferStatus == 1;
  };
  media::Demuxer demuxer = media::Demuxer::open_file(path, media::Demuxer::Want::video);
  const AVCodecParameters& p = *demuxer.video()->codecpar;
  media::nal::LengthSize length_size = 0;
  const media::h264::ParameterSets sets = media::h264::read_sets(media::extradata_of(p), &length_size);
  std::string head;
  for (const auto& list : {sets.sps, sets.pps}) {
    for (const std::string& unit : list) head += with_start_code(unit);
  }
  auto packet = media::make_packet();
  int errors = 0;
  while (demuxer.read(*packet)) {
    const std::string bytes = head + with_start_codes({reinterpret_cast<const char*>(packet->data),
                                                       static_cast<std::size_t>(packet->size)},
                                                      length_size);
    head.clear();
    info = {};
    errors += decoder->DecodeFrameNoDelay(reinterpret_cast<const unsigned char*>(bytes.data()),
                                          static_cast<int>(bytes.size()), planes, &info) != 0;
    take();
  }
  int end = 1;
  decoder->SetOption(DECODER_OPTION_END_OF_STREAM, &end);
  for (int i = 0; i < 32; ++i) {
    info = {};
    decoder->FlushFrame(planes, &info);
    if (!take()) break;
  }
  decoder->Uninitialize();
  if (errors > 0) out.clear();
  return out;
}

}  // namespace avstage::test
