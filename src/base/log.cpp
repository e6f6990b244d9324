#include "base/log.h"

#include <algorithm>
#include <array>
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

constexpr std::string_view kEndOfUrl = " \t\r\n\"'<>|";

/// Behind the "://" that starts at `at`, also as JSON may write it: ":\/\/".
std::size_t behind_scheme(std::string_view text, std::size_t at) {
  for (std::string_view mark : {std::string_view("://"), std::string_view(":\\/\\/")}) {
    if (text.substr(at, mark.size()) == mark) return at + mark.size();
  }
  return std::string_view::npos;
}

/// Addresses without user, password and query.
std::string without_queries(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find(':'); at != std::string_view::npos;
       at = text.find(':', std::max(at + 1, done))) {
    std::size_t host = behind_scheme(text, at);
    if (host == std::string_view::npos) continue;
    std::size_t end = std::min(text.find_first_of(kEndOfUrl, host), text.size());
    std::string_view url = text.substr(host, end - host);
    std::string_view plain = url.substr(0, url.find('?'));
    std::size_t user_end = plain.substr(0, plain.find_first_of("/\\")).rfind('@');
    out += text.substr(done, host - done);
    if (user_end != std::string_view::npos) {
      out += "…";
      plain.remove_prefix(user_end);
    }
    out += plain;
    if (url.find('?') != std::string_view::npos) out += "?…";
    done = end;
  }
  out += text.substr(done);
  return out;
}

/// What signs a URL, where it stands without the URL's beginning.
std::string without_signatures(std::string text) {
  constexpr std::array<std::string_view, 5> names{"Signature=", "Signature%3D",
                                                  "Policy=", "Credential=", "Security-Token="};
  for (std::string_view name : names) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
      std::size_t end = text.find_first_of(" \t\r\n\"'<>|&\\,;)", at + name.size());
      text.replace(at, std::min(end, text.size()) - at, "…");
    }
  }
  return text;
}

std::string redact_locked(State& s, std::string_view text) {
  std::string out(text);
  for (const std::string& secret : s.secrets) replace_all(out, secret, "***");
  return without_signatures(without_queries(out));
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
  if (std::find(s.secrets.begin(), s.secrets.end(), secret) == s.secrets.end()) s.secrets.push_back(secret);
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
