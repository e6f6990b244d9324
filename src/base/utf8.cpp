#include "base/utf8.h"

#include <fmt/format.h>

namespace avstage {
namespace {

unsigned char byte_at(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
}

bool is_continuation(unsigned char c) {
  return (c & 0xC0) == 0x80;
}

/// Bytes of the well-formed sequence at `i`, 0 when there is none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text, std::size_t i) {
  unsigned char a = byte_at(text, i), b = byte_at(text, i + 1);
  if (a < 0x80) return 1;
  if (a < 0xC2 || a > 0xF4 || !is_continuation(b)) return 0;
  if (a < 0xE0) return 2;
  if ((a == 0xE0 && b < 0xA0) || (a == 0xED && b > 0x9F) || (a == 0xF0 && b < 0x90) ||
      (a == 0xF4 && b > 0x8F)) {
    return 0;
  }
  if (!is_continuation(byte_at(text, i + 2))) return 0;
  if (a < 0xF0) return 3;
  return is_continuation(byte_at(text, i + 3)) ? 4 : 0;
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = sequence_length(text, i);
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (char c : text) count += !is_continuation(static_cast<unsigned char>(c));
  return count;
}

namespace {

/// Characters that a terminal obeys instead of showing: controls, and what turns the direction of writing.
bool is_obeyed(std::string_view character) {
  auto c = byte_at(character, 0), second = byte_at(character, 1), third = byte_at(character, 2);
  if (character.size() == 1) return c < 0x20 || c == 0x7F;
  if (character.size() == 2) return (c == 0xC2 && second < 0xA0) || character == "\u061C";
  bool marks = second == 0x80 && ((third >= 0x8E && third <= 0x8F) || (third >= 0xA8 && third <= 0xAE));
  bool isolates = second == 0x81 && third >= 0xA6 && third <= 0xA9;
  return character.size() == 3 && c == 0xE2 && (marks || isolates);
}

}  // namespace

std::string shown(std::string_view text, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = sequence_length(text, i);
    if (out.size() + length > limit) return out + "…";
    if (length == 0 || is_obeyed(text.substr(i, length))) {
      out += fmt::format("\\x{:02x}", byte_at(text, i));
      length = 1;
    } else {
      out += text.substr(i, length);
    }
    i += length;
  }
  return out;
}

}  // namespace avstage
