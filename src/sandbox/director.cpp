#include "sandbox/director.h"

#include <algorithm>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "sandbox/workshop.h"

namespace avstage::sandbox {
namespace {

Script load(const std::string& path) {
  if (path.empty()) return {};
  std::string text;
  try {
    text = read_file(path, std::size_t(16) << 20);
  } catch (const Error& e) {
    throw Error(ErrorCode::usage, e.message(), e.name());
  }
  return read_script(text, path);
}

Knobs laid_over(Knobs knobs, const std::string& header) {
  if (header.empty()) return knobs;
  try {
    return read_header_knobs(header, std::move(knobs));
  } catch (const Error& e) {
    throw ApiError{400, "invalid_parameter", e.message(), "X-Sandbox-Fault"};
  }
}

struct StatusWord {
  int status;
  const char* code;
  int number;
  const char* message;
};

constexpr StatusWord kStatusWords[] = {
    {400, "invalid_parameter", 400175, "Invalid parameter"},
    {401, "unauthorized", 400112, "Unauthorized"},
    {402, "insufficient_credit", 900001, "Insufficient credit"},
    {403, "forbidden", 400562, "Forbidden"},
    {404, "not_found", 40031, "Not found"},
    {409, "conflict", 400175, "Conflict"},
    {413, "payload_too_large", 400175, "Payload too large"},
    {422, "invalid_parameter", 400175, "Unprocessable request"},
    {429, "rate_limit_exceeded", 400123, "Rate limit exceeded"},
    {504, "gateway_timeout", 504, "Gateway timeout"},
};

}  // namespace

Director::Director(const std::string& script_path) : script_(load(script_path)) {}

const Rule* Director::rule_of(const Video& video) const {
  for (const Rule& rule : script_.orders) {
    bool dialect = rule.dialect.empty() || (rule.dialect == "v2") == (video.dialect == Dialect::v2);
    bool number = rule.number == 0 || rule.number == video.number;
    if (dialect && number && video.title.find(rule.title) != std::string::npos) return &rule;
  }
  return nullptr;
}

Knobs Director::of_request(const std::string& header) const {
  return laid_over(script_.knobs, header);
}

Knobs Director::of_video(const Video& video, const std::string& header) const {
  const Rule* rule = rule_of(video);
  return laid_over(laid_over(rule != nullptr ? rule->knobs : script_.knobs, video.knobs), header);
}

std::string Director::next_create(const Video& order, const Knobs& knobs) {
  std::lock_guard lock(mutex_);
  std::string word = knobs.create.at(creates_[rule_of(order)]++);
  return word.empty() ? "ok" : word;
}

std::string Director::next_poll(const Video& video, const Knobs& knobs) {
  std::lock_guard lock(mutex_);
  std::string word = knobs.poll.at(lives_[video.id].asked.polls++);
  return word.empty() ? "ok" : word;
}

CdnFault Director::next_download(const Video& video, const Knobs& knobs) {
  std::lock_guard lock(mutex_);
  std::size_t n = lives_[video.id].asked.downloads++;
  auto early = static_cast<std::size_t>(knobs.url_not_ready);
  if (n >= early) return knobs.cdn.at(n - early);
  CdnFault fault;
  fault.status = 404;
  return fault;
}

bool Director::withholds_url(const Video& video, const Knobs& knobs) {
  std::lock_guard lock(mutex_);
  return lives_[video.id].asked.completed_polls++ < static_cast<std::size_t>(knobs.without_url);
}

std::string Director::scripted_status(const Video& video, const Knobs& knobs, bool call) {
  const std::vector<StatusStep>& steps = knobs.statuses;
  if (steps.empty()) return "";
  std::lock_guard lock(mutex_);
  Life& life = lives_[video.id];
  std::int64_t now = unix_milliseconds();
  if (life.entered_ms == 0) life.entered_ms = video.created_ms;
  life.step = std::min(life.step, steps.size() - 1);
  auto move_on = [&life](std::int64_t when) {
    ++life.step;
    life.entered_ms = when;
    life.said = false;
  };
  bool word_is_over = call && life.said && !steps[life.step].seconds;
  if (word_is_over && life.step + 1 < steps.size()) move_on(now);
  while (steps[life.step].seconds && life.step + 1 < steps.size()) {
    auto until = life.entered_ms + static_cast<std::int64_t>(*steps[life.step].seconds * 1000);
    if (now < until) break;
    move_on(until);
  }
  life.said |= call;
  return steps[life.step].status;
}

Asked Director::asked(const std::string& video_id) const {
  std::lock_guard lock(mutex_);
  auto found = lives_.find(video_id);
  return found == lives_.end() ? Asked{} : found->second.asked;
}

ApiError scripted_error(const std::string& word, const Knobs& knobs) {
  int status = status_of_word(word);
  StatusWord found{status, "internal_error", status, "Internal error"};
  for (const StatusWord& known : kStatusWords) {
    if (known.status == status) found = known;
  }
  ApiError error{status, found.code, found.message, "", found.number};
  error.envelope = knobs.envelope;
  if (status == 429 || status == 503) error.retry_after = knobs.retry_after;
  return error;
}

}  // namespace avstage::sandbox
