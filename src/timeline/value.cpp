#include "timeline/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/suggest.h"
#include "base/utf8.h"
#include "timeline/message.h"

namespace avstage {
namespace {

constexpr std::size_t max_name = 64;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

std::string joined(Choices words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= max_name && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

std::optional<double> parse_number(std::string_view text) {
  std::string_view digits = text.substr(text.substr(0, 1) == "-" ? 1 : 0);
  if (digits.empty() || !is_digit(digits[0])) return std::nullopt;
  if (digits[0] == '0' && digits.size() > 1 && is_digit(digits[1])) return std::nullopt;
  if (std::size_t point = digits.find('.'); point != std::string_view::npos) {
    if (point + 1 == digits.size() || !is_digit(digits[point + 1])) return std::nullopt;
  }
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view Value::key() const {
  return node_->parent != nullptr ? std::string_view(node_->parent->members[node_->index].key) : "";
}

std::optional<Value> Value::find(std::string_view key) const {
  for (const json_text::Member& member : node_->members) {
    if (is(Type::object) && member.key == key) return child(member);
  }
  return std::nullopt;
}

std::string Value::found() const {
  switch (node_->type) {
    case Type::null:
      return "null";
    case Type::boolean:
      return node_->flag ? "true" : "false";
    case Type::number:
      return shown(node_->text);
    case Type::string:
      return in_quotes(node_->text);
    case Type::array:
      return node_->members.empty() ? "an empty list" : "a list";
    case Type::object:
      return "an object";
  }
  return "";
}

void Value::refuse(const std::string& allowed, const std::string& did_you_mean) const {
  fail(mark(), "value", found(), allowed, did_you_mean);
}

void Value::refuse_key(const json_text::Member& member, std::string_view what, Choices allowed) const {
  fail(document_->key_mark(*node_, member), "unknown_key",
       fmt::format("the unknown key {} in {}", in_quotes(member.key), what), joined(allowed),
       suggest(member.key, allowed));
}

void Value::refuse_missing(const std::string& missing, const std::string& allowed) const {
  fail(mark(), "missing", "no " + missing, allowed);
}

void Value::expect_object(const std::string& allowed) const {
  if (!is(Type::object)) refuse(allowed);
}

std::vector<Value> Value::items(std::string_view what, std::size_t max) const {
  if (!is(Type::array) || node_->members.empty()) refuse(fmt::format("a list [ … ] of {}", what));
  if (node_->members.size() > max) {
    fail(mark(), "too_many", fmt::format("{} {}", node_->members.size(), what),
         fmt::format("at most {}", max));
  }
  std::vector<Value> out;
  for (const json_text::Member& member : node_->members) out.push_back(child(member));
  return out;
}

const std::string& Value::text(const std::string& allowed) const {
  if (!is(Type::string)) refuse(allowed);
  return node_->text;
}

const std::string& Value::clean_text(const std::string& allowed, std::size_t max,
                                     std::string_view controls) const {
  const std::string& value = text(allowed);
  bool clean = std::none_of(value.begin(), value.end(), [&](char c) {
    return is_control(c) && controls.find(c) == std::string_view::npos;
  });
  bool blank = value.find_first_not_of(" \t\r\n") == std::string::npos;
  if (!clean || blank) refuse(allowed);
  if (std::size_t count = count_characters(value); count > max) {
    fail(mark(), "too_long", fmt::format("{} characters", count), allowed);
  }
  return value;
}

const std::string& Value::line(std::string_view what, std::size_t max) const {
  return clean_text(fmt::format("{} in one line of at most {} characters", what, max), max, "");
}

const std::string& Value::prose(std::string_view what, std::size_t max) const {
  return clean_text(fmt::format("{} of at most {} characters, with line breaks and tabs only", what, max),
                    max, "\n\r\t");
}

const std::string& Value::name(std::string_view what) const {
  std::string allowed = fmt::format(
      "{}: a letter or \"_\", then letters, digits, \"_\" and \"-\", at most {} characters", what, max_name);
  if (!is_name(text(allowed))) refuse(allowed);
  return node_->text;
}

bool Value::boolean() const {
  if (!is(Type::boolean)) refuse("true or false");
  return node_->flag;
}

double Value::number(double min, double max) const {
  std::string allowed = fmt::format("a number from {} to {}", min, max);
  std::optional<double> value = is(Type::number) ? parse_number(node_->text) : std::nullopt;
  if (!value || *value < min || *value > max) refuse(allowed);
  return *value;
}

std::int64_t Value::integer(std::int64_t min, std::int64_t max) const {
  std::int64_t value = 0;
  const char *first = node_->text.data(), *last = first + node_->text.size();
  bool whole = is(Type::number);
  if (whole) {
    auto [end, error] = std::from_chars(first, last, value);
    whole = error == std::errc() && end == last;
  }
  if (!whole || value < min || value > max) {
    refuse(min == max ? fmt::format("{}", min) : fmt::format("a whole number from {} to {}", min, max));
  }
  return value;
}

const std::string& Value::choice(Choices words) const {
  const std::string& value = text(joined(words));
  if (std::find(words.begin(), words.end(), value) == words.end())
    refuse(joined(words), suggest(value, words));
  return value;
}

}  // namespace avstage
