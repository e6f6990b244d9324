#include "media/hevc.h"

namespace avstage::media::hevc {
namespace {

constexpr std::size_t kGeneral = 12;   // bytes of profile, tier and level
constexpr std::size_t kArraysAt = 22;  // in an hvcC body
constexpr int kLengthSizeAt = 21;
constexpr int kMostPixels = 65536;  // a side, and more than any level allows

void skip_sub_layer_profiles(nal::BitReader& r, int more_layers) {
  std::vector<std::pair<bool, bool>> present;
  for (int i = 0; i < more_layers; ++i) {
    const bool profile = r.flag();
    present.emplace_back(profile, r.flag());
  }
  if (more_layers > 0) r.skip(2 * (8 - more_layers));
  for (auto [profile, level] : present) r.skip((profile ? 88 : 0) + (level ? 8 : 0));
}

void sort_in(std::string_view unit, ParameterSets& sets) {
  unit = nal::trimmed(unit);
  if (unit.size() <= kHeader) return;
  const int type = type_of(unit);
  if (type == kVps) sets.vps.emplace_back(unit);
  if (type == kSps) sets.sps.emplace_back(unit);
  if (type == kPps) sets.pps.emplace_back(unit);
}

}  // namespace

int layer_of(std::string_view nal) {
  return (nal::byte(nal, 0) & 1) << 5 | nal::byte(nal, 1) >> 3;
}

Sps parse_sps(std::string_view unit) {
  const std::string bits = nal::unescaped(unit);
  Sps s;
  nal::BitReader r(bits);
  r.skip(8 * static_cast<int>(kHeader) + 4);
  const int more_layers = static_cast<int>(r.bits(3));
  s.sub_layers = more_layers + 1;
  s.nested = r.flag();
  if (bits.size() < kHeader + 1 + kGeneral) nal::damaged("a parameter set");
  s.general = bits.substr(kHeader + 1, kGeneral);
  s.profile = nal::byte(s.general, 0) & 31;
  r.skip(8 * static_cast<int>(kGeneral));
  skip_sub_layer_profiles(r, more_layers);
  r.ue();  // number
  const int chroma_format = r.ue();
  if (chroma_format == 3) r.flag();
  s.width = r.ue_up_to(kMostPixels);
  s.height = r.ue_up_to(kMostPixels);
  if (r.flag()) {
    const int left = r.ue_up_to(kMostPixels), right = r.ue_up_to(kMostPixels);
    const int top = r.ue_up_to(kMostPixels), bottom = r.ue_up_to(kMostPixels);
    s.width -= (chroma_format == 1 || chroma_format == 2 ? 2 : 1) * (left + right);
    s.height -= (chroma_format == 1 ? 2 : 1) * (top + bottom);
  }
  const int luma_bits = 8 + r.ue_up_to(8), chroma_bits = 8 + r.ue_up_to(8);
  s.eight_bit_420 = chroma_format == 1 && luma_bits == 8 && chroma_bits == 8;
  r.ue();  // picture order counts' bits
  const bool each_layer = r.flag();
  for (int i = each_layer ? 0 : more_layers; i <= more_layers; ++i) {
    r.ue();
    s.reorder = r.ue();
    r.ue();
  }
  return s;
}

ParameterSets read_sets(std::string_view extradata, nal::LengthSize* length_size) {
  ParameterSets sets;
  const bool hvcc = extradata.size() > kArraysAt && extradata[0] == 1;
  if (length_size != nullptr) *length_size = hvcc ? (nal::byte(extradata, kLengthSizeAt) & 3) + 1 : 0;
  if (!hvcc) {
    nal::for_each(extradata, 0, [&](std::string_view unit) { sort_in(unit, sets); });
    return sets;
  }
  std::size_t at = kArraysAt;
  auto number = [&] {
    const std::size_t value = std::size_t(nal::byte(extradata, at)) << 8 | nal::byte(extradata, at + 1);
    at += 2;
    return value;
  };
  for (int arrays = nal::byte(extradata, at++); arrays > 0; --arrays) {
    ++at;  // the type, which the units say too
    for (std::size_t count = number(); count > 0; --count) {
      const std::size_t length = number();
      if (length == 0 || length > extradata.size() - at) nal::damaged("the hvcC");
      sort_in(extradata.substr(at, length), sets);
      at += length;
    }
  }
  return sets;
}

std::string to_hvcc(const ParameterSets& sets) {
  if (sets.vps.empty() || sets.sps.empty() || sets.pps.empty()) nal::damaged("the hvcC");
  const Sps s = parse_sps(sets.sps.front());
  std::string out(1, 1);
  out += s.general;
  // Nothing is said of slices that decode apart or of the rate; 4:2:0, 8 bits, 8 bits.
  out += {char(0xf0), 0, char(0xfc), char(0xfd), char(0xf8), char(0xf8), 0, 0};
  out.push_back(static_cast<char>(s.sub_layers << 3 | (s.nested ? 4 : 0) | 3));
  out.push_back(3);
  for (const auto* list : {&sets.vps, &sets.sps, &sets.pps}) {
    out.push_back(static_cast<char>(0x80 | type_of(list->front())));
    nal::append_number(out, list->size(), 2);
    for (const std::string& unit : *list) nal::append_number(out, unit.size(), 2), out += unit;
  }
  return out;
}

}  // namespace avstage::media::hevc
