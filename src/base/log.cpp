#include "base/log.h"

#include <cstdio>
#include <mutex>
#include <vector>

namespace avstage::log {
namespace {

struct State {
  std::mutex mutex;
  Level level = Level::warning;
  std::vector<std::string> secrets;
  Sink sink;
};

State& state() {
  static State* s = new State;  // never destroyed: other threads may log until the very end
  return *s;
}

void to_stderr(Level level, std::string_view line) {
  const char* word = level == Level::error ? "error: " : level == Level::warning ? "warning: " : "";
  std::fprintf(stderr, "avstage: %s%.*s\n", word, static_cast<int>(line.size()), line.data());
}

void replace_all(std::string& text, const std::string& what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string without_queries(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  for (;;) {
    std::size_t scheme = text.find("://", done);
    if (scheme == std::string_view::npos) break;
    std::size_t end = scheme + 3;
    constexpr std::string_view stop = " \t\r\n\"'<>|";
    while (end < text.size() && stop.find(text[end]) == std::string_view::npos && text[end] != '?') ++end;
    out += text.substr(done, end - done);
    done = end;
    if (end < text.size() && text[end] == '?') {
      while (done < text.size() && stop.find(text[done]) == std::string_view::npos) ++done;
      out += "?…";
    }
  }
  out += text.substr(done);
  return out;
}

std::string redact_locked(State& s, std::string_view text) {
  std::string out = without_queries(text);
  for (const std::string& secret : s.secrets) replace_all(out, secret, "***");
  return out;
}

}  // namespace

Sink set_sink(Sink sink) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  std::swap(s.sink, sink);
  return sink;
}

void set_level(Level level) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.level = level;
}

void add_secret(const std::string& secret) {
  if (secret.size() < 4) return;  // would blank out ordinary text
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.secrets.push_back(secret);
}

std::string redact(std::string_view text) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  return redact_locked(s, text);
}

void write(Level level, std::string_view line) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  if (level > s.level) return;
  std::string clean = redact_locked(s, line);
  if (s.sink) {
    s.sink(level, clean);
  } else {
    to_stderr(level, clean);
  }
}

}  // namespace avstage::log
