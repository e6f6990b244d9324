#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "base/secrets.h"
#include "heygen/answer.h"

namespace avstage::heygen {
namespace {

[[noreturn]] void fail(const std::string& message, const char* name) {
  throw Error(ErrorCode::usage, message, name);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string without_line_end(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

/// The key goes into a header: what cannot stand there is refused, without showing it.
std::string checked_key(std::string text, const std::string& origin) {
  std::string key = without_line_end(std::move(text));
  bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable || key.size() > 4096) {
    fail(origin + ": the API key holds spaces or characters that no key has", "key_file");
  }
  log::add_secret(key);
  return key;
}

std::optional<std::string> key_from_environment() {
  std::optional<std::string> key = secrets::take_from_environment("HEYGEN_API_KEY");
  return key ? std::optional(checked_key(*key, "HEYGEN_API_KEY")) : std::nullopt;
}

struct Fd {
  int value;
  ~Fd() {
    if (value >= 0) ::close(value);
  }
};

/// Who may read the file may spend the money.
void refuse_unsafe(int fd, const std::string& path) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) fail(path + ": is not a regular file", "key_file");
  if (facts.st_uid != ::geteuid() && facts.st_uid != 0) {
    fail(path + ": belongs to another user; the file with the API key must be your own", "key_file");
  }
  if ((facts.st_mode & 077) != 0) {
    fail(fmt::format("{}: others can read the API key (mode {:04o}); allowed: 0600. Run: chmod 600 {}", path,
                     facts.st_mode & 07777, path),
         "key_file");
  }
}

std::string read_all(int fd, const std::string& path) {
  std::string text(std::size_t(64) << 10, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    ssize_t n = ::read(fd, text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(fmt::format("{}: cannot read: {}", path, std::strerror(errno)), "key_file");
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size == text.size()) fail(path + ": is too large for a file with an API key", "key_file");
  text.resize(size);
  return text;
}

std::optional<std::string> key_from_file(const std::string& path) {
  Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (fd.value < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (fd.value < 0) fail(fmt::format("{}: cannot read: {}", path, std::strerror(errno)), "key_file");
  refuse_unsafe(fd.value, path);
  secrets::close_memory();
  std::string text = without_line_end(read_all(fd.value, path));
  if (!text.starts_with('{')) return text.empty() ? std::nullopt : std::optional(checked_key(text, path));
  Json json = parse_json(text);
  if (json.is_discarded()) fail(path + ": is not valid JSON", "key_file");
  std::string key = checked_key(text_of(member(json, "api_key")), path);
  if (!key.empty()) return key;
  log::warning("{} holds no \"api_key\" (another kind of login cannot be used here)", path);
  return std::nullopt;
}

/// "" when no home folder is known.
std::string credentials_path() {
  std::string folder = environment("HEYGEN_CONFIG_DIR");
  std::string home = environment("HOME");
  if (folder.empty() && home.empty()) return "";
  return (folder.empty() ? home + "/.heygen" : folder) + "/credentials";
}

/// "http" or "https" of a base URL that has nothing but a host, a port and a path.
std::string scheme_of(const std::string& base, const std::string& origin) {
  std::size_t scheme_end = base.find("://");
  std::string scheme = scheme_end == std::string::npos ? "" : base.substr(0, scheme_end);
  std::size_t host_begin = scheme.size() + 3;
  bool has_host = host_begin < base.size() && base[host_begin] != '/' && base[host_begin] != ':';
  bool plain = std::all_of(base.begin(), base.end(), [](char c) { return c > 0x20 && c < 0x7f; }) &&
               base.find_first_of("@?#\\\"<>") == std::string::npos;
  if ((scheme == "https" || scheme == "http") && has_host && plain) return scheme;
  fail(origin +
           " is not an API base; allowed: https://host, with a port or a path if need be, without user, "
           "query or "
           "fragment",
       "api_base");
}

}  // namespace

std::optional<std::string> load_api_key() {
  if (std::optional<std::string> key = key_from_environment()) return key;
  std::string path = credentials_path();
  return path.empty() ? std::nullopt : key_from_file(path);
}

std::string api_key_source() {
  return key_from_environment() ? "HEYGEN_API_KEY" : credentials_path();
}

std::string resolve_api_base(const std::string& given) {
  std::string base = given.empty() ? environment("HEYGEN_API_BASE") : given;
  std::string origin = given.empty() ? "HEYGEN_API_BASE" : "the API base given";
  if (base.empty()) return Account{}.api_base;
  if (scheme_of(base, origin) == "http" && !allow_http()) {
    fail(fmt::format("{} is {}: over plain http the key could be read on the way; use https, or set "
                     "HEYGEN_ALLOW_HTTP=1 for a stand-in on this machine",
                     origin, quote(base)),
         "api_base");
  }
  while (base.ends_with('/')) base.pop_back();
  return base;
}

bool allow_http() {
  return environment("HEYGEN_ALLOW_HTTP") == "1";
}

}  // namespace avstage::heygen
