#include "timeline/variables.h"

#include <fmt/format.h>

#include "base/suggest.h"
#include "base/utf8.h"
#include "timeline/fields.h"
#include "timeline/message.h"

namespace avstage {
namespace {

using json_text::Document;
using json_text::Member;
using json_text::Node;
using Type = Node::Type;

constexpr std::size_t max_variables = 1000;
constexpr std::size_t max_total = std::size_t(16) << 20;
constexpr std::string_view type_words[] = {"string", "number", "integer", "boolean"};

struct Variable {
  std::string type = "string";
  std::optional<Value> default_value;
  std::string text;  ///< the value, as it is written into a string
};
using Variables = std::map<std::string, Variable, std::less<>>;

constexpr Field<Variable> variable_fields[] = {
    {"type", [](const Value& v, Variable& d) { d.type = v.choice(type_words); }},
    {"default", [](const Value& v, Variable& d) { d.default_value = v; }},
};

bool is_integer(std::string_view text) {
  return parse_number(text).has_value() && text.find_first_of(".eE") == std::string_view::npos;
}

/// The default as text; its JSON type must be the declared one.
std::string default_text(const Variable& variable) {
  const Value& value = *variable.default_value;
  const std::string& type = variable.type;
  const Node& node = value.node();
  if (type == "boolean" && value.is(Type::boolean)) return node.flag ? "true" : "false";
  if (type == "string" && value.is(Type::string)) return node.text;
  if (type == "number" && value.is(Type::number)) return node.text;
  if (type == "integer" && value.is(Type::number) && is_integer(node.text)) return node.text;
  value.refuse(
      fmt::format("a default of the declared type {}, or another \"type\": {}", type, joined(type_words)));
}

void check_set(const std::string& name, const std::string& type, const std::string& text) {
  Mark mark;
  mark.file = "--set " + name;
  if (find_invalid_utf8(text) != std::string::npos) fail(mark, "variable", in_quotes(text), "text in UTF-8");
  bool good = type == "string" || (type == "boolean" && (text == "true" || text == "false")) ||
              (type == "number" && parse_number(text)) || (type == "integer" && is_integer(text));
  if (!good)
    fail(mark, "variable", in_quotes(text), type == "boolean" ? "true or false" : "a value of type " + type);
}

Variables declared_variables(const Value& root) {
  Variables out;
  auto vars = root.is(Type::object) ? root.find("vars") : std::nullopt;
  if (!vars) return out;
  vars->expect_object("an object with a variable under each key");
  if (vars->node().members.size() > max_variables)
    vars->refuse(fmt::format("at most {} variables", max_variables));
  for (const Member& member : vars->node().members) {
    if (!is_name(member.key)) {
      fail(vars->document().key_mark(vars->node(), member), "variable", "the name " + in_quotes(member.key),
           "a letter or \"_\", then letters, digits, \"_\" and \"-\"");
    }
    Variable& variable = out[member.key];
    read_fields<Variable>(vars->child(member), "a variable", {variable_fields}, variable);
    if (variable.default_value) variable.text = default_text(variable);
  }
  return out;
}

std::vector<std::string_view> names_of(const Variables& variables) {
  std::vector<std::string_view> names;
  for (const auto& [name, variable] : variables) names.push_back(name);
  return names;
}

std::string allowed_names(const Variables& variables) {
  return variables.empty() ? "no name, as the job declares none in \"vars\"" : joined(names_of(variables));
}

void apply_set(const Value& root, Variables& variables, const std::map<std::string, std::string>& set) {
  for (const auto& [name, text] : set) {
    auto variable = variables.find(name);
    if (variable == variables.end()) {
      Mark mark;
      mark.file = "--set " + shown(name);
      fail(mark, "variable", "the undeclared variable " + in_quotes(name), allowed_names(variables),
           suggest(name, names_of(variables)));
    }
    check_set(name, variable->second.type, text);
    variable->second.text = text;
  }
  for (const auto& [name, variable] : variables) {
    if (variable.default_value || set.contains(name)) continue;
    root.find("vars")->find(name)->refuse_missing("value for the variable " + in_quotes(name),
                                                  fmt::format("--set {}=…, or a \"default\"", name));
  }
}

class Substitution {
 public:
  Substitution(Document& document, const Variables& variables) : document_(document), variables_(variables) {}

  void run() {
    Node& root = document_.root();
    if (root.type != Type::object) return;
    for (Member& member : root.members) {
      if (member.key != "vars") visit(*member.value);
    }
  }

 private:
  void visit(Node& node) {
    for (Member& member : node.members) visit(*member.value);
    if (node.type == Type::string && node.text.find("${") != std::string::npos) substitute(node);
  }

  const Variable& variable(const Node& node, const std::string& name) const {
    auto found = variables_.find(name);
    if (found != variables_.end()) return found->second;
    fail(document_.mark(node), "variable", "the undefined variable " + in_quotes("${" + name + "}"),
         allowed_names(variables_) + "; \"$${\" for a literal \"${\"", suggest(name, names_of(variables_)));
  }

  void substitute(Node& node) {
    const std::string source = std::move(node.text);
    std::string out;
    std::string only_type;
    std::size_t at = 0;
    for (std::size_t open = source.find("${"); open != std::string::npos; open = source.find("${", at)) {
      if (open > at && source[open - 1] == '$') {
        out.append(source, at, open - 1 - at).append("${");
        at = open + 2;
        continue;
      }
      std::size_t close = source.find('}', open);
      if (close == std::string::npos) {
        fail(document_.mark(node), "variable", in_quotes(source.substr(open)) + " without a closing brace",
             "\"${name}\", or \"$${\" for a literal \"${\"");
      }
      const Variable& found = variable(node, source.substr(open + 2, close - open - 2));
      out.append(source, at, open - at);
      if (!node.variable_at) node.variable_at = out.size();
      add(node, out, found.text);
      at = close + 1;
      if (open == 0 && at == source.size()) only_type = found.type;
    }
    node.text = out.append(source, at);
    retype(node, only_type);
  }

  void add(const Node& node, std::string& out, const std::string& text) {
    total_ += text.size();
    if (total_ > max_total) {
      fail(document_.mark(node), "too_large", "more than 16 MiB of text from variables",
           "at most 16 MiB in a job");
    }
    out += text;
  }

  static void retype(Node& node, std::string_view type) {
    if (type == "number" || type == "integer") node.type = Type::number;
    if (type != "boolean") return;
    node.type = Type::boolean;
    node.flag = node.text == "true";
  }

  Document& document_;
  const Variables& variables_;
  std::size_t total_ = 0;
};

}  // namespace

void substitute_variables(Document& document, const std::map<std::string, std::string>& set) {
  Value root(document, document.root());
  Variables variables = declared_variables(root);
  apply_set(root, variables, set);
  Substitution(document, variables).run();
}

}  // namespace avstage
