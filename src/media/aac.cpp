#include "media/aac.h"

namespace avstage::media {

std::optional<int> common_windows(const AVPacket& frame) {
  constexpr int kChannelPair = 1;
  if (frame.size < 2) return std::nullopt;
  // id_syn_ele 3, element_instance_tag 4, common_window 1; ics_info: reserved 1, sequence 2, shape 1
  const int element = frame.data[0] >> 5;
  const bool common = (frame.data[0] & 1) != 0;
  if (element != kChannelPair || !common) return std::nullopt;
  return (frame.data[1] >> 4) & 7;
}

}  // namespace avstage::media
