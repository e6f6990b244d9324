#include "timeline/message.h"

#include <fmt/format.h>

#include "avstage/error.h"
#include "base/suggest.h"

namespace avstage {

void fail(const Mark& mark, std::string_view name, const std::string& found, const std::string& allowed,
          const std::string& did_you_mean) {
  std::string message = fmt::format("{}: found {}; allowed: {}", mark.str(), found, allowed);
  if (!did_you_mean.empty()) message += fmt::format("; did you mean {}?", in_quotes(did_you_mean));
  throw Error(ErrorCode::usage, std::move(message), std::string(name));
}

}  // namespace avstage
