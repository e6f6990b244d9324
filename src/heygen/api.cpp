#include "heygen/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/log.h"
#include "base/stop.h"

namespace avstage::heygen {
namespace {

using namespace std::chrono_literals;

constexpr int max_tries = 5;
constexpr auto get_timeout = 30s;
constexpr auto upload_timeout = 10min;
constexpr auto list_timeout = 120s;
constexpr std::size_t largest_list = std::size_t(64) << 20;
constexpr auto post_timeout = 150s;  // the vendor's own client notes a p99 of 31 s

bool is_transient(long status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

std::chrono::milliseconds full_jitter(int tried) {
  thread_local std::mt19937 random{std::random_device{}()};
  auto ceiling = std::min<std::chrono::milliseconds>(500ms * (1 << tried), 20s);
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, ceiling.count())(random));
}

/// The refusals that no repetition mends.
[[noreturn]] void refuse(const ApiError& error, const std::string& what) {
  std::string message = what + ": " + error.str();
  if (error.money) throw Error(ErrorCode::money, message, "credit");
  if (refuses_account(error)) throw Error(ErrorCode::money, message, "key");
  throw Error(ErrorCode::vendor, message, error.http_status == 410 ? "gone" : "vendor");
}

/// What it means that the net client has no answer to a paid request, but for an interruption.
SubmitResult judge_failure(const Error& error) {
  ApiError words;
  words.message = error.message();
  // Refused before a byte was sent, or sent elsewhere: both are wrong API bases.
  if (error.code() == ErrorCode::usage) return Rejected{words, ErrorCode::usage};
  if (error.name() == "redirect") return Rejected{words, ErrorCode::vendor};
  return Lost{error.message()};
}

}  // namespace

bool has_status(const Json& body) {
  return member(member(body, "data"), "status").is_string();
}

std::string url_encode(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Api::Api(net::Client& client, Account account, Clock& clock)
    : client_(client), account_(std::move(account)), clock_(clock) {
  log::add_secret(account_.key);
}

net::Request Api::request(const std::string& method, const std::string& path) const {
  net::Request out;
  out.method = method;
  out.url = account_.api_base + path;
  out.headers = {{"X-Api-Key", account_.key}, {"Accept", "application/json"}};
  out.timeout = get_timeout;
  return out;
}

net::Response Api::perform(const net::Request& request, const std::stop_token& stop) {
  net::Response response = client_.perform(request, stop);
  log::debug("{} {}: HTTP {}", request.method, request.url, response.status);
  return response;
}

SubmitResult Api::create(const std::string& path, const Json& body, const net::Headers& extra,
                         const std::stop_token& stop) {
  net::Request post = request("POST", path);
  post.headers.emplace_back("Content-Type", "application/json");
  post.headers.insert(post.headers.end(), extra.begin(), extra.end());
  post.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  post.timeout = post_timeout;
  try {
    Answer answer = read_answer(perform(post, stop));
    warn_of_removal(answer);
    return judge_create(answer, clock_.unix_seconds());
  } catch (const net::TransportError& error) {
    if (error.unsent()) return Unsent{error.message(), std::nullopt};
    return Lost{error.message()};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::interrupted || error.code() == ErrorCode::bug) throw;
    return judge_failure(error);
  }
}

std::optional<Json> Api::get(const std::string& path, bool (*usable)(const Json& body),
                             const std::stop_token& stop, AnswerSize size, const BusyWait& wait) {
  net::Request question = request("GET", path);
  if (size == AnswerSize::list) {
    question.timeout = list_timeout;
    question.max_body = largest_list;
  }
  return ask(question, "GET " + path.substr(0, path.find('?')), usable, stop, wait);
}

Json Api::upload(const std::string& url, net::Headers type, const std::string& content,
                 bool (*usable)(const Json& body), const std::stop_token& stop) {
  net::Request post = request("POST", "");
  post.url = url;
  post.headers.insert(post.headers.end(), type.begin(), type.end());
  post.body = content;
  post.timeout = upload_timeout;
  std::string what = "upload to " + url;
  if (std::optional<Json> body = ask(post, what, usable, stop, {})) return std::move(*body);
  throw Error(ErrorCode::vendor, what + ": the vendor has no such path (HTTP 404)", "vendor");
}

std::optional<Json> Api::ask(const net::Request& question, const std::string& what,
                             bool (*usable)(const Json& body), const std::stop_token& stop,
                             const BusyWait& busy) {
  for (int tried = 0;; ++tried) {
    bool last = tried + 1 == max_tries;
    std::optional<std::int64_t> asked;
    try {
      Answer answer = read_answer(perform(question, stop));
      warn_of_removal(answer);
      if (answer.ok() && usable(answer.body)) return std::move(answer.body);
      if (answer.response.status == 404) return std::nullopt;
      ApiError error = error_of(answer);
      bool unreadable = answer.ok() && !find_error(answer);
      bool again =
          !error.money && (is_transient(answer.response.status) || is_rate_limit(error) || unreadable);
      if (!again || (last && unreadable)) refuse(error, what);
      asked = answer.response.retry_after(clock_.unix_seconds());
      if (busy && asked && is_rate_limit(error)) {
        busy(std::chrono::seconds(std::max<std::int64_t>(*asked, 1)), error.str());
        --tried;
        continue;
      }
      if (last) {
        throw Error(ErrorCode::network,
                    fmt::format("{}: gave up after {} tries: {}", what, max_tries, error.str()), "gave_up");
      }
    } catch (const net::TransportError& error) {
      if (last) {
        throw Error(ErrorCode::network,
                    fmt::format("{}: gave up after {} tries: {}", what, max_tries, error.message()),
                    "gave_up");
      }
      log::info("{}: {}; trying again", what, error.message());
    }
    wait(tried, asked, stop);
  }
}

void Api::wait(int tried, std::optional<std::int64_t> asked, const std::stop_token& stop) {
  // Whoever polls has a deadline of its own, which a longer nap would overrun.
  constexpr std::int64_t longest = 60;
  std::chrono::milliseconds delay = full_jitter(tried);
  if (asked) {
    delay = std::chrono::seconds(std::clamp<std::int64_t>(*asked, 0, longest));
    log::info("the vendor asks to wait {} s", *asked);
  }
  if (!clock_.sleep(delay, stop)) throw_stopped();
}

void Api::warn_once(const std::string& text) {
  constexpr std::size_t enough = 64;
  {
    std::lock_guard lock(mutex_);
    if (warned_.size() >= enough || !warned_.insert(text).second) return;
  }
  log::warning("{}", text);
}

void Api::warn_of_removal(const Answer& answer) {
  const Json& warning = member(answer.body, "warning");
  std::string words =
      quote(warning.is_object() ? text_of(member(warning, "message")) : text_of(warning), 300);
  std::string sunset = quote(answer.response.header("sunset"), 60);
  std::string deprecation = answer.response.header("deprecation");
  if (words.empty() && sunset.empty() && (deprecation.empty() || deprecation == "false")) return;
  std::string text = "the vendor announces the end of this API";
  if (!sunset.empty()) text += " on " + sunset;
  if (!words.empty()) text += ": " + words;
  std::lock_guard lock(mutex_);
  if (warned_.insert("removal").second) log::warning("{}", text);
}

}  // namespace avstage::heygen
