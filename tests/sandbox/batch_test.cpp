#include "avstage/error.h"
#include "bench.h"
#include "support/fault_server.h"

namespace avstage::sandbox::test {
namespace {

class Batches : public Bench {
 protected:
  net::Response post(const json& videos, net::Headers headers = {}, const json& more = json::object()) {
    json body = more;
    body["videos"] = videos;
    return send("POST", "/v3/videos/batches", body.dump(), std::move(headers));
  }
  std::string order(const json& videos, net::Headers headers = {}, const json& more = json::object()) {
    net::Response response = post(videos, std::move(headers), more);
    EXPECT_EQ(response.status, 200) << response.body;
    json data = json::parse(response.body)["data"];
    EXPECT_EQ(data["total_items"], videos.size());
    return data["batch_id"];
  }
  json batch(const std::string& id, const std::string& query = "") {
    return get_json("/v3/videos/batches/" + id + query)["data"];
  }
  json over(const std::string& id) {
    json told = batch(id);
    for (int i = 0; i < 1500 && told["status"] == "processing"; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      told = batch(id);
    }
    return told;
  }
};

TEST_F(Batches, EveryItemIsAVideoOfItsOwnAndABadOneFailsAlone) {
  start();
  json bad = v3_body();
  bad.erase("script");
  std::string id = order({v3_body(), bad, v3_body(), 7}, {}, {{"title", "launch"}});
  json told = over(id);
  EXPECT_EQ(told["batch_id"], id);
  EXPECT_EQ(told["title"], "launch");
  EXPECT_EQ(told["status"], "completed");
  EXPECT_EQ(told["total_items"], 4);
  EXPECT_EQ(told["counts_by_status"], (json{{"completed", 2}, {"failed", 2}}));
  EXPECT_TRUE(told["created_at"].is_number());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(told["items"][i]["item_index"], i);
  EXPECT_TRUE(told["items"][1]["video_id"].is_null());
  EXPECT_EQ(told["items"][1]["error"]["code"], "invalid_parameter");
  EXPECT_TRUE(told["items"][0]["error"].is_null());
  std::string video = told["items"][2]["video_id"];
  EXPECT_EQ(get_json("/v3/videos/" + video)["data"]["status"], "completed");
  EXPECT_EQ(sandbox_->charges(), 2);
  restart();
  EXPECT_EQ(batch(id), told);
  EXPECT_EQ(send("DELETE", "/v3/videos/" + video).status, 200);
  EXPECT_EQ(batch(id)["items"][2]["error"]["code"], "video_not_found");
}

TEST_F(Batches, ItemsComeInPages) {
  start();
  std::string id = order({v3_body(), v3_body(), 1});
  json first = batch(id, "?limit=2");
  EXPECT_EQ(first["items"].size(), 2U);
  EXPECT_TRUE(first["has_more"]);
  json second = batch(id, "?limit=2&token=" + first["next_token"].get<std::string>());
  ASSERT_EQ(second["items"].size(), 1U);
  EXPECT_EQ(second["items"][0]["item_index"], 2);
  EXPECT_FALSE(second["has_more"]);
  EXPECT_EQ(second["total_items"], 3);
}

TEST_F(Batches, WhatTheAccountHasNoPlaceForIsQueued) {
  options_.make_time = std::chrono::hours(1);
  start({{"concurrency", 1}});
  std::string id = order({v3_body(), v3_body(), v3_body()});
  EXPECT_EQ(batch(id)["items"][2]["status"], "queued");
  EXPECT_EQ(batch(id)["status"], "processing");
  EXPECT_EQ(post_v3().status, 429);
  EXPECT_EQ(sandbox_->charges(), 3);
}

TEST_F(Batches, BulkStatusesExpandBatches) {
  start();
  std::string id = order({v3_body(), 1}), alone = create_v3();
  json data = get_json("/v3/videos/statuses?video_ids=" + alone + "&batch_ids=" + id + ",none")["data"];
  ASSERT_EQ(data.size(), 4U);
  EXPECT_EQ(data[0]["video_id"], alone);
  EXPECT_TRUE(data[0]["batch_id"].is_null());
  EXPECT_EQ(data[1]["batch_id"], id);
  EXPECT_EQ(data[1]["item_index"], 0);
  EXPECT_TRUE(data[1]["video_id"].is_string());
  EXPECT_EQ(data[2]["item_index"], 1);
  EXPECT_EQ(data[2]["status"], "failed");
  EXPECT_EQ(data[2]["error"]["code"], "invalid_parameter");
  EXPECT_EQ(data[3]["batch_id"], "none");
  EXPECT_EQ(data[3]["status"], "not_found");
}

TEST_F(Batches, AKeyIsHonouredAndKnobsHold) {
  start();
  net::Headers key = {{"Idempotency-Key", "one"}};
  net::Headers lost = fault({{"create", "drop"}});
  lost.push_back(key[0]);
  EXPECT_THROW(post({v3_body(), v3_body()}, lost), Error);  // ordered, the answer is lost
  std::string id = order({v3_body(), v3_body()}, key);
  EXPECT_EQ(order({v3_body(), v3_body()}, key), id);
  EXPECT_EQ(sandbox_->charges(), 2);
  EXPECT_NE(order({v3_body(), v3_body()}, {{"Idempotency-Key", "two"}}), id);
  EXPECT_EQ(sandbox_->charges(), 4);
  EXPECT_EQ(post(json::array({v3_body()}), fault({{"create", 429}})).status, 429);
  EXPECT_EQ(over(order(json::array({v3_body()}), fault({{"statuses", {"failed"}}})))["status"], "failed");
  EXPECT_EQ(sandbox_->charges(), 5);
}

TEST_F(Batches, WrongOnesAreRefusedAsAWhole) {
  start();
  EXPECT_EQ(post(json::array()).status, 400);
  EXPECT_EQ(post(7).status, 400);
  EXPECT_EQ(post(json::array({v3_body()}), {}, {{"callback_url", "http://10.0.0.1/"}}).status, 400);
  json many = json::array();
  for (int i = 0; i < 101; ++i) many.push_back(v3_body());
  EXPECT_EQ(post(many).status, 400);
  net::Response none = get("/v3/videos/batches/none");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(json::parse(none.body)["error"]["code"], "batch_not_found");
  EXPECT_EQ(sandbox_->charges(), 0);
}

TEST_F(Batches, TheEndIsToldOnce) {
  avstage::test::FaultServer target(
      [](const auto&, avstage::test::Connection& connection) { connection.respond(200, ""); });
  start();
  send("POST", "/v3/webhooks/endpoints",
       json{{"url", target.url("/e")}, {"events", {"batch.finished"}}}.dump());
  std::string id = order({v3_body(), v3_body(), 1}, {}, {{"callback_url", target.url("/c")}});
  for (int i = 0; i < 1500 && target.requests().size() < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  restart();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  ASSERT_EQ(target.requests().size(), 2U);
  for (const auto& request : target.requests()) {
    json event = json::parse(request.body);
    EXPECT_EQ(event["event_type"], "batch.finished");
    EXPECT_EQ(event["event_data"]["batch_id"], id);
    EXPECT_EQ(event["event_data"]["counts_by_status"], (json{{"completed", 2}, {"failed", 1}}));
  }
}

}  // namespace
}  // namespace avstage::sandbox::test
