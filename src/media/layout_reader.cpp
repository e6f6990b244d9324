#include "media/layout_reader.h"

#include <fmt/format.h>

#include <span>

#include "avstage/error.h"

namespace avstage::media {

Bytes read_at(ByteSource& source, std::uint64_t position, std::size_t count) {
  Bytes bytes(count);
  std::size_t have = 0;
  source.seek(position);
  while (have < count) {
    std::size_t got = source.read(std::as_writable_bytes(std::span(bytes)).subspan(have));
    if (got == 0) break;
    have += got;
  }
  bytes.resize(have);
  return bytes;
}

std::uint64_t big_endian(const Bytes& bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = at; i < at + count; ++i) value = value << 8 | bytes.at(i);
  return value;
}

[[noreturn]] void throw_cut(const std::string& name, std::string_view part, std::uint64_t promised,
                            std::optional<std::uint64_t> size) {
  throw Error(ErrorCode::input,
              fmt::format("{}: cut off: {} reaches to byte {}{}", name, part, promised,
                          size ? fmt::format(", the file has {}", *size) : ", the file ends before"),
              "truncated");
}

void require_bytes(ByteSource& source, std::uint64_t end, std::string_view part, const std::string& name) {
  std::optional<std::uint64_t> size = source.size();
  bool there = size ? end <= *size : end == 0 || !read_at(source, end - 1, 1).empty();
  if (!there) throw_cut(name, part, end, size);
}

}  // namespace avstage::media
