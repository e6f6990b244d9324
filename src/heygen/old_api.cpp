#include "heygen/old_api.h"

#include "heygen/api.h"

namespace avstage::heygen {
namespace {

std::string outcome(net::Client& client, const net::Request& request, const std::stop_token& stop) {
  try {
    Answer answer = read_answer(client.perform(request, stop));
    return answer.ok() ? "HTTP " + std::to_string(answer.response.status) : error_of(answer).str();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted) throw;
    return e.message();
  }
}

}  // namespace

OldApi ask_old_api(net::Client& client, const Account& account, const std::string& video_id,
                   const std::stop_token& stop) {
  net::Request status;
  status.url = account.api_base + "/v1/video_status.get?video_id=" + url_encode(video_id);
  status.headers = {{"X-Api-Key", account.key}, {"Accept", "application/json"}};
  net::Request create = status;
  create.method = "POST";
  create.url = account.api_base + "/v2/video/generate";
  create.headers.emplace_back("Content-Type", "application/json");
  create.body = "{}";
  OldApi out;
  out.status = outcome(client, status, stop);
  out.create = outcome(client, create, stop);
  return out;
}

}  // namespace avstage::heygen
