#include "bench.h"

namespace avstage::sandbox::test {
namespace {

class PollFaults : public Bench {
 protected:
  net::Response poll(const std::string& id, net::Headers headers = {}) {
    return get("/v3/videos/" + id, std::move(headers));
  }
  json data_of(const std::string& id) { return json::parse(poll(id).body)["data"]; }
  /// Without a status call, which scripts count.
  void wait_until_made(const std::string& id) {
    for (int i = 0; i < 1500; ++i) {
      json videos = get_json("/v3/videos?limit=100")["data"];
      for (const json& video : videos) {
        if (video["id"] == id && video["status"] == "completed") return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ADD_FAILURE() << id << " was not made";
  }
};

TEST_F(PollFaults, AScriptedLifeIsSaidWordByWordAndItsLastWordStays) {
  start({{"statuses", {"waiting", "pending", "baking", "processing", "failed"}},
         {"failure", {{"code", "MOVIO_X"}, {"message", "no luck"}, {"detail", "none"}}}});
  std::string id = create();
  for (const char* word : {"waiting", "pending", "baking", "processing", "failed", "failed"}) {
    EXPECT_EQ(status(id)["status"], word);
  }
  EXPECT_EQ(status(id)["error"], (json{{"code", "MOVIO_X"}, {"message", "no luck"}, {"detail", "none"}}));
  EXPECT_TRUE(status(id)["video_url"].is_null());
  EXPECT_EQ(get_json("/v1/video.list")["data"]["videos"][0]["status"], "failed");
  std::string three = create_v3();
  while (data_of(three)["status"] != "failed") continue;
  EXPECT_EQ(data_of(three)["failure_code"], "MOVIO_X");
  EXPECT_EQ(data_of(three)["failure_message"], "no luck: none");
}

TEST_F(PollFaults, AStepMayLastAndCompletedWaitsForTheClip) {
  start({{"statuses", {{{"status", "queued"}, {"seconds", 0.4}}, "completed"}}, {"make_time", 0.8}});
  auto begin = std::chrono::steady_clock::now();
  std::string id = create();
  EXPECT_EQ(status(id)["status"], "queued");
  EXPECT_EQ(status(id)["status"], "queued");
  json data;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    data = status(id);
    EXPECT_TRUE(data["status"] == "queued" || data["status"] == "processing" ||
                data["status"] == "completed");
  } while (data["status"] != "completed");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(790));
  EXPECT_EQ(get(data["video_url"]).status, 200);
}

TEST_F(PollFaults, AJobMayNeverEnd) {
  start();
  std::string id = create_v3(fault({{"statuses", {"processing"}}}));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(data_of(id)["status"], "processing");
}

TEST_F(PollFaults, RefusalsComeInTurnAndThenTheTruth) {
  start({{"poll", {404, 404, 500, 429}}});
  std::string v3 = create_v3(), v2 = create();
  for (int status : {404, 404, 500, 429, 200}) EXPECT_EQ(poll(v3).status, status);
  for (int status : {404, 404, 500, 429, 200}) {
    net::Response response = get("/v1/video_status.get?video_id=" + v2);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(json::parse(response.body)["code"] == 100, status == 200);
  }
}

TEST_F(PollFaults, ACallsOwnHeaderHoldsForThatCall) {
  start();
  std::string id = create_v3();
  EXPECT_EQ(poll(id, fault({{"poll", 500}, {"envelope", "E7"}})).header("content-type"), "text/html");
  net::Response cut = poll(id, fault({{"poll", "truncated"}}));
  EXPECT_EQ(cut.status, 200);
  EXPECT_TRUE(json::parse(cut.body, nullptr, false).is_discarded());
  EXPECT_THROW(poll(id, fault({{"poll", "drop"}})), net::TransportError);
  EXPECT_EQ(poll(id).status, 200);
}

TEST_F(PollFaults, CompletedMayComeWithoutUrlOrWithAnError) {
  start({{"without_url", 2}, {"completed_with_error", true}});
  std::string id = create_v3();
  wait_until_made(id);
  for (bool url : {false, false, true}) {
    json data = data_of(id);
    EXPECT_EQ(data["status"], "completed");
    EXPECT_EQ(data["video_url"].is_string(), url);
    EXPECT_EQ(data["failure_code"], "MOVIO_PAYMENT_INSUFFICIENT_CREDIT");
  }
}

TEST_F(PollFaults, AnOrdersHeaderIsKeptOverARestart) {
  start();
  std::string id = create_v3(fault({{"statuses", {"hibernating"}}}));
  restart();
  EXPECT_EQ(data_of(id)["status"], "hibernating");
}

TEST_F(PollFaults, ThePollsAreTold) {
  start();
  std::string id = create_v3();
  poll(id);
  poll(id);
  json state = get_json("/__sandbox/state");
  EXPECT_EQ(state["requests"]["polls"], 2);
  EXPECT_EQ(state["requests"]["creates"], 1);
  EXPECT_EQ(state["videos"][0]["polls"], 2);
}

}  // namespace
}  // namespace avstage::sandbox::test
