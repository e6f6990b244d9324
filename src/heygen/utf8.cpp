#include "heygen/utf8.h"

namespace avstage::heygen {
namespace {

struct Lead {
  std::size_t length;
  char32_t bits;
  char32_t smallest;  ///< a smaller value would be an overlong form
};

std::optional<Lead> lead_of(unsigned char byte) {
  if (byte < 0x80) return Lead{1, byte, 0};
  if (byte >= 0xc2 && byte < 0xe0) return Lead{2, static_cast<char32_t>(byte & 0x1f), 0x80};
  if (byte >= 0xe0 && byte < 0xf0) return Lead{3, static_cast<char32_t>(byte & 0x0f), 0x800};
  if (byte >= 0xf0 && byte < 0xf5) return Lead{4, static_cast<char32_t>(byte & 0x07), 0x10000};
  return std::nullopt;
}

std::optional<char32_t> decode(std::string_view text, std::size_t& length) {
  length = 1;
  std::optional<Lead> lead = lead_of(static_cast<unsigned char>(text[0]));
  if (!lead || lead->length > text.size()) return std::nullopt;
  char32_t value = lead->bits;
  for (std::size_t i = 1; i < lead->length; ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80) return std::nullopt;
    value = value << 6 | (byte & 0x3f);
  }
  bool surrogate = value >= 0xd800 && value < 0xe000;
  if (value < lead->smallest || surrogate || value > 0x10ffff) return std::nullopt;
  length = lead->length;
  return value;
}

}  // namespace

std::optional<char32_t> take_character(std::string_view& text) {
  std::size_t length = 1;
  std::optional<char32_t> value = decode(text, length);
  text.remove_prefix(length);
  return value;
}

std::optional<std::size_t> count_characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    if (!take_character(text)) return std::nullopt;
  }
  return count;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    std::string_view before = text;
    std::optional<char32_t> value = take_character(text);
    bool control = value && (*value < 0x20 || (*value >= 0x7f && *value < 0xa0));
    std::string_view piece = before.substr(0, before.size() - text.size());
    if (!value) piece = "?";
    if (control) piece = " ";
    if (out.size() + piece.size() > limit) return out + "…";
    out += piece;
  }
  return out;
}

}  // namespace avstage::heygen
