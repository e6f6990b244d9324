#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "timeline/avatar_fields.h"
#include "timeline/message.h"
#include "timeline/words.h"

/// What an avatar clip says of media that the vendor is to use.
namespace avstage {
namespace {

constexpr std::size_t max_url = 2000, max_template_variables = 200;
/// In the order of TemplateVariable::Kind, without text; the first three name media.
constexpr std::string_view kind_words[] = {"image", "video", "audio", "voice", "avatar", "talking_photo"};
constexpr int kMedia = 3;

TemplateVariable read_variable(const Value& value, const std::string& base_dir) {
  TemplateVariable out;
  if (value.is(Value::Type::string)) {
    out.value = value.prose("a text", max_text);
    return out;
  }
  std::string allowed = "a text, or an object with exactly one of " + joined(kind_words);
  value.expect_object(allowed);
  if (value.node().members.size() != 1) value.refuse(allowed);
  const json_text::Member& member = value.node().members.front();
  auto word = std::find(std::begin(kind_words), std::end(kind_words), member.key);
  if (word == std::end(kind_words)) value.refuse_key(member, "a variable", kind_words);
  out.kind = static_cast<TemplateVariable::Kind>(word - std::begin(kind_words) + 1);
  Value inner = value.child(member);
  if (word < std::begin(kind_words) + kMedia) {
    out.media = read_asset(inner, base_dir);
  } else {
    out.value = inner.line("an id", max_identifier);
  }
  return out;
}

}  // namespace

AssetRef read_asset(const Value& value, const std::string& base_dir) {
  std::string allowed = "a local file's path, a URL that begins with \"https://\", or { \"asset\": id }";
  AssetRef out;
  out.mark = value.mark();
  if (value.is(Value::Type::object)) {
    if (value.node().members.size() != 1 || !value.find("asset")) value.refuse(allowed);
    out.asset_id = value.find("asset")->line("an asset id", max_identifier);
    return out;
  }
  const std::string& text = value.text(allowed);
  if (text.find("://") == std::string::npos) {
    out.file = read_input_path(value, base_dir);
    return out;
  }
  bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c != 0x7f; });
  if (!text.starts_with("https://") || text.size() > max_url || !plain) value.refuse(allowed);
  out.url = text;
  return out;
}

std::vector<TemplateVariable> read_template_variables(const Value& value, const std::string& base_dir) {
  std::string allowed =
      fmt::format("an object with a value for each name, at most {}", max_template_variables);
  value.expect_object(allowed);
  if (value.node().members.size() > max_template_variables) value.refuse(allowed);
  std::vector<TemplateVariable> out;
  for (const json_text::Member& member : value.node().members) {
    out.push_back(read_variable(value.child(member), base_dir));
    out.back().name = member.key;
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

}  // namespace avstage
