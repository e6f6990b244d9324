#include "fuzz/fuzz.h"
#include "media/encoder.h"
#include "media/h264.h"
#include "media/hevc.h"
#include "media/intra_frame.h"
#include "media/mpeg2.h"

// Parameter sets of H.264 (first byte "0") and HEVC ("1"), frames of ProRes and DNxHR ("2"), MPEG-2
// ("3"), as a stranger's container holds them.

namespace {

using namespace avstage;
using namespace avstage::media;

void read_h264(std::string_view bytes) {
  const h264::ParameterSets sets = h264::read_sets(bytes);
  for (const std::string& nal : sets.pps) h264::pps_id(nal);
  for (const std::string& nal : sets.sps) {
    const h264::Sps s = h264::parse_sps(nal);
    fuzz::require(s.references <= 16, "more references than there are");
    if (!s.stated) continue;
    const h264::Sps other = h264::parse_sps(h264::with_reordering(nal, 2, 4));
    fuzz::require(other.reorder == 2 && other.dpb == 4 && other.width == s.width,
                  "another set than was meant");
  }
  h264::merge({sets, sets});
}

void read_hevc(std::string_view bytes) {
  const hevc::ParameterSets sets = hevc::read_sets(bytes);
  for (const std::string& nal : sets.sps) hevc::parse_sps(nal);
  const hevc::ParameterSets again = hevc::read_sets(hevc::to_hvcc(sets));
  fuzz::require(again.vps == sets.vps && again.sps == sets.sps && again.pps == sets.pps, "a set was lost");
}

void read_frame(std::string_view bytes) {
  dnxhr_profile(bytes);
  why_not_prores_frame(bytes, {mezzanine("prores_hq"), 64, 64});
  why_not_dnxhr_frame(bytes, {mezzanine("dnxhr_hq"), 256, 144});
}

void read_mpeg2(std::string_view bytes) {
  mpeg2::read_picture(bytes);
  const auto sequence = mpeg2::read_sequence(bytes);
  if (!sequence) return;
  const auto again = mpeg2::read_sequence(mpeg2::with_headers(bytes, sequence->headers));
  fuzz::require(again && again->headers == sequence->headers, "other headers than were meant");
}

std::string written_by(const std::string& codec) {
  VideoEncoderSettings settings;
  settings.codec = codec;
  settings.width = 64, settings.height = 64;
  return (codec == "h264" ? '0' : '1') + parameter_sets(settings);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const std::string h264 = written_by("h264"), hevc = written_by("hevc");
  std::string prores("2\0\0\0\x1cicpf\0\x14\0\0apl0\0\x40\0\x40\x80\0\1\1\1\0\0\0", 29);
  std::string dnxhr = "2" + std::string(0x280, '\0');
  dnxhr.replace(1, 6, std::string("\0\0\2\x80\3\1", 6)).replace(0x29, 4, std::string("\0\0\4\xf8", 4));
  const std::string mpeg2(
      "3\0\0\1\xb3\x50\x02\xd0\x33\x7a\x12\x25\x78\0\0\1\xb5\x18\x2c\0\1\2\0"
      "\0\0\1\xb8\0\x08\0\x40\0\0\1\0\0\x0e\xee\xb8\0\0\1\xb5\x8f\xff\xfb\x58\x80\0\0\1\1",
      52);
  return fuzz::begin(*argc, *argv, {h264, hevc, prores, dnxhr, mpeg2});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes = fuzz::text_of(data + 1, size - 1);
  fuzz::survives(
      [&] {
        data[0] == '0'   ? read_h264(bytes)
        : data[0] == '1' ? read_hevc(bytes)
        : data[0] == '3' ? read_mpeg2(bytes)
                         : read_frame(bytes);
      },
      {ErrorCode::input, ErrorCode::proof});
  return 0;
}
