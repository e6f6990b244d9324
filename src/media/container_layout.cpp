#include "media/container_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "avstage/error.h"
#include "media/layout_reader.h"

namespace avstage::media {
namespace {

std::string_view text_at(const Bytes& bytes, std::size_t at) {
  if (bytes.size() < at + 4) return {};
  return {reinterpret_cast<const char*>(bytes.data()) + at, 4};
}

/// What a walk over the boxes of an mp4 has met.
struct Boxes {
  std::vector<std::string> types;
  std::set<std::uint64_t> fragments;                             // where each `moof` begins
  std::optional<std::pair<std::uint64_t, std::uint64_t>> index;  // `mfra`: begin, size
};

/// A `tfra` box lists where fragments begin; numbers in it are as wide as its head says.
void require_listed(const Bytes& mfra, std::size_t at, std::size_t end, const Boxes& boxes,
                    const std::string& name) {
  if (end - at < 24) return;
  const bool wide = mfra.at(at + 8) == 1;
  const std::uint64_t sizes = big_endian(mfra, at + 16, 4), entries = big_endian(mfra, at + 20, 4);
  const std::size_t number = wide ? 8 : 4;
  const std::size_t tail = (sizes >> 4 & 3) + (sizes >> 2 & 3) + (sizes & 3) + 3;
  std::size_t entry = at + 24;
  for (std::uint64_t i = 0; i < entries && entry + 2 * number + tail <= end; ++i) {
    std::uint64_t fragment = big_endian(mfra, entry + number, number);
    if (!boxes.fragments.contains(fragment)) {
      throw Error(ErrorCode::input,
                  fmt::format("{}: a fragment is missing: its index lists one at byte {}", name, fragment),
                  "incomplete");
    }
    entry += 2 * number + tail;
  }
}

void require_fragments(ByteSource& source, const Boxes& boxes, const std::string& name) {
  constexpr std::uint64_t most = 64 << 20;
  if (boxes.index->second > most) return;
  const Bytes mfra = read_at(source, boxes.index->first, boxes.index->second);
  for (std::size_t at = 8; at + 8 <= mfra.size();) {
    std::uint64_t size = big_endian(mfra, at, 4);
    if (size < 8 || size > mfra.size() - at) return;
    if (text_at(mfra, at + 4) == "tfra") require_listed(mfra, at, at + size, boxes, name);
    at += size;
  }
}

Boxes check_boxes(ByteSource& source, const std::string& name) {
  Boxes boxes;
  for (std::uint64_t position = 0;;) {
    Bytes head = read_at(source, position, 16);
    if (head.empty()) return boxes;
    if (head.size() < 8) throw_cut(name, "a box header", position + 8, source.size());
    std::uint64_t size = big_endian(head, 0, 4);
    std::string_view type = text_at(head, 4);
    if (size == 1 && head.size() == 16) size = big_endian(head, 8, 8);
    bool named = std::all_of(type.begin(), type.end(), [](unsigned char c) { return std::isprint(c); });
    if (size < 8 || !named) return boxes;  // to the end of the file, or padding behind the last box
    std::uint64_t end = position + size;
    if (end < position) throw_cut(name, "a box", end, source.size());
    require_bytes(source, end, fmt::format("box '{}'", type), name);
    boxes.types.emplace_back(type);
    if (type == "moof") boxes.fragments.insert(position);
    if (type == "mfra") boxes.index = {position, size};
    position = end;
  }
}

bool check_mp4(ByteSource& source, const std::string& name) {
  const Boxes boxes = check_boxes(source, name);
  if (boxes.index) require_fragments(source, boxes, name);
  return boxes.fragments.empty() || boxes.index;
}

bool check_riff(ByteSource& source, const Bytes& head, const std::string& name) {
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size |= std::uint64_t(head.at(4 + i)) << (8 * i);
  if (size == 0 || size == 0xffffffff) return false;  // written to a pipe
  require_bytes(source, size + 8, "the RIFF chunk", name);
  return true;
}

}  // namespace

std::vector<std::string> outer_boxes(ByteSource& source, const std::string& name) {
  return check_boxes(source, name).types;
}

bool require_whole_container(ByteSource& source, const std::string& name) {
  Bytes head = read_at(source, 0, 12);
  if (head.empty()) throw Error(ErrorCode::input, fmt::format("{}: is empty", name), "truncated");
  if (text_at(head, 4) == "ftyp" || text_at(head, 4) == "styp") return check_mp4(source, name);
  if (head.size() >= 12 && big_endian(head, 0, 4) == 0x1a45dfa3) return check_matroska(source, name);
  if (text_at(head, 0) == "RIFF") return check_riff(source, head, name);
  return false;
}

}  // namespace avstage::media
