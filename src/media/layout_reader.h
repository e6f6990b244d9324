#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"

/// What the walks over containers share: reading heads of parts, and saying that one is cut off.
namespace avstage::media {

using Bytes = std::vector<std::uint8_t>;

/// Up to `count` bytes at `position`; fewer only at the end.
Bytes read_at(ByteSource& source, std::uint64_t position, std::size_t count);
std::uint64_t big_endian(const Bytes& bytes, std::size_t at, std::size_t count);

[[noreturn]] void throw_cut(const std::string& name, std::string_view part, std::uint64_t promised,
                            std::optional<std::uint64_t> size);
/// Error{input} "truncated" unless the source has `end` bytes.
void require_bytes(ByteSource& source, std::uint64_t end, std::string_view part, const std::string& name);

/// Walks over the elements of a Matroska or WebM file: each is whole and fills the one around it, and every
/// cluster that the cues name is there. Whether the file says how long it is. Error{input} otherwise.
bool check_matroska(ByteSource& source, const std::string& name);

}  // namespace avstage::media
