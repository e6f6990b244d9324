#include "base/intra_codec.h"

#include <algorithm>
#include <iterator>

namespace avstage {
namespace {

constexpr IntraCodec kIntraCodecs[] = {
    {"prores_proxy", "prores", "prores_ks", "proxy", "yuv422p10le"},
    {"prores_lt", "prores", "prores_ks", "lt", "yuv422p10le"},
    {"prores", "prores", "prores_ks", "standard", "yuv422p10le"},
    {"prores_hq", "prores", "prores_ks", "hq", "yuv422p10le"},
    {"dnxhr_lb", "dnxhd", "dnxhd", "dnxhr_lb", "yuv422p", 256, 120},
    {"dnxhr_sq", "dnxhd", "dnxhd", "dnxhr_sq", "yuv422p", 256, 120},
    {"dnxhr_hq", "dnxhd", "dnxhd", "dnxhr_hq", "yuv422p", 256, 120},
};

}  // namespace

const IntraCodec* intra_codec(std::string_view name) {
  const auto* found = std::find_if(std::begin(kIntraCodecs), std::end(kIntraCodecs),
                                   [&](const IntraCodec& codec) { return codec.name == name; });
  return found == std::end(kIntraCodecs) ? nullptr : found;
}

std::string_view intra_pix_fmt(std::string_view codec) {
  const auto* found = std::find_if(std::begin(kIntraCodecs), std::end(kIntraCodecs),
                                   [&](const IntraCodec& some) { return some.codec == codec; });
  return found == std::end(kIntraCodecs) ? "" : found->pix_fmt;
}

std::string codec_of(std::string_view name) {
  const IntraCodec* intra = intra_codec(name);
  return std::string(intra ? intra->codec : name);
}

}  // namespace avstage
