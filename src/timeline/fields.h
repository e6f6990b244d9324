#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "timeline/value.h"

namespace avstage {

/// One key of an object of the job: the table of an object is all there is to know of its shape. `read`
/// checks the value's type and range and stores it.
template <typename Draft>
struct Field {
  std::string_view key;
  void (*read)(const Value& value, Draft& draft);
};

template <typename Draft>
using Fields = std::span<const Field<Draft>>;

/// Reads every key of `object` by its line in one of the tables; a key without a line is an error.
/// `what` names the object in messages: "a clip".
template <typename Draft>
void read_fields(const Value& object, std::string_view what, std::initializer_list<Fields<Draft>> tables,
                 Draft& draft) {
  std::vector<std::string_view> keys;
  for (Fields<Draft> table : tables) {
    for (const Field<Draft>& field : table) keys.push_back(field.key);
  }
  object.expect_object(fmt::format("{} {{ … }} with the keys {}", what, joined(keys)));
  for (const json_text::Member& member : object.node().members) {
    const Field<Draft>* match = nullptr;
    for (Fields<Draft> table : tables) {
      for (const Field<Draft>& field : table) {
        if (field.key == member.key) match = &field;
      }
    }
    if (match == nullptr) object.refuse_key(member, what, keys);
    match->read(object.child(member), draft);
  }
}

}  // namespace avstage
