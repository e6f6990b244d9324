#include "media/h264.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "avstage/error.h"

namespace avstage::media::h264 {
namespace {

using nal::append_number;
using nal::BitReader;
using nal::BitWriter;
using nal::byte;
using nal::damaged;
using nal::escaped;
using nal::trimmed;
using nal::unescaped;

// More than any level allows, and far from overflowing.
constexpr int kMostUnits = 4096, kMostCropped = 65536;

void skip_scaling_lists(BitReader& r, int chroma_format) {
  for (int i = 0; i < (chroma_format == 3 ? 12 : 8); ++i) {
    if (!r.flag()) continue;
    int last = 8, next = 8;
    for (int k = 0; k < (i < 6 ? 16 : 64); ++k) {
      if (next != 0) next = (last + r.se() + 256) % 256;
      if (next != 0) last = next;
    }
  }
}

void skip_hrd(BitReader& r) {
  const int count = r.ue();
  if (count > 31) damaged("a parameter set");
  r.bits(8);
  for (int i = 0; i <= count; ++i) r.ue(), r.ue(), r.flag();
  r.bits(20);
}

/// Table A-1: macroblocks a level's decoder keeps.
int max_dpb_macroblocks(const Sps& s) {
  const bool level_1b = s.level == 11 && (s.constraints & 0x10) != 0 && s.profile < 100;
  if (level_1b) return 396;
  const std::pair<int, int> table[] = {{10, 396},    {11, 900},    {12, 2376},   {13, 2376},   {20, 2376},
                                       {21, 4752},   {22, 8100},   {30, 8100},   {31, 18000},  {32, 20480},
                                       {40, 32768},  {41, 32768},  {42, 34816},  {50, 110400}, {51, 184320},
                                       {52, 184320}, {60, 696320}, {61, 696320}, {62, 696320}};
  for (auto [level, macroblocks] : table) {
    if (s.level <= level) return macroblocks;
  }
  return 696320;
}

constexpr std::pair<int, int> kSar[] = {{0, 0},   {1, 1},    {12, 11}, {10, 11}, {16, 11}, {40, 33},
                                        {24, 11}, {20, 11},  {32, 11}, {80, 33}, {18, 11}, {15, 11},
                                        {64, 33}, {160, 99}, {4, 3},   {3, 2},   {2, 1}};

void read_vui(BitReader& r, Sps& s) {
  if (r.flag()) {
    const auto idc = r.bits(8);
    if (idc == 255) {
      s.sar_width = static_cast<int>(r.bits(16));
      s.sar_height = static_cast<int>(r.bits(16));
    } else if (idc < std::size(kSar)) {
      std::tie(s.sar_width, s.sar_height) = kSar[idc];
    }
  }
  if (r.flag()) r.flag();  // overscan
  s.has_video_signal = r.flag();
  if (s.has_video_signal) {
    r.bits(3);
    s.full_range = r.flag();
    s.has_color = r.flag();
    if (s.has_color) {
      s.primaries = static_cast<int>(r.bits(8));
      s.transfer = static_cast<int>(r.bits(8));
      s.matrix = static_cast<int>(r.bits(8));
    }
  }
  if (r.flag()) {
    s.chroma_location = r.ue();
    r.ue();
  }
  if (r.flag()) r.bits(32), r.bits(32), r.flag();  // clock
  const bool nal_hrd = r.flag();
  if (nal_hrd) skip_hrd(r);
  const bool vcl_hrd = r.flag();
  if (vcl_hrd) skip_hrd(r);
  if (nal_hrd || vcl_hrd) r.flag();
  r.flag();  // pic_struct_present
  s.stated = r.flag();
  if (!s.stated) return;
  r.flag();
  r.ue(), r.ue(), r.ue(), r.ue();
  s.reorder_bit = r.at();
  s.reorder = r.ue();
  s.dpb = r.ue();
}

bool has_chroma_format(int profile) {
  constexpr int high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
  return std::find(std::begin(high), std::end(high), profile) != std::end(high);
}

void sort_in(std::string_view nal, ParameterSets& sets) {
  if (nal.empty()) return;
  if (type_of(nal) == kSps) sets.sps.emplace_back(trimmed(nal));
  if (type_of(nal) == kPps) sets.pps.emplace_back(trimmed(nal));
}

}  // namespace

Sps parse_sps(std::string_view nal) {
  const std::string bits = unescaped(nal);
  Sps s;
  s.profile = byte(bits, 1);
  s.constraints = byte(bits, 2);
  s.level = byte(bits, 3);
  BitReader r(bits);
  r.bits(32);
  s.id = r.ue();
  int chroma_format = 1;
  if (has_chroma_format(s.profile)) {
    chroma_format = r.ue();
    if (chroma_format == 3) r.flag();
    const int luma_bits = 8 + r.ue_up_to(6), chroma_bits = 8 + r.ue_up_to(6);
    s.eight_bit_420 = chroma_format == 1 && luma_bits == 8 && chroma_bits == 8;
    r.flag();
    if (r.flag()) skip_scaling_lists(r, chroma_format);
  }
  r.ue();  // frame numbers' bits
  const int order_type = r.ue();
  if (order_type == 0) r.ue();
  if (order_type == 1) {
    r.flag(), r.se(), r.se();
    for (int i = r.ue(); i > 0; --i) r.se();
  }
  s.references = r.ue_up_to(16);
  r.flag();
  const int across = r.ue_up_to(kMostUnits) + 1, down = r.ue_up_to(kMostUnits) + 1;
  s.frames_only = r.flag();
  if (!s.frames_only) r.flag();
  r.flag();
  s.width = 16 * across;
  s.height = (s.frames_only ? 16 : 32) * down;
  if (r.flag()) {
    const int left = r.ue_up_to(kMostCropped), right = r.ue_up_to(kMostCropped);
    const int top = r.ue_up_to(kMostCropped), bottom = r.ue_up_to(kMostCropped);
    s.width -= (chroma_format == 1 || chroma_format == 2 ? 2 : 1) * (left + right);
    s.height -= (chroma_format == 1 ? 2 : 1) * (s.frames_only ? 1 : 2) * (top + bottom);
  }
  if (r.flag()) read_vui(r, s);
  if (!s.stated) {
    s.dpb = std::clamp(max_dpb_macroblocks(s) / std::max(1, across * down * (s.frames_only ? 1 : 2)),
                       s.references, 16);
    s.reorder = order_type == 2 ? 0 : s.dpb;
  }
  return s;
}

std::string with_reordering(std::string_view nal, int reorder, int dpb) {
  const Sps sps = parse_sps(nal);
  if (!sps.stated) throw Error(ErrorCode::bug, "H.264: the set states no reorder depth");
  const std::string bits = unescaped(nal);
  BitReader in(bits);
  BitWriter out;
  while (in.at() < sps.reorder_bit) out.flag(in.flag());
  out.ue(reorder);
  out.ue(dpb);
  return escaped(out.take());
}

int pps_id(std::string_view nal) {
  const std::string bits = unescaped(nal.substr(0, 16));
  BitReader r(bits);
  r.bits(8);
  return r.ue();
}

ParameterSets read_sets(std::string_view extradata, nal::LengthSize* length_size) {
  ParameterSets sets;
  const bool avcc = extradata.size() >= 7 && extradata[0] == 1;
  if (length_size != nullptr) *length_size = avcc ? (byte(extradata, 4) & 3) + 1 : 0;
  if (!avcc) {
    nal::for_each(extradata, 0, [&](std::string_view unit) { sort_in(unit, sets); });
    return sets;
  }
  std::size_t at = 5;
  for (int mask : {31, 255}) {
    const int count = byte(extradata, at++) & mask;
    for (int i = 0; i < count; ++i) {
      const std::size_t length = std::size_t(byte(extradata, at)) << 8 | byte(extradata, at + 1);
      at += 2;
      if (length == 0 || length > extradata.size() - at) damaged("the avcC");
      sort_in(extradata.substr(at, length), sets);
      at += length;
    }
  }
  return sets;
}

std::string to_avcc(const ParameterSets& sets) {
  if (sets.sps.empty() || sets.pps.empty()) damaged("the avcC");
  int level = 0, constraints = 255;
  for (const std::string& sps : sets.sps) {
    constraints &= byte(sps, 2);
    level = std::max<int>(level, byte(sps, 3));
  }
  const std::string& first = sets.sps.front();
  std::string out = {1, first.at(1), static_cast<char>(constraints), static_cast<char>(level), char(0xff)};
  out.push_back(static_cast<char>(0xe0 | sets.sps.size()));
  for (const std::string& sps : sets.sps) append_number(out, sps.size(), 2), out += sps;
  out.push_back(static_cast<char>(sets.pps.size()));
  for (const std::string& pps : sets.pps) append_number(out, pps.size(), 2), out += pps;
  if (const int profile = byte(first, 1);
      profile == 100 || profile == 110 || profile == 122 || profile == 144) {
    const Sps s = parse_sps(first);
    if (!s.eight_bit_420) throw Error(ErrorCode::bug, "H.264: avcC of other than 8-bit 4:2:0");
    out += {char(0xfd), char(0xf8), char(0xf8), 0};
  }
  return out;
}

ParameterSets merge(const std::vector<ParameterSets>& all) {
  ParameterSets out;
  std::map<int, std::string> sps, pps;
  auto add = [](std::map<int, std::string>& known, int id, const std::string& nal,
                std::vector<std::string>& list) {
    auto [it, fresh] = known.emplace(id, nal);
    if (fresh) list.push_back(nal);
    if (it->second != nal) {
      throw Error(ErrorCode::proof, fmt::format("H.264: two parameter sets with the number {} differ", id),
                  "copy");
    }
  };
  for (const ParameterSets& sets : all) {
    for (const std::string& nal : sets.sps) add(sps, parse_sps(nal).id, nal, out.sps);
    for (const std::string& nal : sets.pps) add(pps, pps_id(nal), nal, out.pps);
  }
  return out;
}

}  // namespace avstage::media::h264
