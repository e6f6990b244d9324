#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace avstage::log {

enum class Level { error, warning, info, debug };

/// Receives one line without its line break, already free of secrets. Called under a lock: must not log.
using Sink = std::function<void(Level, std::string_view)>;

/// Replaces the sink (default: stderr, warnings and errors) and returns the one before. Any thread.
Sink set_sink(Sink sink);
void set_level(Level level);

/// A text that must never be written anywhere, such as the API key. It is replaced by "***" in every line
/// and by redact(). Any thread.
void add_secret(const std::string& secret);

/// `text` without registered secrets, with the query of every URL replaced by "?…", its user and password by
/// "…", and without loose parts of a signature: signed URLs are credentials. Everything that goes to a log, a
/// message, a ledger or a manifest passes through here.
std::string redact(std::string_view text);

void write(Level level, std::string_view line);

template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace avstage::log
