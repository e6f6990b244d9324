#include "sandbox/notebook.h"

#include <filesystem>

#include "avstage/error.h"
#include "base/atomic_file.h"

namespace avstage::sandbox {
using nlohmann::json;

Notebook::Notebook(std::string file) : file_(std::move(file)) {
  if (!std::filesystem::exists(file_)) return;
  list_ = json::parse(read_file(file_), nullptr, false);
  if (!list_.is_array()) throw Error(ErrorCode::local, file_ + ": not a list of the sandbox", "record");
}

json Notebook::all() const {
  std::lock_guard lock(mutex_);
  return list_;
}

void Notebook::edit(const std::function<void(json& list)>& change) {
  std::lock_guard lock(mutex_);
  json changed = list_;
  change(changed);
  write_file_atomically(file_, changed.dump(1, ' ', false, json::error_handler_t::replace));
  list_ = std::move(changed);
}

}  // namespace avstage::sandbox
