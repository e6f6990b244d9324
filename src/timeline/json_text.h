#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "avstage/job.h"

/// JSON that remembers where everything stands. Comments are allowed; duplicate keys are errors.
namespace avstage::json_text {

struct Node;

struct Member {
  std::string key;         ///< "" in an array
  std::size_t offset = 0;  ///< of the key's opening quote
  Node* value = nullptr;
};

struct Node {
  enum class Type { null, boolean, number, string, array, object };
  Type type = Type::null;
  bool flag = false;  ///< of a boolean
  std::string text;   ///< a string's value, or a number as it was written: exactness is the reader's choice
  std::vector<Member> members;  ///< of an object or array, in the order of the text
  std::size_t offset = 0;       ///< of the first byte
  const Node* parent = nullptr;
  std::size_t index = 0;  ///< among the parent's members
  /// Where in `text` the value of a variable first stands; nullopt: every byte is the author's own.
  std::optional<std::size_t> variable_at;
};

/// The tree and its text. Nodes live as long as the document; moving the document does not move them.
class Document {
 public:
  Document(std::string_view text, std::string file_name);

  Node& root() const { return *root_; }
  const std::string& file() const { return file_; }
  std::string_view text() const { return text_; }

  Mark mark(const Node& node) const { return mark_at(node.offset, pointer(node)); }
  /// Of the key `member` in `object`.
  Mark key_mark(const Node& object, const Member& member) const;
  Mark mark_at(std::size_t offset, std::string json_pointer) const;
  static std::string pointer(const Node& node);

 private:
  friend class Builder;
  std::string text_;
  std::string file_;
  std::vector<std::size_t> line_starts_;
  std::deque<Node> nodes_;
  Node* root_ = nullptr;
};

/// Error{usage} "file:line:column (pointer): found …; allowed: …" for anything that is not one JSON value in
/// UTF-8, of at most 16 MiB, 64 levels and 500000 values.
Document parse(std::string_view text, const std::string& file_name);

}  // namespace avstage::json_text
