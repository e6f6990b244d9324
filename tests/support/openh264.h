#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace avstage::test {

/// checksum() of every picture that Cisco's decoder, which shares no code with libav, makes of an H.264 film,
/// in the order in which they come out; none where it finds an error. It is given the film's
/// NAL units and no times, so the order of pictures comes from the stream alone, and knows no edit list. Its
/// B pictures are not libav's to the bit; those without are.
std::vector<std::uint64_t> decode_with_openh264(const std::string& path);

}  // namespace avstage::test
