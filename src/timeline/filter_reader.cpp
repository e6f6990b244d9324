#include <fmt/format.h>

#include <limits>

#include "base/suggest.h"
#include "timeline/message.h"
#include "timeline/readers.h"

namespace avstage {
namespace {

constexpr std::size_t max_filters = 100, max_param_text = 10'000;

ParamValue read_param(const Value& value) {
  switch (value.node().type) {
    case Value::Type::boolean:
      return value.node().flag;
    case Value::Type::number: {
      constexpr double limit = std::numeric_limits<double>::max();
      return value.number(-limit, limit);
    }
    case Value::Type::string:
      return value.prose("a text", max_param_text);
    default:
      value.refuse("a number, true, false or a text in double quotes");
  }
}

void read_params(const Value& params, FilterSpec& spec) {
  params.expect_object(fmt::format("the parameters of {} as an object {{ … }}", in_quotes(spec.name)));
  for (const json_text::Member& member : params.node().members) {
    Value value = params.child(member);
    if (spec.name == "lavfi" && member.key == "filter") {
      spec.lavfi = value.name("the name of one of libavfilter's filters");
    } else {
      spec.params[member.key] = read_param(value);
    }
  }
  if (spec.name == "lavfi" && spec.lavfi.empty()) {
    params.refuse_missing("\"filter\"", "the name of one of libavfilter's filters under \"filter\"");
  }
}

FilterSpec read_filter(const Value& value) {
  FilterSpec spec;
  spec.mark = value.mark();
  if (value.is(Value::Type::string)) {
    spec.name = value.name("the name of a filter");
    if (spec.name == "lavfi") value.refuse("{ \"lavfi\": { \"filter\": NAME, … } }");
    return spec;
  }
  bool one_key = value.is(Value::Type::object) && value.node().members.size() == 1;
  if (!one_key) value.refuse("a filter as NAME or { NAME: { parameters } }, one in each item of the list");
  const json_text::Member& member = value.node().members[0];
  if (!is_name(member.key)) {
    fail(value.document().key_mark(value.node(), member), "value", in_quotes(member.key),
         "the name of a filter");
  }
  spec.name = member.key;
  read_params(value.child(member), spec);
  return spec;
}

}  // namespace

std::vector<FilterSpec> read_filters(const Value& list) {
  std::vector<FilterSpec> filters;
  for (const Value& item : list.items("filters", max_filters)) filters.push_back(read_filter(item));
  return filters;
}

}  // namespace avstage
