#include "sandbox/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "sandbox/clip_spec.h"

namespace avstage::sandbox {
using nlohmann::json;

Fields::Fields(const json& object, std::string path) : object_(object), path_(std::move(path)) {
  if (object.is_object()) return;
  std::string where = path_.empty() ? "the request body" : path_;
  throw ApiError{400, "invalid_parameter", where + " is invalid: must be an object", path_};
}

std::string Fields::path_of(const char* name) const {
  return path_.empty() ? name : path_ + "." + name;
}

void Fields::refuse(const char* name, const std::string& reason) const {
  std::string path = path_of(name);
  throw ApiError{400, "invalid_parameter", path + " is invalid: " + reason, path};
}

bool Fields::has(const char* name) const {
  auto found = object_.find(name);
  return found != object_.end() && !found->is_null();
}

std::string Fields::text(const char* name) const {
  if (!has(name)) refuse(name, "is required");
  std::string value = text_or(name, "");
  if (value.empty()) refuse(name, "must not be empty");
  return value;
}

std::string Fields::text_or(const char* name, const std::string& otherwise) const {
  if (!has(name)) return otherwise;
  if (!value(name).is_string()) refuse(name, "must be a string");
  return value(name);
}

std::string Fields::word(const char* name, std::initializer_list<std::string_view> allowed,
                         const char* otherwise) const {
  std::string given = text_or(name, otherwise);
  if (std::find(allowed.begin(), allowed.end(), given) == allowed.end()) {
    refuse(name, fmt::format("must be one of {}", fmt::join(allowed, ", ")));
  }
  return given;
}

double Fields::number(const char* name, Range range, double otherwise) const {
  if (!has(name)) return otherwise;
  if (!value(name).is_number()) refuse(name, "must be a number");
  double given = value(name);
  if (!(given >= range.low && given <= range.high)) {
    refuse(name, fmt::format("must be between {} and {}", range.low, range.high));
  }
  return given;
}

int Fields::integer(const char* name, Range range, std::optional<int> otherwise) const {
  if (!has(name)) {
    if (!otherwise) refuse(name, "is required");
    return *otherwise;
  }
  double given = number(name, range, 0);
  if (given != std::floor(given)) refuse(name, "must be a whole number");
  return static_cast<int>(given);
}

bool Fields::flag(const char* name) const {
  if (!has(name)) return false;
  if (!value(name).is_boolean()) refuse(name, "must be true or false");
  return value(name);
}

Color Fields::color(const char* name, Color otherwise) const {
  if (!has(name)) return otherwise;
  std::optional<Color> color = parse_hex_color(text_or(name, ""));
  if (!color) refuse(name, "must be a hex colour such as #FFFFFF");
  return *color;
}

Fields Fields::object(const char* name) const {
  if (!has(name)) refuse(name, "is required");
  return {value(name), path_of(name)};
}

const json& Fields::items(const char* name, std::size_t low, std::size_t high) const {
  if (!has(name)) refuse(name, "is required");
  const json& items = value(name);
  if (!items.is_array()) refuse(name, "must be an array");
  if (items.size() < low || items.size() > high) {
    refuse(name, fmt::format("must have {} to {} items", low, high));
  }
  return items;
}

void Fields::array(const char* name, std::size_t low, std::size_t high,
                   const std::function<void(const Fields&)>& each) const {
  const json& all = items(name, low, high);
  for (std::size_t i = 0; i < all.size(); ++i) each({all[i], fmt::format("{}.{}", path_of(name), i)});
}

std::string Fields::exactly_one(std::initializer_list<const char*> names) const {
  std::string found;
  for (const char* name : names) {
    if (!has(name)) continue;
    if (!found.empty()) refuse(name, fmt::format("only one of {} may be given", fmt::join(names, ", ")));
    found = name;
  }
  if (found.empty()) refuse(*names.begin(), fmt::format("one of {} is required", fmt::join(names, ", ")));
  return found;
}

}  // namespace avstage::sandbox
