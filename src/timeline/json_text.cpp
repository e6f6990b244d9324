#include "timeline/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/suggest.h"
#include "base/utf8.h"
#include "timeline/json_syntax.h"
#include "timeline/message.h"

namespace avstage::json_text {
namespace {

constexpr std::size_t max_bytes = std::size_t(16) << 20;
constexpr std::size_t max_depth = 64;
constexpr std::size_t max_values = 500'000;

std::string pointer_segment(std::string_view key) {
  std::string out = "/";
  for (char c : shown(key)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view without_bom(std::string_view text) {
  return text.substr(0, 3) == "\xEF\xBB\xBF" ? text.substr(3) : text;
}

}  // namespace

Document::Document(std::string_view text, std::string file_name)
    : text_(without_bom(text)), file_(std::move(file_name)), line_starts_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

std::string Document::pointer(const Node& node) {
  if (node.parent == nullptr) return "";
  const Node& parent = *node.parent;
  bool in_array = parent.type == Node::Type::array;
  return pointer(parent) +
         pointer_segment(in_array ? std::to_string(node.index) : parent.members[node.index].key);
}

Mark Document::mark_at(std::size_t offset, std::string json_pointer) const {
  auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  Mark mark;
  mark.file = shown(file_, 4096);
  mark.line = static_cast<int>(next - line_starts_.begin());
  mark.column = static_cast<int>(offset - *std::prev(next)) + 1;
  mark.pointer = std::move(json_pointer);
  return mark;
}

Mark Document::key_mark(const Node& object, const Member& member) const {
  return mark_at(member.offset, pointer(object) + pointer_segment(member.key));
}

/// Receives the JSON library's events and follows them through the text: the library tells neither where a
/// value stands nor how a number was written.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(Document& document) : document_(document), cursor_(document.text_) {}

  bool null() override {
    scalar(Node::Type::null);
    return true;
  }
  bool boolean(bool value) override {
    scalar(Node::Type::boolean).flag = value;
    return true;
  }
  bool number_integer(number_integer_t) override { return number(); }
  bool number_unsigned(number_unsigned_t) override { return number(); }
  bool number_float(number_float_t, const string_t&) override { return number(); }
  bool string(string_t& value) override {
    scalar(Node::Type::string).text = std::move(value);
    return true;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Node::Type::object); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Node::Type::array); }
  bool end_array() override { return close(); }

  bool key(string_t& value) override {
    Node& object = *open_.back().node;
    Member member{std::move(value), cursor_.next_token().start, nullptr};
    auto [first, is_new] = open_.back().keys.emplace(member.key, member.offset);
    if (!is_new) {
      Mark before = document_.mark_at(first->second, "");
      fail(document_.key_mark(object, member), "duplicate_key",
           "the key " + in_quotes(member.key) + " a second time",
           fmt::format("each key once (the first is in line {}, column {})", before.line, before.column));
    }
    object.members.push_back(std::move(member));
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    SyntaxError found = explain_syntax_error(cursor_, position, error.what());
    if (open_.empty() && document_.root_ != nullptr)
      found.allowed = "nothing after the job's closing bracket";
    std::string where = open_.empty() ? "" : Document::pointer(*open_.back().node);
    fail(document_.mark_at(found.offset, where), "syntax", found.found, found.allowed);
  }

 private:
  struct Level {
    Node* node;
    std::unordered_map<std::string, std::size_t> keys;
  };

  Node& scalar(Node::Type type) { return add(type, cursor_.next_token()); }

  bool number() {
    Token token = cursor_.next_token();
    add(Node::Type::number, token).text = document_.text_.substr(token.start, token.end - token.start);
    return true;
  }

  bool open(Node::Type type) {
    Token token = cursor_.next_token();
    Node& node = add(type, token);
    if (open_.size() == max_depth) {
      fail(document_.mark_at(token.start, ""), "too_deep", "lists and objects in more than 64 levels",
           "at most 64 levels");
    }
    open_.push_back({&node, {}});
    return true;
  }

  bool close() {
    cursor_.next_token();
    open_.pop_back();
    return true;
  }

  Node& add(Node::Type type, Token token) {
    if (document_.nodes_.size() == max_values) {
      fail(document_.mark_at(token.start, ""), "too_large", "more than 500000 values",
           "at most 500000 values");
    }
    Node& node = document_.nodes_.emplace_back();
    node.type = type;
    node.offset = token.start;
    if (open_.empty()) {
      document_.root_ = &node;
      return node;
    }
    Node& parent = *open_.back().node;
    if (parent.type == Node::Type::array) parent.members.push_back({"", token.start, nullptr});
    node.parent = &parent;
    node.index = parent.members.size() - 1;
    parent.members.back().value = &node;
    return node;
  }

  Document& document_;
  Cursor cursor_;
  std::vector<Level> open_;
};

Document parse(std::string_view text, const std::string& file_name) {
  if (text.size() > max_bytes) {
    Mark mark;
    mark.file = shown(file_name, 4096);
    fail(mark, "too_large", fmt::format("{} bytes", text.size()), fmt::format("at most {} bytes", max_bytes));
  }
  Document document(text, file_name);
  text = document.text();
  if (std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    fail(document.mark_at(nul, ""), "syntax", "a NUL byte, as in films and pictures", "JSON text");
  }
  if (std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    fail(document.mark_at(bad, ""), "syntax",
         fmt::format("the byte 0x{:02x}", static_cast<unsigned char>(text[bad])), "text in UTF-8");
  }
  Builder builder(document);
  nlohmann::json::sax_parse(text.data(), text.data() + text.size(), &builder,
                            nlohmann::json::input_format_t::json, true, true);
  return document;
}

}  // namespace avstage::json_text
