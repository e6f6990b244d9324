#pragma once

#include <chrono>
#include <map>
#include <string>

#include "avstage/avstage.h"

namespace avstage::cli {

enum class ProgressStyle { line, plain, json, none };

/// "auto": a line that redraws itself on a terminal, plain lines elsewhere. Error{usage} for other words.
ProgressStyle parse_progress(const std::string& word);

/// Prints events on stderr: phase, per cent, time left, what is being waited for. One thread at a time.
class Progress {
 public:
  explicit Progress(ProgressStyle style) : style_(style) {}
  ~Progress() { clear(); }
  void operator()(const Event& event);
  void clear();

 private:
  using Time = std::chrono::steady_clock::time_point;
  void remember(const Event& event);
  std::string status() const;
  bool is_news(const Event& event) const;
  void print_json(const Event& event);

  ProgressStyle style_;
  std::string phase_;
  std::map<std::string, std::string> waiting_;
  std::int64_t done_ = 0, total_ = 0;
  Time begin_ = std::chrono::steady_clock::now(), last_{};
  bool drawn_ = false;
};

}  // namespace avstage::cli
