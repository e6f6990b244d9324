#include <cmath>

#include "bench.h"

namespace avstage::sandbox::test {
namespace {

class Create : public Bench {};

TEST_F(Create, AV2VideoIsMadeAndIsAnOrdinaryMp4) {
  start();
  json data = finished(create());
  ASSERT_EQ(data["status"], "completed") << data;
  EXPECT_TRUE(data["error"].is_null());
  for (const char* field :
       {"id", "callback_id", "caption_url", "created_at", "gif_url", "thumbnail_url", "video_url_caption"}) {
    EXPECT_TRUE(data.contains(field)) << field;
  }
  MediaFacts facts = media::probe_file(fetch(data));
  ASSERT_TRUE(facts.video && facts.audio);
  EXPECT_EQ(facts.video->codec, "h264");
  EXPECT_EQ(facts.video->width, 320);
  EXPECT_EQ(facts.video->height, 180);
  EXPECT_EQ(facts.video->fps, Rational(25));
  EXPECT_EQ(facts.video->pix_fmt, "yuv420p");
  EXPECT_EQ(facts.video->color_matrix, "bt709");
  EXPECT_EQ(facts.audio->codec, "aac");
  EXPECT_EQ(facts.audio->sample_rate, 48000);
  EXPECT_EQ(facts.audio->channels, 2);
  ASSERT_TRUE(facts.video->duration);
  EXPECT_NEAR(facts.video->duration->to_double(), data["duration"].get<double>(), 1e-9);
  EXPECT_GT(data["duration"].get<double>(), 0.5);
}

TEST_F(Create, AVideoIsPendingThenProcessingThenCompletedAndNotBeforeItsTime) {
  options_.make_time = std::chrono::milliseconds(600);
  start();
  auto begin = std::chrono::steady_clock::now();
  std::string id = create();
  EXPECT_EQ(status(id)["status"], "pending");
  EXPECT_TRUE(status(id)["video_url"].is_null());
  std::vector<std::string> seen;
  for (std::string word; word != "completed";) {
    word = status(id)["status"];
    if (seen.empty() || seen.back() != word) seen.push_back(word);
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(600));
  EXPECT_EQ(seen, (std::vector<std::string>{"pending", "processing", "completed"}));
}

TEST_F(Create, TheAnswerIsTheVendorsEnvelopeWithAHexId) {
  start();
  net::Response response = send("POST", "/v2/video/generate", v2_body().dump());
  json body = json::parse(response.body);
  EXPECT_TRUE(body["error"].is_null());
  std::string id = body["data"]["video_id"];
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(response.header("x-request-id").size(), 32U);
  json status_body = get_json("/v1/video_status.get?video_id=" + id);
  EXPECT_EQ(status_body["code"], 100);
  EXPECT_EQ(status_body["message"], "Success");
}

TEST_F(Create, AV3VideoHasTheFieldsOfItsGeneration) {
  start();
  net::Response response = send("POST", "/v3/videos", v3_body().dump());
  ASSERT_EQ(response.status, 200) << response.body;
  json created = json::parse(response.body)["data"];
  EXPECT_EQ(created["status"], "waiting");
  EXPECT_EQ(created["output_format"], "mp4");
  std::string path = "/v3/videos/" + created["video_id"].get<std::string>();
  json data = get_json(path)["data"];
  for (int i = 0; i < 1500 && data["status"] != "completed"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    data = get_json(path)["data"];
  }
  ASSERT_EQ(data["status"], "completed") << data;
  EXPECT_GE(data["completed_at"].get<std::int64_t>(), data["created_at"].get<std::int64_t>());
  EXPECT_TRUE(data["failure_code"].is_null());
  MediaFacts facts = media::probe_file(fetch(data));
  EXPECT_EQ(facts.video->width, 1280);
  EXPECT_EQ(facts.video->height, 720);
  EXPECT_NEAR(facts.video->duration->to_double(), data["duration"].get<double>(), 1e-9);
}

TEST_F(Create, ScenesFollowEachOtherAndSilenceHasItsLength) {
  start();
  json body = v2_body();
  json silent = body["video_inputs"][0];
  silent["voice"] = {{"type", "silence"}, {"duration", "1.2"}};
  json shorter = finished(create(body));
  body["video_inputs"].push_back(silent);
  json longer = finished(create(body));
  EXPECT_NEAR(longer["duration"].get<double>() - shorter["duration"].get<double>(), 1.2, 0.021);
}

TEST_F(Create, AnyUtf8CanBeSaid) {
  start();
  for (const char* text :
       {"Grüße, 'quoted' and \"double\"; a:b,c\\d [e] %{f}", "你好,世界。", "😀", "Привет мир!"}) {
    json body = v2_body();
    body["video_inputs"][0]["voice"]["input_text"] = text;
    json data = finished(create(body));
    EXPECT_EQ(data["status"], "completed") << text << data;
    EXPECT_GT(data["duration"].get<double>(), 0.3) << text;
  }
}

TEST_F(Create, SpeedChangesTheLengthOfTheSpeech) {
  start();
  json body = v2_body();
  double normal = finished(create(body))["duration"];
  body["video_inputs"][0]["voice"]["speed"] = 0.5;
  body["video_inputs"][0]["voice"]["pitch"] = 40;
  double slow = finished(create(body))["duration"];
  EXPECT_NEAR(slow / normal, 2, 0.25);
}

TEST_F(Create, EqualRequestsAreDifferentVideosOfOneFile) {
  start();
  json first = finished(create()), second = finished(create());
  EXPECT_NE(first["id"], second["id"]);
  EXPECT_EQ(sandbox_->charges(), 2);
  std::size_t clips = 0;
  for (const std::string& file : dir_.files()) clips += file.ends_with(".mp4") ? 1 : 0;
  EXPECT_EQ(clips, 1U);
}

TEST_F(Create, TestVideosAreFreeAndTheChargesAreTold) {
  start();
  json body = v2_body();
  std::string paid = create(body);
  body["test"] = true;
  std::string free = create(body);
  EXPECT_EQ(sandbox_->charges(), 1);
  key_.clear();
  EXPECT_EQ(get_json("/__sandbox/charges"),
            (json{{"charges", 1}, {"videos", 2}, {"keys_on_cdn", 0}, {"each", {{paid, 1}, {free, 0}}}}));
}

TEST_F(Create, AnAccountWithoutCreditGetsTheWatermarkedVersionAndAnError) {
  key_ = "trial";
  start();
  json data = finished(create());
  EXPECT_EQ(data["status"], "completed");
  EXPECT_TRUE(data["video_url"].is_string());
  EXPECT_EQ(data["error"]["code"], "MOVIO_PAYMENT_INSUFFICIENT_CREDIT");
  EXPECT_EQ(sandbox_->charges(), 0);
}

TEST_F(Create, AClipThatIsTooLongFailsWithTheVendorsCode) {
  start();
  json body = v2_body();
  body["dimension"] = {{"width", 128}, {"height", 128}};
  body["video_inputs"][0]["voice"] = {{"type", "silence"}, {"duration", 100}};
  while (body["video_inputs"].size() < 19) body["video_inputs"].push_back(body["video_inputs"][0]);
  json data = finished(create(body));
  EXPECT_EQ(data["status"], "failed");
  EXPECT_EQ(data["error"]["code"], 40119);
  EXPECT_EQ(data["error"]["message"], "Video is too long");
  EXPECT_TRUE(data["video_url"].is_null());
}

TEST_F(Create, AWrongOrMissingKeyIs401InTheEnvelopeOfThePath) {
  options_.key = "right";
  start();
  for (const char* key : {"", "wrong"}) {
    key_ = key;
    net::Response v2 = send("POST", "/v2/video/generate", v2_body().dump());
    EXPECT_EQ(v2.status, 401);
    EXPECT_EQ(json::parse(v2.body)["error"]["code"], "unauthorized");
    EXPECT_TRUE(json::parse(v2.body)["data"].is_null());
    net::Response v1 = get("/v1/video_status.get?video_id=x");
    EXPECT_EQ(v1.status, 401);
    EXPECT_EQ(json::parse(v1.body)["code"], 400112);
    net::Response v3 = send("POST", "/v3/videos", v3_body().dump());
    EXPECT_EQ(v3.status, 401);
    EXPECT_TRUE(json::parse(v3.body)["error"].contains("doc_url"));
  }
  key_ = "right";
  EXPECT_EQ(get("/v3/videos").status, 200);
  EXPECT_EQ(sandbox_->charges(), 0);
}

TEST_F(Create, AnUnknownIdIs404AndSoIsAnIdOfTheOtherGeneration) {
  start();
  net::Response v1 = get("/v1/video_status.get?video_id=0123456789abcdef0123456789abcdef");
  EXPECT_EQ(v1.status, 404);
  EXPECT_EQ(json::parse(v1.body)["code"], 40031);
  net::Response v3 = get("/v3/videos/" + create());
  EXPECT_EQ(v3.status, 404);
  EXPECT_EQ(json::parse(v3.body)["error"]["code"], "video_not_found");
  EXPECT_EQ(get("/v1/video_status.get").status, 400);
  EXPECT_EQ(get("/v9/nothing").status, 404);
  EXPECT_EQ(json::parse(get("/v9/nothing").body)["error"]["code"], "not_found");
}

}  // namespace
}  // namespace avstage::sandbox::test
