#pragma once

#include <functional>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "avstage/job.h"
#include "sandbox/api_error.h"

namespace avstage::sandbox {

struct Range {
  double low, high;
};

/// Reads one JSON object of a request. Whatever is wrong throws ApiError 400 "invalid_parameter" with the
/// field's path: "video_inputs.0.voice.speed is invalid: must be between 0.5 and 1.5". A null is as good as
/// absent; unknown fields are ignored, as the vendor does.
class Fields {
 public:
  Fields(const nlohmann::json& object, std::string path);

  bool has(const char* name) const;
  std::string text(const char* name) const;  ///< required, not empty
  std::string text_or(const char* name, const std::string& otherwise) const;
  std::string word(const char* name, std::initializer_list<std::string_view> allowed,
                   const char* otherwise) const;
  double number(const char* name, Range range, double otherwise) const;
  int integer(const char* name, Range range, std::optional<int> otherwise) const;
  bool flag(const char* name) const;  ///< false when absent
  Color color(const char* name, Color otherwise) const;
  Fields object(const char* name) const;  ///< required
  /// An array, which is required and has `low` to `high` elements.
  const nlohmann::json& items(const char* name, std::size_t low, std::size_t high) const;
  /// The same, calling `each` with every element, all of them objects.
  void array(const char* name, std::size_t low, std::size_t high,
             const std::function<void(const Fields&)>& each) const;
  /// The name of the one field that is given; none or several are an error.
  std::string exactly_one(std::initializer_list<const char*> names) const;

  const nlohmann::json& value(const char* name) const { return object_.at(name); }
  [[noreturn]] void refuse(const char* name, const std::string& reason) const;

 private:
  std::string path_of(const char* name) const;

  const nlohmann::json& object_;
  std::string path_;
};

}  // namespace avstage::sandbox
