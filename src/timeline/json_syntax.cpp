#include "timeline/json_syntax.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "base/utf8.h"
#include "timeline/message.h"

namespace avstage::json_text {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_one_of(char c, std::string_view set) {
  return set.find(c) != npos;
}

struct Wording {
  std::string_view part;  ///< of the library's message
  bool inside = false;    ///< the very byte is wrong, not the token as a whole
  std::string_view allowed;
};

constexpr Wording wordings[] = {
    {"control character", true, R"(control characters as escapes such as \n or \u0007)"},
    {"after backslash", true, R"(\" \\ \/ \b \f \n \r \t or \uXXXX after a backslash)"},
    {"'\\u' must be", true, R"(four hexadecimal digits after \u)"},
    {"surrogate", true, R"(\uD800–\uDBFF only right before \uDC00–\uDFFF)"},
    {"missing closing quote", false, "a text with its closing quote"},
    {"invalid comment", false, "// to the end of the line, or /* … */"},
    {"invalid number", false, "a number such as 12 or -0.5"},
    {"number overflow", false, "a number below 1e308"},
    {"object key", false, "a key in double quotes (no comma after the last one)"},
    {"object separator", false, "\":\" after a key"},
    {"parsing object", false, "\",\" or \"}\""},
    {"parsing array", false, "\",\" or \"]\""},
    {"parsing value", false, "a value: text in double quotes, a number, true, false, null, { … } or [ … ]"},
};

/// Where the JSON number at `at` ends; at least one byte later.
std::size_t number_end(std::string_view text, std::size_t at) {
  auto digits = [&](std::size_t i) { return std::min(text.find_first_not_of("0123456789", i), text.size()); };
  std::size_t first = text[at] == '-' ? at + 1 : at;
  std::size_t end = text.substr(first, 1) == "0" ? first + 1 : digits(first);
  if (end < text.size() && text[end] == '.') end = digits(end + 1);
  if (end < text.size() && is_one_of(text[end], "eE")) {
    bool sign = end + 1 < text.size() && is_one_of(text[end + 1], "+-");
    end = digits(end + (sign ? 2 : 1));
  }
  return end;
}

std::string describe(std::string_view text, Token token) {
  if (token.start >= text.size()) return "the end of the text";
  std::string_view found = text.substr(token.start, std::min<std::size_t>(token.end - token.start, 24));
  return found.starts_with('"') ? shown(found) : in_quotes(found);
}

}  // namespace

std::size_t Cursor::skip_space(std::size_t at) const {
  for (;;) {
    while (at < text_.size() && is_one_of(text_[at], " \t\r\n")) ++at;
    std::string_view two = text_.substr(std::min(at, text_.size()), 2);
    std::string_view closing = two == "//" ? "\n" : two == "/*" ? "*/" : "";
    if (closing.empty()) return at;
    std::size_t end = text_.find(closing, at + 2);
    if (end == npos) return two == "//" ? text_.size() : at;
    at = end + closing.size();
  }
}

std::size_t Cursor::token_end(std::size_t at) const {
  if (at >= text_.size()) return text_.size();
  if (text_[at] == '"') {
    std::size_t end = at + 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    return std::min(end + 1, text_.size());
  }
  if (is_one_of(text_[at], "{}[],:")) return at + 1;
  if (is_one_of(text_[at], "-0123456789")) return number_end(text_, at);
  for (std::string_view word : {"true", "false", "null"}) {
    if (text_.substr(at, word.size()) == word) return at + word.size();
  }
  return std::min(text_.find_first_of(" \t\r\n{}[],:/\"", at + 1), text_.size());
}

Token Cursor::next_token() {
  std::size_t start = skip_space(at_);
  while (start < text_.size() && is_one_of(text_[start], ",:")) start = skip_space(start + 1);
  at_ = token_end(start);
  return {start, at_};
}

Token Cursor::failed_token(std::size_t position) const {
  std::size_t start = skip_space(at_);
  while (start + 1 < position && start < text_.size() && is_one_of(text_[start], ",:"))
    start = skip_space(start + 1);
  return {start, token_end(start)};
}

std::optional<std::size_t> Cursor::trailing_comma(Token closing) const {
  if (closing.start >= text_.size() || !is_one_of(text_[closing.start], "}]")) return std::nullopt;
  std::size_t comma = skip_space(at_);
  if (comma >= closing.start || text_[comma] != ',') return std::nullopt;
  return skip_space(comma + 1) == closing.start ? std::optional(comma) : std::nullopt;
}

SyntaxError explain_syntax_error(const Cursor& cursor, std::size_t position,
                                 std::string_view library_message) {
  Token token = cursor.failed_token(position);
  if (auto comma = cursor.trailing_comma(token)) {
    return {*comma, "a trailing comma", fmt::format("no comma before {}", describe(cursor.text(), token))};
  }
  library_message = library_message.substr(0, library_message.find("; last read"));  // the user's own words
  for (const Wording& wording : wordings) {
    if (library_message.find(wording.part) == npos) continue;
    std::size_t last = std::max<std::size_t>(position, 1) - 1;
    if (wording.inside && last >= token.start) token = {last, last + 1};
    return {token.start, describe(cursor.text(), token), std::string(wording.allowed)};
  }
  return {token.start, describe(cursor.text(), token), "JSON"};
}

}  // namespace avstage::json_text
