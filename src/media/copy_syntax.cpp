#include "media/copy_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "media/h264.h"
#include "media/hevc.h"
#include "media/mpeg2.h"

namespace avstage::media {
namespace {

/// What differs between the codecs whose packets are NAL units.
struct NalSyntax {
  int (*type_of)(std::string_view nal);
  bool (*is_slice)(int type);
  bool (*starts_group)(int type);
  std::string (*why_not_unit)(std::string_view nal, const StreamHead& head);
};

template <const NalSyntax& Syntax>
PacketLook look_at_units(std::string_view packet, const StreamHead& head) {
  PacketLook look;
  nal::for_each(packet, head.length_size, [&](std::string_view unit) {
    const int type = Syntax.type_of(unit);
    if (!look.picture && Syntax.is_slice(type))
      look.picture = true, look.starts_group = Syntax.starts_group(type);
    if (look.why_not.empty()) look.why_not = Syntax.why_not_unit(unit, head);
  });
  return look;
}

std::string with_long_lengths(std::string_view packet, const StreamHead& head) {
  return head.length_size == 4 ? std::string(packet) : nal::with_lengths(packet, head.length_size);
}

std::string why_not_size(int width, int height, const AVCodecParameters& stream) {
  if (width == stream.width && height == stream.height) return "";
  return fmt::format("its stream says {}x{}, its container {}x{}", width, height, stream.width,
                     stream.height);
}

std::string why_not_known(std::string_view nal, const StreamHead& head) {
  const std::string_view unit = nal::trimmed(nal);
  const bool known = std::find(head.units.begin(), head.units.end(), unit) != head.units.end();
  return known ? "" : "its parameter sets change on the way";
}

template <std::size_t N>
std::string why_not_sei(std::string_view nal, std::size_t header, const std::array<int, N>& harmless) {
  for (int payload : nal::sei_types(nal, header)) {
    if (std::find(harmless.begin(), harmless.end(), payload) == harmless.end()) {
      return fmt::format("it carries more than its picture, such as captions (SEI {})", payload);
    }
  }
  return "";
}

std::string why_not_h264_sets(const h264::ParameterSets& sets, const AVCodecParameters& stream) {
  if (sets.sps.size() != 1 || sets.pps.empty()) {
    return fmt::format("it has {} parameter sets outside its pictures, one is needed", sets.sps.size());
  }
  const h264::Sps s = h264::parse_sps(sets.sps.front());
  if (s.profile != 66 && s.profile != 77 && s.profile != 100) {
    return fmt::format("its profile is number {}, only Baseline, Main and High are copied", s.profile);
  }
  if (!s.frames_only) return "it may be interlaced";
  if (!s.eight_bit_420) return "it is not 8-bit 4:2:0";
  if (std::string why = why_not_size(s.width, s.height, stream); !why.empty()) return why;
  if (s.sar_width != s.sar_height) return "its pixels are not square";
  auto bt709 = [](int value) { return value == 1 || value == 2; };
  if (s.full_range) return "its colours are full range";
  if (!bt709(s.matrix) || !bt709(s.primaries) || !bt709(s.transfer)) return "its colours are not BT.709";
  if (s.chroma_location != 0) return "its chroma does not lie left";
  if (s.level < 10) return "its level is 1b";
  if (s.dpb > 16 || s.reorder > s.dpb) return "the reordering it states is impossible";
  return "";
}

StreamHead read_h264(const AVCodecParameters& stream) {
  StreamHead head;
  const h264::ParameterSets sets = h264::read_sets(extradata_of(stream), &head.length_size);
  head.why_not = why_not_h264_sets(sets, stream);
  if (!head.why_not.empty()) return head;
  head.codec = "h264";
  head.sets = head.track = h264::to_avcc(sets);
  head.units = sets.sps;
  head.units.insert(head.units.end(), sets.pps.begin(), sets.pps.end());
  head.reorder = h264::parse_sps(sets.sps.front()).reorder;
  return head;
}

std::string why_not_h264_unit(std::string_view nal, const StreamHead& head) {
  switch (const int type = h264::type_of(nal)) {
    case 1:
    case h264::kSliceIdr:
    case 9:   // delimiter
    case 10:  // end of a sequence
    case 12:  // filler
      return "";
    case h264::kSei:
      return why_not_sei(nal, h264::kHeader, std::array{0, 1, 2, 3, 5, 6});
    case h264::kSps:
    case h264::kPps:
      return why_not_known(nal, head);
    default:
      return fmt::format("it has units of type {}", type);
  }
}

std::string why_not_hevc_sets(const hevc::ParameterSets& sets, const AVCodecParameters& stream) {
  if (sets.vps.size() != 1 || sets.sps.size() != 1 || sets.pps.empty()) {
    return fmt::format("it has {} parameter sets outside its pictures, one is needed", sets.sps.size());
  }
  const hevc::Sps s = hevc::parse_sps(sets.sps.front());
  if (s.profile != 1) return fmt::format("its profile is number {}, only Main is copied", s.profile);
  if (!s.eight_bit_420) return "it is not 8-bit 4:2:0";
  if (std::string why = why_not_size(s.width, s.height, stream); !why.empty()) return why;
  if (stream.chroma_location != AVCHROMA_LOC_LEFT && stream.chroma_location != AVCHROMA_LOC_UNSPECIFIED) {
    return "its chroma does not lie left";
  }
  return s.reorder > 16 ? "the reordering it states is impossible" : "";
}

StreamHead read_hevc(const AVCodecParameters& stream) {
  StreamHead head;
  const hevc::ParameterSets sets = hevc::read_sets(extradata_of(stream), &head.length_size);
  head.why_not = why_not_hevc_sets(sets, stream);
  if (!head.why_not.empty()) return head;
  head.codec = "hevc";
  head.sets = head.track = hevc::to_hvcc(sets);
  for (const auto* list : {&sets.vps, &sets.sps, &sets.pps}) {
    head.units.insert(head.units.end(), list->begin(), list->end());
  }
  head.reorder = hevc::parse_sps(sets.sps.front()).reorder;
  return head;
}

bool is_hevc_slice(int type) {
  return type <= 9 || (type >= 16 && type <= 21);
}

std::string why_not_hevc_unit(std::string_view nal, const StreamHead& head) {
  if (hevc::layer_of(nal) != 0) return "it has a second layer";
  const int type = hevc::type_of(nal);
  if (is_hevc_slice(type)) return "";
  switch (type) {
    case 35:  // delimiter
    case 36:  // end of a sequence
    case 37:  // end of the stream
    case 38:  // filler
      return "";
    case hevc::kSei:
    case hevc::kSeiBehind:
      return why_not_sei(nal, hevc::kHeader, std::array{0, 1, 3, 5, 6, 129, 130, 132});
    case hevc::kVps:
    case hevc::kSps:
    case hevc::kPps:
      return why_not_known(nal, head);
    default:
      return fmt::format("it has units of type {}", type);
  }
}

constexpr NalSyntax kH264Units{
    h264::type_of,
    [](int type) { return type == 1 || type == h264::kSliceIdr; },
    [](int type) { return type == h264::kSliceIdr; },
    why_not_h264_unit,
};
constexpr CopySyntax kH264{read_h264, look_at_units<kH264Units>, with_long_lengths};

constexpr NalSyntax kHevcUnits{
    hevc::type_of,
    is_hevc_slice,
    [](int type) { return type == hevc::kIdrWithLeading || type == hevc::kIdr; },
    why_not_hevc_unit,
};
constexpr CopySyntax kHevc{read_hevc, look_at_units<kHevcUnits>, with_long_lengths};

StreamHead intra_head(const AVCodecParameters& stream, const Mezzanine* profile, const char* copied) {
  StreamHead head;
  if (profile == nullptr) {
    const char* name = avcodec_profile_name(stream.codec_id, stream.profile);
    head.why_not = fmt::format("its profile is {}, only {} are copied", name ? name : "unknown", copied);
    return head;
  }
  head.codec = head.sets = profile->name;
  head.intra = {profile, stream.width, stream.height};
  return head;
}

StreamHead read_prores(const AVCodecParameters& stream) {
  return intra_head(stream, prores_profile(stream.codec_tag), "Proxy, LT, 422 and HQ");
}

StreamHead read_dnxhr(const AVCodecParameters& stream) {
  const char* name = stream.profile == FF_PROFILE_DNXHR_LB   ? "dnxhr_lb"
                     : stream.profile == FF_PROFILE_DNXHR_SQ ? "dnxhr_sq"
                     : stream.profile == FF_PROFILE_DNXHR_HQ ? "dnxhr_hq"
                                                             : "";
  return intra_head(stream, mezzanine(name), "DNxHR LB, SQ and HQ");
}

template <std::string (*WhyNot)(std::string_view, const IntraPicture&)>
PacketLook look_at_frame(std::string_view packet, const StreamHead& head) {
  return {true, true, WhyNot(packet, head.intra)};
}

std::string as_it_is(std::string_view packet, const StreamHead&) {
  return std::string(packet);
}

/// XDCAM HD422: 50 Mbit/s, 4:2:2 at High level, whose decoder's buffer the encoder can be held to.
std::string why_not_xdcam(const mpeg2::Sequence& s, const AVCodecParameters& stream) {
  constexpr int k422AtHigh = 0x82, k422 = 2;
  constexpr std::int64_t kRate = 50'000'000, kLeastBuffer = 17'825'792, kMostBuffer = 47'185'920;
  if (s.profile_and_level != k422AtHigh || s.chroma_format != k422)
    return "its profile is not 4:2:2 at High level";
  if (s.bit_rate != kRate) {
    return fmt::format("its bit rate is {:.6g} Mbit/s, that of XDCAM HD422 is 50",
                       static_cast<double>(s.bit_rate) / 1e6);
  }
  if (!s.progressive) return "it may be interlaced";
  if (s.low_delay) return "it says that it has no B pictures";
  if (s.buffer < kLeastBuffer || s.buffer > kMostBuffer) {
    return fmt::format("it asks for a buffer of {} bits, which is not between {} and {}", s.buffer,
                       kLeastBuffer, kMostBuffer);
  }
  if (s.other_extension != 0) return fmt::format("it has extensions of type {}", s.other_extension);
  auto bt709 = [](int value) { return value == 1 || value == 2; };
  if (!bt709(s.matrix) || !bt709(s.primaries) || !bt709(s.transfer)) return "its colours are not BT.709";
  return why_not_size(s.width, s.height, stream);
}

StreamHead read_mpeg2(const AVCodecParameters& stream) {
  StreamHead head;
  const auto sequence = mpeg2::read_sequence(extradata_of(stream));
  head.why_not = sequence ? why_not_xdcam(*sequence, stream) : "it does not begin with a sequence header";
  if (!head.why_not.empty()) return head;
  head.codec = kXdcam;
  head.sets = sequence->headers;
  head.reorder = 1;
  return head;
}

PacketLook look_at_mpeg2(std::string_view packet, const StreamHead& head) {
  const mpeg2::Picture picture = mpeg2::read_picture(packet);
  PacketLook look{picture.found, picture.sequence && picture.closed_group && picture.intra, ""};
  const auto sequence = mpeg2::read_sequence(packet);
  if (picture.sequence && (!sequence || sequence->headers != head.sets)) {
    look.why_not = "its sequence header changes on the way";
  } else if (picture.found && !picture.progressive) {
    look.why_not = "it is interlaced, or repeats fields";
  } else if (picture.user_data) {
    look.why_not = "it carries more than its picture, such as captions (user data)";
  } else if (picture.other_extension != 0) {
    look.why_not = fmt::format("it has extensions of type {}", picture.other_extension);
  }
  return look;
}

constexpr CopySyntax kProres{read_prores, look_at_frame<why_not_prores_frame>, as_it_is};
constexpr CopySyntax kDnxhr{read_dnxhr, look_at_frame<why_not_dnxhr_frame>, as_it_is};
constexpr CopySyntax kMpeg2{read_mpeg2, look_at_mpeg2, as_it_is};

}  // namespace

std::string track_sets(const AVCodecParameters& stream) {
  return stream.codec_id == AV_CODEC_ID_HEVC ? hevc::to_hvcc(hevc::read_sets(extradata_of(stream)))
                                             : h264::to_avcc(h264::read_sets(extradata_of(stream)));
}

const CopySyntax* copy_syntax(AVCodecID codec) {
  switch (codec) {
    case AV_CODEC_ID_H264:
      return &kH264;
    case AV_CODEC_ID_HEVC:
      return &kHevc;
    case AV_CODEC_ID_PRORES:
      return &kProres;
    case AV_CODEC_ID_DNXHD:
      return &kDnxhr;
    case AV_CODEC_ID_MPEG2VIDEO:
      return &kMpeg2;
    default:
      return nullptr;
  }
}

}  // namespace avstage::media
