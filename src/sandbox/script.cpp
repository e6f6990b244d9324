#include "sandbox/script.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace avstage::sandbox {
namespace {

constexpr std::size_t kMaxPiece = 300;
constexpr double kMaxPause = 60;
constexpr double kEmptyPause = 0.5;

/// The plain letters of U+00C0 to U+017F, one for each code point.
constexpr std::string_view kLatin =
    "AAAAAAACEEEEIIIIDNOOOOO OUUUUYTsaaaaaaaceeeeiiiidnooooo ouuuuyty"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiJjJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTt"
    "UuUuUuUuUuUuWwYyYZzZzZzs";
static_assert(kLatin.size() == 0x180 - 0xC0);

/// The code point at `at`, which moves on; the text is valid UTF-8 (the JSON parser saw to that).
char32_t next_code_point(std::string_view text, std::size_t& at) {
  auto byte = static_cast<unsigned char>(text[at++]);
  if (byte < 0x80) return byte;
  int more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
  char32_t code = byte & (0x3F >> more);
  for (; more > 0 && at < text.size(); --more)
    code = code << 6 | (static_cast<unsigned char>(text[at++]) & 0x3F);
  return code;
}

bool is_sentence_end(char32_t code) {
  return code == '.' || code == '!' || code == '?' || code == '\n' || code == 0x3002 || code == 0xFF01 ||
         code == 0xFF1F || code == 0x0964;
}

/// What the voices can say for one code point.
std::string spoken(char32_t code) {
  constexpr std::array<std::string_view, 12> kSyllables = {"la", "me", "so", "ta",  "ne", "ko",
                                                           "ri", "ma", "du", "bay", "no", "shee"};
  if (code >= 0x20 && code < 0x7F) return {static_cast<char>(code)};
  if (code >= 0xC0 && code < 0x180) return {kLatin[code - 0xC0]};
  if (code == 0x2018 || code == 0x2019) return "'";
  if (is_sentence_end(code)) return ".";
  bool letter = (code >= 0x370 && code < 0x2000) || (code >= 0x2E80 && code < 0x3000) ||
                (code >= 0x3040 && code < 0xD800) || (code >= 0xF900 && code < 0xFE00) ||
                (code >= 0x20000 && code < 0x30000);
  return letter ? std::string(kSyllables[code % kSyllables.size()]) + " " : " ";
}

bool can_be_said(const std::string& words) {
  return std::any_of(words.begin(), words.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

/// A <break …/> tag at `at`: its seconds, and `at` behind it; a negative number when there is none.
double read_break(std::string_view text, std::size_t& at) {
  constexpr std::string_view kOpen = "<break";
  if (text.substr(at, kOpen.size()) != kOpen) return -1;
  std::size_t end = text.find('>', at);
  if (end == std::string_view::npos) return -1;
  std::string_view tag = text.substr(at, end - at);
  at = end + 1;
  std::size_t value = tag.find_first_of("0123456789.");
  if (value == std::string_view::npos) return 0;
  double number = std::strtod(std::string(tag.substr(value)).c_str(), nullptr);
  bool milliseconds = tag.find("ms") != std::string_view::npos;
  return std::clamp(milliseconds ? number / 1000 : number, 0.0, kMaxPause);
}

void finish_piece(std::vector<Piece>& pieces, std::string& words) {
  if (can_be_said(words)) pieces.push_back({words, 0});
  words.clear();
}

}  // namespace

std::vector<Piece> cut_script(const std::string& text) {
  std::vector<Piece> pieces;
  std::string words;
  for (std::size_t at = 0; at < text.size();) {
    if (double pause = read_break(text, at); pause >= 0) {
      finish_piece(pieces, words);
      if (pause > 0) pieces.push_back({"", pause});
      continue;
    }
    char32_t code = next_code_point(text, at);
    words += spoken(code);
    bool decimal_point =
        code == '.' && at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]));
    bool too_long = words.size() >= kMaxPiece && words.back() == ' ';
    if ((is_sentence_end(code) && !decimal_point) || too_long || words.size() >= 2 * kMaxPiece) {
      finish_piece(pieces, words);
    }
  }
  finish_piece(pieces, words);
  if (pieces.empty()) pieces.push_back({"", kEmptyPause});
  return pieces;
}

std::size_t utf8_length(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace avstage::sandbox
