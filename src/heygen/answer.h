#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "heygen/provider.h"
#include "net/client.h"

/// Reading what the vendor sends: nothing in it is trusted to have the documented shape.
namespace avstage::heygen {

using Json = nlohmann::json;

/// `text` as JSON; "discarded" (is_discarded()) when it is none, or nested deeper than 64 levels.
Json parse_json(std::string_view text);
/// A member of an object; null when `object` is none or has no such member.
const Json& member(const Json& object, const char* key);
/// Strings and numbers as text; "" for all else.
std::string text_of(const Json& value);
/// A positive, finite number, also one written as a string.
std::optional<double> positive_number(const Json& value);

/// Foreign text for a message: secrets and URL queries removed, one line without control characters, cut to
/// `limit` bytes.
std::string quote(std::string_view foreign, std::size_t limit = 200);

struct Answer {
  net::Response response;
  Json body;
  bool ok() const { return response.status >= 200 && response.status < 300; }
};
Answer read_answer(net::Response response);

/// The error in any of the vendor's envelopes; nullopt when the body carries none.
std::optional<ApiError> find_error(const Answer& answer);
/// The error of an answer that is none of the expected ones: the vendor's own words, or the first bytes of
/// what came instead.
ApiError error_of(const Answer& answer);
/// One error object or text, as nested in bodies.
ApiError parse_error(const Json& error);

/// The key or the account is refused, whatever the request.
bool refuses_account(const ApiError& error);
bool is_rate_limit(const ApiError& error);

}  // namespace avstage::heygen
