#pragma once

#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

namespace avstage::sandbox {

/// A list of JSON objects in one file that survives a restart. Any thread.
class Notebook {
 public:
  /// Reads what is there. Error{local} names a file that holds no list.
  explicit Notebook(std::string file);

  nlohmann::json all() const;
  /// Lets `change` edit the list, and has written it when it returns. If `change` throws, all stays as it
  /// was.
  void edit(const std::function<void(nlohmann::json& list)>& change);

 private:
  std::string file_;
  mutable std::mutex mutex_;
  nlohmann::json list_ = nlohmann::json::array();
};

}  // namespace avstage::sandbox
