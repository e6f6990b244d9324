#include "bench.h"

namespace avstage::sandbox::test {
namespace {

class Account : public Bench {};

TEST_F(Account, AnAnnouncedSunsetIsInHeadersAndBodiesOfV1AndV2) {
  start({{"sunset", "warn"}});
  net::Response created = send("POST", "/v2/video/generate", v2_body().dump());
  std::string id = json::parse(created.body)["data"]["video_id"];
  net::Response wrong = send("POST", "/v2/video/generate", "{}");
  EXPECT_EQ(wrong.status, 400);
  for (const net::Response& response : {created, wrong, get("/v1/video_status.get?video_id=" + id),
                                        get("/v1/video.list"), get("/v2/videos")}) {
    EXPECT_EQ(response.header("deprecation"), "true");
    EXPECT_EQ(response.header("sunset"), "Sat, 31 Oct 2026 00:00:00 GMT");
    json warning = json::parse(response.body)["warning"];
    EXPECT_EQ(warning["v3_endpoint"], "POST /v3/videos");
    EXPECT_EQ(warning["sunset_date"], "2026-10-31");
    EXPECT_TRUE(warning["docs_url"].is_string());
  }
  net::Response v3 = get("/v3/videos");
  EXPECT_EQ(v3.header("deprecation"), "");
  EXPECT_FALSE(json::parse(v3.body).contains("warning"));
}

TEST_F(Account, GoneIs410Or404AndOrdersNothing) {
  start();
  std::string id = create();
  for (auto [word, status] : {std::pair("gone", 410), std::pair("gone404", 404)}) {
    net::Headers gone = fault({{"sunset", word}});
    EXPECT_EQ(send("POST", "/v2/video/generate", v2_body().dump(), gone).status, status);
    EXPECT_EQ(send("POST", "/v2/videos", v3_body().dump(), gone).status, status);
    EXPECT_EQ(get("/v1/video_status.get?video_id=" + id, gone).status, status);
    EXPECT_EQ(get("/v1/video.list", gone).status, status);
    EXPECT_EQ(post_v3(gone).status, 200);
  }
  EXPECT_EQ(sandbox_->charges(), 3);
}

TEST_F(Account, TheFlatPathsSpeakV3sBodyInV2sEnvelope) {
  start();
  json body = v3_body();
  body.erase("type");
  net::Response created = send("POST", "/v2/videos", body.dump());
  ASSERT_EQ(created.status, 200) << created.body;
  EXPECT_TRUE(json::parse(created.body)["error"].is_null());
  std::string id = json::parse(created.body)["data"]["video_id"];
  json data;
  for (int i = 0; i < 1500 && data["status"] != "completed"; ++i) {
    data = get_json("/v2/videos/" + id)["data"];
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(get(data["video_url"]).status, 200);
  EXPECT_EQ(get_json("/v2/videos")["data"]["videos"][0]["video_id"], id);
  EXPECT_EQ(get("/v3/videos/" + id).status, 404);
  EXPECT_EQ(send("DELETE", "/v2/videos/" + id).status, 200);
  net::Response gone = get("/v2/videos/" + id);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(json::parse(gone.body)["error"]["code"], "not_found");
}

TEST_F(Account, BeyondItsConcurrencyV3Is429AndV2Waits) {
  start({{"concurrency", 1}, {"retry_after", 3}, {"make_time", 0.6}});
  std::string first = create_v3();
  net::Response refused = post_v3();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("retry-after"), "3");
  EXPECT_EQ(json::parse(refused.body)["error"]["code"], "rate_limit_exceeded");
  std::string second = create();
  EXPECT_EQ(status(second)["status"], "waiting");
  EXPECT_EQ(get_json("/__sandbox/charges")["charges"], 2);
  EXPECT_EQ(finished(second)["status"], "completed");
  EXPECT_EQ(get_json("/v3/videos/" + first)["data"]["status"], "completed");
  EXPECT_EQ(post_v3().status, 200);
}

TEST_F(Account, AQueuedVideoIsMadeByTheNextRunToo) {
  start({{"concurrency", 1}, {"make_time", 0.3}});
  create_v3();
  std::string second = create();
  restart();
  EXPECT_EQ(finished(second)["status"], "completed");
}

TEST_F(Account, AListMayLagBehind) {
  start({{"orders", {{{"title", "late"}, {"list_lag", 3600}}}}});
  json body = v2_body();
  body["title"] = "late one";
  std::string late = create(body), early = create();
  json videos = get_json("/v1/video.list")["data"]["videos"];
  ASSERT_EQ(videos.size(), 1U);
  EXPECT_EQ(videos[0]["video_id"], early);
  EXPECT_TRUE(status(late)["status"].is_string());
  EXPECT_EQ(get("/v3/videos").status, 200);
}

TEST_F(Account, ADeletedVideoIsGoneButWasPaidFor) {
  start();
  std::string two = create(), three = create_v3();
  std::string url = finished(two)["video_url"], file = url.substr(sandbox_->base_url().size());
  EXPECT_EQ(get(file).status, 200);
  net::Response v1 = send("DELETE", "/v1/video.delete?video_id=" + two);
  EXPECT_EQ(json::parse(v1.body), (json{{"code", 100}, {"message", "Success"}, {"data", nullptr}}));
  net::Response v3 = send("DELETE", "/v3/videos/" + three);
  EXPECT_EQ(json::parse(v3.body), (json{{"data", {{"deleted", true}, {"id", three}}}}));
  EXPECT_EQ(send("DELETE", "/v3/videos/" + three).status, 404);
  EXPECT_EQ(send("DELETE", "/v1/video.delete").status, 400);
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(get("/v1/video_status.get?video_id=" + two).status, 404);
    EXPECT_EQ(get("/v3/videos/" + three).status, 404);
    EXPECT_EQ(get_json("/v3/videos")["data"].size(), 0U);
    EXPECT_EQ(get_json("/v1/video.list")["data"]["videos"].size(), 0U);
    EXPECT_EQ(get(file).status, 403);
    EXPECT_EQ(sandbox_->charges(), 2);
    restart();
  }
}

TEST_F(Account, UpToAHundredStatusesComeInOneAnswer) {
  start();
  std::string a = create_v3(), b = create_v3(fault({{"statuses", {"failed"}}})), other = create();
  json data = get_json("/v3/videos/statuses?video_ids=" + a + "," + b + ",nobody," + other)["data"];
  ASSERT_EQ(data.size(), 4U);
  EXPECT_EQ(data[0]["video_id"], a);
  EXPECT_TRUE(data[0]["error"].is_null());
  EXPECT_EQ(data[1]["status"], "failed");
  EXPECT_EQ(data[1]["error"]["code"], "40056");
  EXPECT_EQ(data[2]["status"], "not_found");
  EXPECT_EQ(data[3]["status"], "not_found");
  std::string many = "x";
  for (int i = 1; i < 100; ++i) many += ",x";
  EXPECT_EQ(get_json("/v3/videos/statuses?video_ids=" + many)["data"].size(), 100U);
  EXPECT_EQ(get("/v3/videos/statuses?video_ids=" + many + ",x").status, 400);
  EXPECT_EQ(get("/v3/videos/statuses?video_ids=").status, 400);
  EXPECT_EQ(get_json("/__sandbox/state")["requests"]["bulk_polls"], 4);
}

}  // namespace
}  // namespace avstage::sandbox::test
