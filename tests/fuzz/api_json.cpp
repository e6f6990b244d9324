#include "fuzz/fuzz.h"
#include "heygen/provider.h"

// What the vendor answers, in both dialects: create, status, list. The net client of this target is the
// fuzzer: it gives every request the same answer.

namespace {

using namespace avstage;

net::Response next_answer;

struct NoWaiting : Clock {
  bool sleep(std::chrono::milliseconds, const std::stop_token&) override { return true; }
};

void ask(heygen::Provider& provider, int question) {
  AvatarRef clip;
  clip.avatar_id = "a";
  clip.voice_id = "v";
  clip.say = "Hello.";
  if (question == 0) {
    auto result = provider.submit(clip, "avstage-1", "k", {});
    auto* accepted = std::get_if<heygen::Accepted>(&result);
    fuzz::require(accepted == nullptr || !accepted->video_id.empty(), "bought, but nobody knows what");
  } else if (question == 1) {
    heygen::VideoStatus status = provider.status("v1", {});
    bool completed = status.state == heygen::VideoStatus::State::completed;
    fuzz::require(!completed || !status.video_url.empty(), "completed without a URL");
    fuzz::require(!status.duration || *status.duration > 0, "a length that is none");
  } else {
    provider.find_by_tag("avstage-1", {});
  }
}

}  // namespace

namespace avstage::net {
struct Client::Impl {};
Client::Client(Options) {}
Client::~Client() = default;
Response Client::perform(const Request&, const std::stop_token&) {
  return next_answer;
}
}  // namespace avstage::net

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  return fuzz::begin(
      *argc, *argv,
      {R"(00{"error":null,"data":{"video_id":"0123456789abcdef"}})",
       R"(50{"code":100,"data":{"id":"v1","status":"completed","video_url":"https://h/a?Signature=x","duration":1.5}})",
       R"(10{"data":{"id":"v1","status":"failed","failure_code":"x","failure_message":"no"}})",
       R"(20{"data":[{"id":"v1","title":"avstage-1"}],"has_more":true,"next_token":"t"})",
       R"(60{"code":100,"data":{"videos":[{"video_id":"v1","video_title":"avstage-1"}],"token":null}})",
       R"(01{"error":{"code":"x","message":"no","param":"script","detail":{"a":[1]}}})",
       R"(02{"code":400144,"message":"avatar not found","warning":{"message":"old"}})", "13<html>no</html>"});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr long statuses[] = {200, 400, 404, 429, 503, 401};
  next_answer = {statuses[data[1] % std::size(statuses)], {{"retry-after", "1"}}, ""};
  next_answer.body = fuzz::text_of(data + 2, size - 2);
  static net::Client client({});
  static NoWaiting clock;
  auto provider = (data[0] & 4) != 0 ? heygen::make_v2(client, {"https://h", "key"}, clock)
                                     : heygen::make_v3(client, {"https://h", "key"}, clock);
  fuzz::survives([&] { ask(*provider, (data[0] & 3) % 3); },
                 {ErrorCode::vendor, ErrorCode::money, ErrorCode::network});
  return 0;
}
