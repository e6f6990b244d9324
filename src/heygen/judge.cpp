#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "heygen/api.h"

namespace avstage::heygen {
namespace {

/// Nothing can be said of what happened to the request.
bool is_lost(long status) {
  return status < 400 || status == 408 || status == 409 || status == 425 || status >= 500;
}

std::string video_id_of(const Answer& answer) {
  const Json& data = member(answer.body, "data");
  std::string id = text_of(member(data, "video_id"));
  if (id.empty()) id = text_of(member(data, "id"));
  bool usable = id.size() <= 256 && quote(id, 256) == id;
  return usable ? id : "";
}

Rejected reject(const ApiError& error) {
  bool account = error.money || refuses_account(error);
  return {error, account ? ErrorCode::money : ErrorCode::vendor};
}

SubmitResult judge_success(const Answer& answer) {
  std::string id = video_id_of(answer);
  std::optional<ApiError> error = find_error(answer);
  if (!id.empty()) {
    // With an id something was made; to forget it would be to pay for it again.
    if (error) log::warning("video {} was accepted with an error beside it: {}", id, error->str());
    return Accepted{id, quote(answer.response.header("x-request-id"), 100)};
  }
  if (!error) return Lost{error_of(answer).str()};
  if (!error->money && is_rate_limit(*error)) return Unsent{error->str(), std::nullopt};
  return reject(*error);
}

}  // namespace

SubmitResult judge_create(const Answer& answer, std::int64_t now_unix) {
  if (answer.ok()) return judge_success(answer);
  ApiError error = error_of(answer);
  long status = answer.response.status;
  // A money code decides even before the HTTP status: with it nothing was made, and waiting mends nothing.
  if (error.money && !error.code.empty()) return reject(error);
  if (is_lost(status)) return Lost{error.str()};
  if (status == 429 && error.money) return reject(error);
  if (is_rate_limit(error)) return Unsent{error.str(), answer.response.retry_after(now_unix)};
  return reject(error);
}

VideoStatus judge_status(VideoStatus status, const std::string& video_id, Api& api) {
  static constexpr std::array waiting_words{"pending", "waiting", "processing", "queued"};
  status.state = VideoStatus::State::pending;
  if (status.word == "failed") {
    status.state = VideoStatus::State::failed;
    if (!status.error) status.error = ApiError{};
  } else if (status.word == "completed") {
    if (status.video_url.empty()) return status;
    status.state = VideoStatus::State::completed;
    status.unpaid = status.error && status.error->money;
    if (status.error && !status.unpaid) {
      api.warn_once(fmt::format("video {} is completed, with an error beside it: {}", quote(video_id),
                                status.error->str()));
    }
  } else if (std::find(waiting_words.begin(), waiting_words.end(), status.word) == waiting_words.end()) {
    status.word = quote(status.word, 60);
    api.warn_once(fmt::format("unknown video status '{}': still waiting", status.word));
  }
  return status;
}

}  // namespace avstage::heygen
