#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "avstage/job.h"
#include "timeline/json_text.h"

namespace avstage {

using Choices = std::span<const std::string_view>;

/// "a, b, c", for messages.
std::string joined(Choices words);

/// One value of the job text with its place. Each reader below answers exactly what it says or throws
/// Error{usage} with the place, what was found and what is allowed. Cheap to copy; the document must live.
class Value {
 public:
  using Type = json_text::Node::Type;

  Value(const json_text::Document& document, const json_text::Node& node)
      : document_(&document), node_(&node) {}

  const json_text::Document& document() const { return *document_; }
  const json_text::Node& node() const { return *node_; }
  Mark mark() const { return document_->mark(*node_); }
  bool is(Type type) const { return node_->type == type; }
  bool is_text(std::string_view text) const { return is(Type::string) && node_->text == text; }
  /// The key it stands under, "" in a list.
  std::string_view key() const;
  Value child(const json_text::Member& member) const { return {*document_, *member.value}; }
  /// In an object; nullopt when there is no such key.
  std::optional<Value> find(std::string_view key) const;

  /// What stands here, for messages: `"text"`, `1.5`, "an object".
  std::string found() const;
  [[noreturn]] void refuse(const std::string& allowed, const std::string& did_you_mean = "") const;
  [[noreturn]] void refuse_key(const json_text::Member& member, std::string_view what, Choices allowed) const;
  [[noreturn]] void refuse_missing(const std::string& missing, const std::string& allowed) const;

  void expect_object(const std::string& allowed) const;
  /// At least one item, at most `max`.
  std::vector<Value> items(std::string_view what, std::size_t max) const;
  const std::string& text(const std::string& allowed) const;
  /// One line that is not blank, without control characters, of at most `max` characters.
  const std::string& line(std::string_view what, std::size_t max) const;
  /// Not blank; line breaks and tabs are the only control characters; at most `max` characters.
  const std::string& prose(std::string_view what, std::size_t max) const;
  /// A name that others refer to: a letter or "_", then letters, digits, "_" and "-".
  const std::string& name(std::string_view what) const;
  bool boolean() const;
  double number(double min, double max) const;
  std::int64_t integer(std::int64_t min, std::int64_t max) const;
  const std::string& choice(Choices words) const;

 private:
  const std::string& clean_text(const std::string& allowed, std::size_t max, std::string_view controls) const;

  const json_text::Document* document_;
  const json_text::Node* node_;
};

bool is_name(std::string_view text);
/// The whole of `text` as a JSON number that a double can hold; nullopt otherwise.
std::optional<double> parse_number(std::string_view text);

}  // namespace avstage
