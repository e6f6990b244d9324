#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace avstage::json_text {

struct Token {
  std::size_t start = 0;
  std::size_t end = 0;
};

/// Walks over the tokens of text that the JSON library has already found well-formed that far.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  /// The next string, number, word or bracket; commas, colons, white space and comments are passed over.
  Token next_token();
  /// The token in which the library stopped after reading `position` bytes; empty at the end of the text.
  Token failed_token(std::size_t position) const;
  /// Where the comma stands that has nothing but `closing`, a bracket, behind it.
  std::optional<std::size_t> trailing_comma(Token closing) const;
  std::string_view text() const { return text_; }

 private:
  std::size_t skip_space(std::size_t at) const;
  std::size_t token_end(std::size_t at) const;

  std::string_view text_;
  std::size_t at_ = 0;
};

struct SyntaxError {
  std::size_t offset = 0;
  std::string found;
  std::string allowed;
};

/// Says in this project's words what the library said in its own.
SyntaxError explain_syntax_error(const Cursor& cursor, std::size_t position,
                                 std::string_view library_message);

}  // namespace avstage::json_text
