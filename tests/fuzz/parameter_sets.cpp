#include "fuzz/fuzz.h"
#include "media/encoder.h"
#include "media/h264.h"
#include "media/hevc.h"

// Parameter sets of H.264 (first byte "0") and HEVC as a stranger's container holds them.

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

std::string written_by(const std::string& codec) {
  VideoEncoderSettings settings;
  settings.codec = codec;
  settings.width = 64, settings.height = 64;
  return (codec == "h264" ? '0' : '1') + parameter_sets(settings);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const std::string h264 = written_by("h264"), hevc = written_by("hevc");
  return fuzz::begin(*argc, *argv, {h264, hevc});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes = fuzz::text_of(data + 1, size - 1);
  fuzz::survives([&] { data[0] == '0' ? read_h264(bytes) : read_hevc(bytes); },
                 {ErrorCode::input, ErrorCode::proof});
  return 0;
}
