#include "run/commands/transcript.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "heygen/answer.h"

namespace avstage::run {
namespace {

using heygen::Json;

constexpr std::size_t kLongestBody = 1500;

constexpr std::array kHeaders{
    "accept-ranges",  "age",           "alt-svc",           "cache-control", "content-encoding",
    "content-length", "content-range", "content-type",      "date",          "deprecation",
    "etag",           "expires",       "last-modified",     "location",      "retry-after",
    "server",         "sunset",        "transfer-encoding", "via",           "x-amz-cf-pop",
    "x-cache",        "x-request-id"};
constexpr std::array kPersonal{"username", "email", "first_name",  "last_name",
                               "phone",    "name",  "callback_url"};

template <typename Words>
bool is_any(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_rate(const std::string& header) {
  return header.find("ratelimit") != std::string::npos || header.find("rate-limit") != std::string::npos;
}

void mask(Json& json) {
  if (json.is_object()) {
    for (auto& [name, value] : json.items()) {
      if (is_any(kPersonal, name) && value.is_string()) {
        value = "(left out)";
      } else {
        mask(value);
      }
    }
  } else if (json.is_array()) {
    for (Json& item : json) mask(item);
  }
}

std::string shown_body(const std::string& body, const std::string& type) {
  if (body.empty()) return "";
  Json json = heygen::parse_json(body);
  if (!json.is_discarded()) {
    mask(json);
    std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace);
    return text.size() <= kLongestBody ? text : text.substr(0, kLongestBody) + "\n… (cut)";
  }
  bool words = type.find("text") != std::string::npos || type.find("xml") != std::string::npos;
  return words ? heygen::quote(body, kLongestBody) : "(" + std::to_string(body.size()) + " bytes)";
}

}  // namespace

net::Listener Transcript::listener() {
  return [this](const net::Request& request, const net::Response* response, const std::string& error) {
    exchange(request, response, error);
  };
}

void Transcript::exchange(const net::Request& request, const net::Response* response,
                          const std::string& error) {
  std::string out = "\n> " + request.method + " " + request.url + "\n", body;
  for (const auto& [name, value] : request.headers) {
    out += "> " + name + ": " + (name == "X-Api-Key" || name == "Idempotency-Key" ? "***" : value) + "\n";
  }
  if (std::string sent = shown_body(request.body, ""); !sent.empty()) out += sent + "\n";
  std::set<std::string> rates;
  if (response == nullptr) {
    out += "< no answer: " + error + "\n";
  } else {
    out += "< HTTP " + std::to_string(response->status) + "\n";
    for (const auto& [name, value] : response->headers) {
      if (is_rate(name)) rates.insert(heygen::quote(name + ": " + value));
      if (is_rate(name) || is_any(kHeaders, name))
        out += "< " + name + ": " + heygen::quote(value, 300) + "\n";
    }
    body = shown_body(response->body, response->header("content-type"));
    if (!body.empty()) out += body + "\n";
  }
  std::lock_guard lock(mutex_);
  rates_.merge(rates);
  std::string asked = request.method + request.url + body;
  if (request.method == "GET" && asked == last_) return;  // polling: what is repeated is no news
  last_ = asked;
  text_ += log::redact(out);
}

void Transcript::section(const std::string& title) {
  line("\n## " + title + "\n");
}

void Transcript::line(const std::string& text) {
  std::lock_guard lock(mutex_);
  text_ += log::redact(text) + "\n";
}

std::string Transcript::text() const {
  std::lock_guard lock(mutex_);
  return text_;
}

std::set<std::string> Transcript::rate_headers() const {
  std::lock_guard lock(mutex_);
  return rates_;
}

}  // namespace avstage::run
