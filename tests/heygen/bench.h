#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "heygen/provider.h"
#include "scripted_server.h"

namespace avstage::test {

inline const std::string canary_key = "canary-key-7f3a9c51d2";

/// Sleeps in no time and remembers for how long. One thread.
class FakeClock : public Clock {
 public:
  std::int64_t unix_seconds() const override { return 1'700'000'000; }
  bool sleep(std::chrono::milliseconds duration, const std::stop_token& stop) override {
    slept.push_back(duration);
    return !stop.stop_requested();
  }
  std::vector<std::chrono::milliseconds> slept;
};

inline AvatarRef host_clip() {
  AvatarRef clip;
  clip.avatar_id = "Daisy-inskirt-20220818";
  clip.voice_id = "2d5b0e6c";
  clip.say = "Welcome!";
  clip.mark = {"job.json", 3, 14, "/clips/0/avatar"};
  return clip;
}

inline AvatarRef body_clip(const std::string& body) {
  AvatarRef clip;
  clip.request = body;
  clip.mark = {"job.json", 3, 14, "/clips/0/avatar"};
  return clip;
}

/// What is wrong with a clip of those above, said at its place.
inline std::string usage_error(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_TRUE(error.message().starts_with("job.json:3:14 (/clips/0/avatar): ")) << error.message();
    return error.message();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

/// A provider of one dialect before a scripted server.
struct Bench {
  Bench(const std::string& dialect, ScriptedServer::Script script) : server(std::move(script)) {
    heygen::Account account{server.url(), canary_key};
    provider =
        dialect == "v2" ? heygen::make_v2(client, account, clock) : heygen::make_v3(client, account, clock);
  }

  heygen::SubmitResult submit(const AvatarRef& clip) {
    return provider->submit(clip, "avstage-tag", "idem-1", {});
  }

  ScriptedServer server;
  FakeClock clock;
  net::Client client{{.allow_http = true}};
  std::unique_ptr<heygen::Provider> provider;
};

inline Bench always(const std::string& dialect, Reply reply) {
  return Bench(dialect, [reply = std::move(reply)](const Received&) { return reply; });
}

}  // namespace avstage::test
