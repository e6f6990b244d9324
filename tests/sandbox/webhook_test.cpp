#include "bench.h"
#include "sandbox/signer.h"
#include "support/fault_server.h"

namespace avstage::sandbox::test {
namespace {

using avstage::test::Connection;
using avstage::test::FaultServer;
using avstage::test::HttpRequest;

std::string signature(const std::string& secret, const std::string& body) {
  std::string out;
  for (unsigned byte : hmac_sha256(secret, body)) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

class Webhooks : public Bench {
 protected:
  void order(const json& knobs = json::object()) {
    json body = v2_body();
    body["callback_url"] = target_.url("/hook?x=1");
    body["callback_id"] = "mine";
    net::Response response = send("POST", "/v2/video/generate", body.dump(), fault(knobs));
    ASSERT_EQ(response.status, 200) << response.body;
    id_ = json::parse(response.body)["data"]["video_id"];
  }
  json deliveries() { return get_json("/__sandbox/state")["webhooks"]; }
  void wait_for_delivery() {
    for (int i = 0; i < 1500 && deliveries().empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ASSERT_EQ(deliveries().size(), 1U);
  }

  std::atomic<int> refusals_ = 0;
  FaultServer target_{[this](const HttpRequest&, Connection& connection) {
    connection.respond(refusals_-- > 0 ? 500 : 200, "");
  }};
  std::string id_;
};

TEST_F(Webhooks, ACompletedVideoIsToldSignedInBothWays) {
  start({{"webhook_secret", "s3cret"}});
  order();
  wait_for_delivery();
  ASSERT_EQ(target_.requests().size(), 1U);
  HttpRequest request = target_.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/hook?x=1");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("signature"), signature("s3cret", request.body));
  EXPECT_EQ(request.header("heygen-signature"), request.header("signature"));
  EXPECT_GT(std::stoll(request.header("heygen-timestamp")), 1'700'000'000);
  EXPECT_EQ(request.header("heygen-event-id").size(), 32U);
  json event = json::parse(request.body);
  EXPECT_EQ(event["event_type"], "avatar_video.success");
  EXPECT_EQ(event["event_data"]["video_id"], id_);
  EXPECT_EQ(event["event_data"]["callback_id"], "mine");
  EXPECT_EQ(get(event["event_data"]["url"]).status, 200);
}

TEST_F(Webhooks, AFailedVideoIsToldAndARefusedDeliveryIsRepeated) {
  start();
  refusals_ = 2;
  order({{"statuses", {"failed"}}, {"failure", {{"message", "no luck"}}}});
  wait_for_delivery();
  EXPECT_EQ(deliveries()[0]["answers"], (json{500, 500, 200}));
  HttpRequest request = target_.requests().at(2);
  json event = json::parse(request.body);
  EXPECT_EQ(event["event_type"], "avatar_video.fail");
  EXPECT_EQ(event["event_data"]["msg"], "no luck");
  std::string secret = get_json("/__sandbox/state")["webhook_secret"];
  EXPECT_EQ(request.header("signature"), signature(secret, request.body));
  restart();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(target_.requests().size(), 3U);  // not told again
}

TEST_F(Webhooks, ADeliveryMayBeLostDoubledOrForged) {
  start();
  order({{"webhook", "lost"}});
  wait_for_delivery();
  EXPECT_EQ(deliveries()[0]["not_sent"], "scripted");
  EXPECT_EQ(target_.requests().size(), 0U);
  restart();
  order({{"webhook", "twice"}});
  wait_for_delivery();
  ASSERT_EQ(target_.requests().size(), 2U);
  EXPECT_EQ(target_.requests()[0].body, target_.requests()[1].body);
  restart();
  order({{"webhook", "forged"}});
  wait_for_delivery();
  std::string secret = get_json("/__sandbox/state")["webhook_secret"];
  HttpRequest forged = target_.requests().at(2);
  EXPECT_NE(forged.header("signature"), signature(secret, forged.body));
}

TEST_F(Webhooks, NothingLeavesTheMachine) {
  start();
  json body = v3_body();
  for (const char* url :
       {"http://10.0.0.1/x", "http://example.com/x", "http://127.0.0.1.example.com/",
        "http://user@127.0.0.1/", "http://127.0.0.1:99x/", "ftp://127.0.0.1/", "127.0.0.1"}) {
    body["callback_url"] = url;
    EXPECT_EQ(post_v3({}, body).status, 400) << url;
  }
  body["callback_url"] = "https://example.com/hook";
  create_v3({}, body);
  wait_for_delivery();
  EXPECT_EQ(deliveries()[0]["not_sent"], "not http on loopback");
  EXPECT_EQ(deliveries()[0]["answers"], json::array());
}

}  // namespace
}  // namespace avstage::sandbox::test
