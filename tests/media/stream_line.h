#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>

#include "media/av.h"

namespace avstage::test {

/// What a stream says of itself.
inline std::string line(const AVStream& s) {
  const AVCodecParameters& p = *s.codecpar;
  return fmt::format(
      "{} {} {} level {} {}x{} sar {}/{} {}/{} colour {} {} {} {} {} order {} delay {} rate {} {} {} {} {} "
      "bits {} of {} "
      "start {} +{} fps {}/{} {}/{} extradata {:x}",
      avcodec_get_name(p.codec_id), p.format, p.profile, p.level, p.width, p.height,
      p.sample_aspect_ratio.num, p.sample_aspect_ratio.den, s.sample_aspect_ratio.num,
      s.sample_aspect_ratio.den, int(p.color_range), int(p.color_space), int(p.color_primaries),
      int(p.color_trc), int(p.chroma_location), int(p.field_order), p.video_delay, p.sample_rate,
      p.ch_layout.nb_channels, p.frame_size, p.initial_padding, p.seek_preroll, p.bit_rate,
      p.bits_per_raw_sample, s.start_time, s.duration, s.avg_frame_rate.num, s.avg_frame_rate.den,
      s.r_frame_rate.num, s.r_frame_rate.den, std::hash<std::string_view>()(media::extradata_of(p)));
}

}  // namespace avstage::test
