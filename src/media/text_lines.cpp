#include "media/text_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "avstage/error.h"

namespace avstage::media {
namespace {

bool is_continuation(unsigned char c) {
  return (c & 0xc0) == 0x80;
}

/// Bytes of the character at `at`; 0 when it is not valid UTF-8 (over-long forms and surrogates included).
std::size_t character_length(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > text.size()) return 0;
  std::uint32_t code = lead & (0xff >> (length + 1));
  for (std::size_t i = at + 1; i < at + length; ++i) {
    if (!is_continuation(byte(i))) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000) || code > 0x10ffff) return 0;
  return code >= 0xd800 && code <= 0xdfff ? 0 : length;
}

void require_plain_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = character_length(text, at);
    auto c = static_cast<unsigned char>(text[at]);
    if (length == 0) {
      throw Error(ErrorCode::usage, fmt::format("text is not valid UTF-8: byte {:#04x} at {}", c, at));
    }
    if (c == 0x7f || (c < 0x20 && c != '\n' && c != '\r' && c != '\t')) {
      throw Error(
          ErrorCode::usage,
          fmt::format("text holds the control character U+{:04X} at {}; allowed are line breaks and tabs",
                      static_cast<unsigned>(c), at));
    }
    at += length;
  }
}

}  // namespace

std::vector<std::string> text_lines(std::string_view text) {
  require_plain_utf8(text);
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n' || text[i] == '\r') {
      lines.emplace_back();
    } else {
      lines.back() += text[i];
    }
  }
  return lines;
}

std::size_t count_characters(std::string_view text) {
  auto continuations = std::count_if(text.begin(), text.end(),
                                     [](char c) { return is_continuation(static_cast<unsigned char>(c)); });
  return text.size() - static_cast<std::size_t>(continuations);
}

}  // namespace avstage::media
