#include <nlohmann/json.hpp>

#include "timeline/readers.h"

namespace avstage {
namespace {

using Json = nlohmann::json;

/// The number with the value it was written with, or none at all: a 20-digit id must not become a rounded
/// float.
Json number_of(const Value& value) {
  const std::string& text = value.node().text;
  Json number = Json::parse(text, nullptr, false);
  bool written_whole = text.find_first_of(".eE") == std::string::npos;
  if (!number.is_number() || number.is_number_float() == written_whole) {
    value.refuse("a number that fits 64 bits, or a text in double quotes");
  }
  return number;
}

Json json_of(const Value& value) {
  switch (value.node().type) {
    case Value::Type::null:
      return nullptr;
    case Value::Type::boolean:
      return value.node().flag;
    case Value::Type::number:
      return number_of(value);
    case Value::Type::string:
      return value.node().text;
    case Value::Type::array: {
      Json list = Json::array();
      for (const json_text::Member& member : value.node().members)
        list.push_back(json_of(value.child(member)));
      return list;
    }
    case Value::Type::object: {
      Json object = Json::object();
      for (const json_text::Member& member : value.node().members)
        object[member.key] = json_of(value.child(member));
      return object;
    }
  }
  return nullptr;
}

}  // namespace

std::string read_request(const Value& value) {
  std::string allowed = "the vendor's own request body { … }, not empty";
  value.expect_object(allowed);
  if (value.node().members.empty()) value.refuse(allowed);
  return json_of(value).dump();
}

}  // namespace avstage
