#include <algorithm>

#include "sandbox/service.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

constexpr const char* kNoCredit = "Insufficient credit. This is the watermarked version.";

/// A code of digits is a number, as the vendor has both.
json code_json(const std::string& code) {
  bool digits = !code.empty() && code.size() < 10 &&
                std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? json(std::stoi(code)) : json(code);
}

Told tell(const Video& video, const Knobs& knobs, const std::string& status) {
  Told told;
  told.status = status;
  told.completed = told.with_url = status == "completed";
  told.failed = status == "failed";
  if (told.completed && (video.unpaid || knobs.completed_with_error)) {
    told.failure_code = kUnpaid;
    told.failure_message = kNoCredit;
  } else if (told.failed && video.state == Video::State::failed) {
    told.failure_code = video.error_code;
    told.failure_message = video.error_message;
    told.failure_detail = video.error_detail;
  } else if (told.failed) {
    told.failure_code = code_json(knobs.failure_code);
    told.failure_message = knobs.failure_message;
    told.failure_detail = knobs.failure_detail;
  }
  return told;
}

}  // namespace

Told tell(Service& service, const Video& video) {
  return tell(service, video, service.status_of(video));
}

Told tell(Service& service, const Video& video, const std::string& status) {
  return tell(video, service.director.of_video(video), status);
}

void answer_poll(Service& service, const httplib::Request& request, httplib::Response& response,
                 const Video& video, const std::function<void(const Told&)>& write) {
  service.count("polls");
  Knobs knobs = service.director.of_video(video, request.get_header_value("X-Sandbox-Fault"));
  std::string word = service.director.next_poll(video, knobs);
  if (status_of_word(word) != 0) throw scripted_error(word, knobs);
  if (word.rfind("drop", 0) == 0) return HttpServer::drop_connection();
  Told told = tell(video, knobs, service.status_for_call(video));
  if (told.completed && service.director.withholds_url(video, knobs)) told.with_url = false;
  write(told);
  if (word == "truncated") response.body.resize(response.body.size() / 2);
}

}  // namespace avstage::sandbox
