#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace avstage::test {

/// checksum() of every picture that libde265, which shares no code with libav, makes of an HEVC film, in the
/// order in which they come out; none where it finds an error or a warning. It is given the parameter sets of
/// the track and the film's NAL units, no times. Two decoders of HEVC agree to the bit.
std::vector<std::uint64_t> decode_with_de265(const std::string& path);

}  // namespace avstage::test
