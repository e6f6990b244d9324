#include "heygen/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

#include "base/log.h"
#include "base/utf8.h"

namespace avstage::heygen {
namespace {

struct TooDeep {};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

template <std::size_t n>
bool contains_any(const std::string& text, const std::array<const char*, n>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* part) { return text.find(part) != std::string::npos; });
}

template <std::size_t n>
bool is_any(const std::string& text, const std::array<const char*, n>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array money_codes{"900001", "400664"};
constexpr std::array money_code_parts{
    "insufficient_credit", "insufficient_balance", "quota", "payment", "plan_upgrade_required", "trial_"};
constexpr std::array money_phrases{"insufficient credit", "not enough credit", "insufficient balance",
                                   "trial limit", "trial video limit"};
constexpr std::array account_codes{
    "40009",          "400101", "400112", "40102",  "401056",       "401057",    "400561",
    "400562",         "400573", "400599", "400631", "unauthorized", "forbidden", "authentication_failed",
    "invalid_api_key"};
constexpr std::array rate_codes{"400123", "rate_limit_exceeded", "too_many_requests"};

bool is_money(const ApiError& error) {
  std::string code = lower(error.code);
  return error.http_status == 402 || is_any(code, money_codes) || contains_any(code, money_code_parts) ||
         contains_any(lower(error.message), money_phrases);
}

ApiError with_origin(ApiError error, const net::Response& response) {
  error.http_status = response.status;
  error.request_id = quote(response.header("x-request-id"), 100);
  error.money = is_money(error);
  return error;
}

/// The first member that has text.
std::string first_text(const Json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    std::string text = text_of(member(object, key));
    if (!text.empty()) return quote(text, 500);
  }
  return "";
}

}  // namespace

Json parse_json(std::string_view text) {
  constexpr int max_depth = 64;
  auto guard = [](int depth, Json::parse_event_t, Json&) {
    if (depth > max_depth) throw TooDeep{};
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), guard, false);
  } catch (const TooDeep&) {
    return Json(Json::value_t::discarded);
  }
}

const Json& member(const Json& object, const char* key) {
  static const Json none;
  if (!object.is_object()) return none;
  auto found = object.find(key);
  return found == object.end() ? none : *found;
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : "";
}

std::optional<double> positive_number(const Json& value) {
  double number = 0;
  if (value.is_number()) {
    number = value.get<double>();
  } else if (value.is_string()) {
    Json inner = parse_json(value.get_ref<const std::string&>());
    if (inner.is_number()) number = inner.get<double>();
  }
  return std::isfinite(number) && number > 0 ? std::optional(number) : std::nullopt;
}

std::string quote(std::string_view foreign, std::size_t limit) {
  std::string text = log::redact(foreign);
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return shown(text, limit);
}

Answer read_answer(net::Response response) {
  Json body = parse_json(response.body);
  return {std::move(response), std::move(body)};
}

ApiError parse_error(const Json& error) {
  ApiError out;
  if (error.is_object()) {
    out.code = first_text(error, {"code", "error_code"});
    out.message = first_text(error, {"message", "msg", "error"});
    out.detail = first_text(error, {"detail", "param"});
  } else {
    out.message = quote(text_of(error), 500);
  }
  if (out.detail == out.message) out.detail.clear();
  out.money = is_money(out);
  return out;
}

std::optional<ApiError> find_error(const Answer& answer) {
  const Json& body = answer.body;
  if (!body.is_object()) return std::nullopt;
  const Json& nested = member(body, "error");
  std::string code = text_of(member(body, "code"));
  if (nested.is_object() || nested.is_string()) {
    ApiError error = parse_error(nested);
    if (error.code.empty() && code != "100") error.code = quote(code, 100);
    if (error.message.empty()) error.message = first_text(body, {"message", "msg"});
    return with_origin(error, answer.response);
  }
  bool flat = (!code.empty() && code != "100") ||
              (!answer.ok() && (body.contains("message") || body.contains("msg")));
  if (flat) return with_origin(parse_error(body), answer.response);
  return std::nullopt;
}

ApiError error_of(const Answer& answer) {
  if (std::optional<ApiError> error = find_error(answer)) return *error;
  ApiError error;
  const std::string& body = answer.response.body;
  error.message = body.empty() ? "unexpected empty answer" : "unexpected answer: " + quote(body);
  return with_origin(error, answer.response);
}

bool refuses_account(const ApiError& error) {
  return error.http_status == 401 || error.http_status == 403 || is_any(lower(error.code), account_codes);
}

bool is_rate_limit(const ApiError& error) {
  return error.http_status == 429 || is_any(lower(error.code), rate_codes);
}

std::string ApiError::str() const {
  std::string out = code.empty() ? "" : "code " + code;
  if (!message.empty()) out += (out.empty() ? "" : ": ") + message;
  if (!detail.empty()) out += " (" + detail + ")";
  if (out.empty()) out = "no reason given";
  std::string origin = request_id.empty() ? "" : "request " + request_id;
  if (http_status != 0) origin += fmt::format("{}HTTP {}", origin.empty() ? "" : ", ", http_status);
  return origin.empty() ? out : out + " [" + origin + "]";
}

}  // namespace avstage::heygen
