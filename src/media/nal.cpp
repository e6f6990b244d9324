#include "media/nal.h"

#include <fmt/format.h>

#include "avstage/error.h"

namespace avstage::media::nal {
namespace {

std::size_t find_start(std::string_view s, std::size_t from) {
  return s.find(std::string_view("\0\0\1", 3), from);
}

}  // namespace

void damaged(const char* what) {
  throw Error(ErrorCode::input, fmt::format("{} of its picture is damaged", what), kDamaged);
}

std::uint8_t byte(std::string_view s, std::size_t i) {
  if (i >= s.size()) damaged("a parameter set");
  return static_cast<std::uint8_t>(s[i]);
}

std::string_view trimmed(std::string_view nal) {
  while (!nal.empty() && nal.back() == 0) nal.remove_suffix(1);
  return nal;
}

std::string unescaped(std::string_view nal) {
  std::string out;
  int zeros = 0;
  for (char c : nal) {
    if (zeros >= 2 && c == 3) {
      zeros = 0;
      continue;
    }
    zeros = c == 0 ? zeros + 1 : 0;
    out.push_back(c);
  }
  return out;
}

std::string escaped(std::string_view raw) {
  std::string out;
  int zeros = 0;
  for (char c : raw) {
    if (zeros >= 2 && static_cast<std::uint8_t>(c) <= 3) {
      out.push_back(3);
      zeros = 0;
    }
    zeros = c == 0 ? zeros + 1 : 0;
    out.push_back(c);
  }
  return out;
}

bool BitReader::flag() {
  const std::size_t i = at_++;
  return (byte(bytes_, i / 8) >> (7 - i % 8) & 1) != 0;
}

std::uint32_t BitReader::bits(int n) {
  std::uint32_t value = 0;
  for (int i = 0; i < n; ++i) value = value << 1 | (flag() ? 1 : 0);
  return value;
}

void BitReader::skip(int n) {
  for (int i = 0; i < n; ++i) flag();
}

int BitReader::ue() {
  int zeros = 0;
  while (!flag()) {
    if (++zeros > 30) damaged("a parameter set");
  }
  return static_cast<int>((std::uint32_t(1) << zeros) - 1 + bits(zeros));
}

int BitReader::ue_up_to(int most) {
  const int value = ue();
  if (value > most) damaged("a parameter set");
  return value;
}

int BitReader::se() {
  const int k = ue();
  return k % 2 == 0 ? -(k / 2) : (k + 1) / 2;
}

void BitWriter::flag(bool bit) {
  if (at_ % 8 == 0) bytes_.push_back(0);
  if (bit) bytes_.back() = static_cast<char>(static_cast<std::uint8_t>(bytes_.back()) | 1U << (7 - at_ % 8));
  ++at_;
}

void BitWriter::ue(int value) {
  const auto code = static_cast<std::uint32_t>(value) + 1;
  int length = 0;
  while (code >> (length + 1) != 0) ++length;
  for (int i = 0; i < length; ++i) flag(false);
  for (int i = length; i >= 0; --i) flag((code >> i & 1) != 0);
}

std::string BitWriter::take() {
  flag(true);
  return std::move(bytes_);
}

void append_number(std::string& out, std::size_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i) & 255));
}

void for_each(std::string_view packet, LengthSize length_size,
              const std::function<void(std::string_view)>& use) {
  if (length_size == 0) {
    std::size_t start = find_start(packet, 0);
    while (start != std::string_view::npos) {
      const std::size_t begin = start + 3, next = find_start(packet, begin);
      const std::string_view unit = trimmed(packet.substr(begin, next == packet.npos ? next : next - begin));
      if (!unit.empty()) use(unit);
      start = next;
    }
    return;
  }
  const auto prefix = static_cast<std::size_t>(length_size);
  for (std::size_t at = 0; at < packet.size();) {
    if (packet.size() - at < prefix) damaged("a packet");
    std::size_t length = 0;
    for (std::size_t i = 0; i < prefix; ++i) length = length << 8 | byte(packet, at + i);
    at += prefix;
    if (length > packet.size() - at) damaged("a packet");
    if (length > 0) use(packet.substr(at, length));
    at += length;
  }
}

std::string with_lengths(std::string_view packet, LengthSize length_size) {
  std::string out;
  out.reserve(packet.size() + 64);
  for_each(packet, length_size, [&](std::string_view unit) {
    append_number(out, unit.size(), 4);
    out += unit;
  });
  return out;
}

std::vector<int> sei_types(std::string_view nal, std::size_t header) {
  const std::string raw = unescaped(nal);
  std::vector<int> types;
  std::size_t at = header;
  auto number = [&] {
    int value = 0;
    for (; at < raw.size() && byte(raw, at) == 255; ++at) value += 255;
    return value + byte(raw, at++);
  };
  while (at + 1 < raw.size() && !(byte(raw, at) == 0x80 && at + 1 >= raw.size())) {
    types.push_back(number());
    at += static_cast<std::size_t>(number());
  }
  return types;
}

}  // namespace avstage::media::nal
