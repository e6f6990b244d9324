#include "media/stated_pictures.h"

#include "media/h264.h"

namespace avstage::media {
namespace {

/// Nothing is `stated` where there are others.
h264::Sps only_set(const AVCodecParameters& video) {
  const std::string_view extradata = extradata_of(video);
  if (extradata.empty() || extradata[0] != 1) return {};
  const h264::ParameterSets sets = h264::read_sets(extradata);
  return sets.sps.size() == 1 ? h264::parse_sps(sets.sps.front()) : h264::Sps();
}

}  // namespace

bool take_stated_pictures(AVCodecParameters& video) {
  if (video.codec_id != AV_CODEC_ID_H264 || video.codec_tag != MKTAG('a', 'v', 'c', '1')) return false;
  h264::Sps s;
  try {
    s = only_set(video);
  } catch (const Error&) {
    return false;  // its decoder tells
  }
  // Without reordering libav decodes some pictures to be sure of that.
  if (!s.stated || s.reorder == 0) return false;
  if (!s.eight_bit_420 || !s.frames_only || s.full_range || s.chroma_location != 0) return false;
  video.format = AV_PIX_FMT_YUV420P;
  video.bits_per_raw_sample = 8;
  video.chroma_location = AVCHROMA_LOC_LEFT;
  video.field_order = AV_FIELD_PROGRESSIVE;
  if (s.sar_height > 0) video.sample_aspect_ratio = {s.sar_width, s.sar_height};
  if (s.has_video_signal) video.color_range = AVCOL_RANGE_MPEG;
  video.video_delay = s.reorder;
  if (!s.has_color) return true;
  video.color_primaries = static_cast<AVColorPrimaries>(s.primaries);
  video.color_trc = static_cast<AVColorTransferCharacteristic>(s.transfer);
  video.color_space = static_cast<AVColorSpace>(s.matrix);
  return true;
}

}  // namespace avstage::media
