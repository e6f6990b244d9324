#include <fmt/format.h>

#include <limits>

#include "avstage/error.h"
#include "bench.h"

namespace avstage::sandbox::test {
namespace {

class Kept : public Bench {};

TEST_F(Kept, VideosAndChargesSurviveARestart) {
  start();
  std::string id = create();
  json before = finished(id);
  json free = v2_body();
  free["test"] = true;
  create(free);
  std::string bytes = get(before["video_url"]).body;
  restart();
  EXPECT_EQ(sandbox_->charges(), 1);
  json after = status(id);
  EXPECT_EQ(after["status"], "completed");
  EXPECT_EQ(after["duration"], before["duration"]);
  EXPECT_EQ(after["created_at"], before["created_at"]);
  EXPECT_TRUE(get(after["video_url"]).body == bytes);
}

TEST_F(Kept, AVideoThatWasInWorkIsFinishedByTheNextRun) {
  start();
  std::string id = create();
  restart();
  EXPECT_EQ(finished(id)["status"], "completed");
  EXPECT_EQ(sandbox_->charges(), 1);
}

TEST_F(Kept, NothingHalfWrittenStaysAfterAStop) {
  start();
  json body = v2_body();
  body["video_inputs"][0]["voice"] = {{"type", "silence"}, {"duration", 100}};
  std::string id = create(body);
  while (status(id)["status"] != "processing") std::this_thread::sleep_for(std::chrono::milliseconds(5));
  sandbox_.reset();
  for (const std::string& file : dir_.files()) EXPECT_FALSE(file.ends_with(".part")) << file;
}

TEST_F(Kept, WhatAKilledOneWasAboutToWriteGoesWithTheNextStart) {
  start();
  sandbox_.reset();
  make_directories(dir_ / "sandbox/videos");
  make_directories(dir_ / "sandbox/assets");
  const std::string ending = fmt::format(".{}.part", std::numeric_limits<int>::max());  // no such process
  for (const char* name : {"secret", "videos/0a.json", "assets/0b"})
    write_file(dir_ / ("sandbox/" + (name + ending)), "{");
  start();
  for (const std::string& file : dir_.files()) EXPECT_FALSE(file.ends_with(ending)) << file;
}

TEST_F(Kept, ATakenPortAndAFolderInUseAreErrors) {
  start();
  Options other = options_;
  other.folder = dir_ / "other";
  std::string url = sandbox_->base_url();
  other.port = std::stoi(url.substr(url.rfind(':') + 1));
  auto code_of = [](const Options& options) {
    try {
      Sandbox::start(options);
    } catch (const Error& e) {
      return e.code();
    }
    return ErrorCode::bug;
  };
  EXPECT_EQ(code_of(other), ErrorCode::local);
  other = options_;
  EXPECT_EQ(code_of(other), ErrorCode::local);
  other.folder = "";
  EXPECT_EQ(code_of(other), ErrorCode::local);
  write_file_atomically(dir_ / "file", "x");
  other.folder = dir_ / "file";
  EXPECT_EQ(code_of(other), ErrorCode::local);
}

TEST_F(Kept, ADamagedRecordIsAnErrorThatNamesIt) {
  start();
  std::string record = options_.folder + "/videos/" + create() + ".json";
  sandbox_.reset();
  write_file_atomically(record, "{\"id\":1}");
  try {
    start();
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::local);
    EXPECT_NE(e.message().find(record), std::string::npos) << e.message();
  }
}

class Lists : public Bench {
 protected:
  void SetUp() override {
    start();
    for (int i = 0; i < 5; ++i) {
      json body = v2_body();
      body["title"] = "v2 number " + std::to_string(i);
      ids_.push_back(create(body));
    }
  }
  std::vector<std::string> ids_;
};

TEST_F(Lists, AV2ListComesInPagesNewestFirst) {
  std::vector<std::string> seen;
  json token = "";
  int pages = 0;
  for (; !token.is_null(); ++pages) {
    json body = get_json("/v1/video.list?limit=2&token=" + token.get<std::string>());
    EXPECT_EQ(body["code"], 100);
    for (const json& video : body["data"]["videos"]) {
      EXPECT_EQ(video["type"], "GENERATED");
      EXPECT_EQ(video["video_title"], "v2 number " + std::to_string(4 - int(seen.size())));
      seen.push_back(video["video_id"]);
    }
    token = body["data"]["token"];
  }
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(seen, std::vector<std::string>(ids_.rbegin(), ids_.rend()));
}

TEST_F(Lists, AV3ListTellsWhetherThereIsMore) {
  for (int i = 0; i < 3; ++i) {
    json body = v3_body();
    body["title"] = "three " + std::to_string(i);
    EXPECT_EQ(send("POST", "/v3/videos", body.dump()).status, 200);
  }
  json first = get_json("/v3/videos?limit=2");
  ASSERT_EQ(first["data"].size(), 2U);
  EXPECT_EQ(first["data"][0]["title"], "three 2");
  EXPECT_EQ(first["has_more"], true);
  json last = get_json("/v3/videos?limit=2&token=" + first["next_token"].get<std::string>());
  ASSERT_EQ(last["data"].size(), 1U);
  EXPECT_EQ(last["has_more"], false);
  EXPECT_TRUE(last["next_token"].is_null());
  EXPECT_EQ(get_json("/v3/videos?title=three%201")["data"].size(), 1U);
}

TEST_F(Lists, ATitleDefaultsToTheId) {
  std::string id = create();
  EXPECT_EQ(get_json("/v1/video.list?limit=1")["data"]["videos"][0]["video_title"], id);
}

TEST_F(Lists, ABadPageIs400) {
  for (const char* query : {"limit=0", "limit=101", "limit=x", "limit=-1", "token=zz", "token=-1"}) {
    EXPECT_EQ(get(std::string("/v1/video.list?") + query).status, 400) << query;
    EXPECT_EQ(get(std::string("/v3/videos?") + query).status, 400) << query;
  }
}

class Idempotency : public Bench {
 protected:
  void SetUp() override { start(); }
  net::Response post(const json& body, const std::string& key) {
    return send("POST", "/v3/videos", body.dump(), {{"Idempotency-Key", key}});
  }
};

TEST_F(Idempotency, AKeyReplaysTheFirstAnswerEvenIfTheBodyChanged) {
  net::Response first = post(v3_body(), "key-1");
  json other = v3_body();
  other["script"] = "Something else.";
  EXPECT_EQ(post(other, "key-1").body, first.body);
  EXPECT_EQ(sandbox_->charges(), 1);
  EXPECT_NE(post(other, "key-2").body, first.body);
  EXPECT_EQ(sandbox_->charges(), 2);
}

TEST_F(Idempotency, AReplaySurvivesARestart) {
  net::Response first = post(v3_body(), "key-1");
  restart();
  EXPECT_EQ(post(v3_body(), "key-1").body, first.body);
  EXPECT_EQ(sandbox_->charges(), 1);
}

TEST_F(Idempotency, ARefusedRequestDoesNotUseTheKeyUp) {
  EXPECT_EQ(post({{"type", "avatar"}}, "key-1").status, 400);
  EXPECT_EQ(post(v3_body(), "key-1").status, 200);
}

TEST_F(Idempotency, ABadKeyIs400) {
  for (const std::string& key : {std::string(256, 'a'), std::string("a b"), std::string("a/b")}) {
    EXPECT_EQ(post(v3_body(), key).status, 400) << key;
  }
  EXPECT_EQ(post(v3_body(), std::string(255, 'a')).status, 200);
}

TEST_F(Idempotency, TheSameKeyInFlightIs409) {
  std::string body = v3_body().dump();
  RawSocket slow(sandbox_->base_url());
  slow.write(
      "POST /v3/videos HTTP/1.1\r\nHost: x\r\nX-Api-Key: k\r\nIdempotency-Key: one\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, 5));
  net::Response response;
  for (int i = 0; i < 200 && response.status != 409; ++i) {
    response = post({{"type", "none"}}, "one");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(json::parse(response.body)["error"]["code"], "request_in_progress");
  slow.write(body.substr(5));
  EXPECT_NE(slow.read_until("video_id").find("200 OK"), std::string::npos);
  EXPECT_EQ(post(v3_body(), "one").status, 200);
  EXPECT_EQ(sandbox_->charges(), 1);
}

}  // namespace
}  // namespace avstage::sandbox::test
