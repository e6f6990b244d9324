#include "avstage/error.h"
#include "bench.h"

namespace avstage::sandbox::test {
namespace {

class CreateFaults : public Bench {
 protected:
  json v2_error(const json& knobs, int status) {
    net::Response response = send("POST", "/v2/video/generate", v2_body().dump(), fault(knobs));
    EXPECT_EQ(response.status, status) << response.body;
    return json::parse(response.body, nullptr, false);
  }
};

TEST_F(CreateFaults, EveryStatusIsAnsweredInTheEnvelopeOfThePathAndOrdersNothing) {
  start();
  for (int status : {400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504}) {
    json v2 = v2_error({{"create", status}}, status);
    EXPECT_TRUE(v2["data"].is_null()) << status;
    EXPECT_TRUE(v2["error"]["code"].is_string()) << status;
    net::Response v3 = post_v3(fault({{"create", status}}));
    EXPECT_EQ(v3.status, status);
    EXPECT_TRUE(json::parse(v3.body)["error"].contains("doc_url")) << v3.body;
    EXPECT_EQ(v3.header("retry-after"), status == 429 || status == 503 ? "1" : "") << status;
  }
  EXPECT_EQ(json::parse(post_v3(fault({{"create", 402}})).body)["error"]["code"], "insufficient_credit");
  EXPECT_EQ(post_v3(fault({{"create", 429}, {"retry_after", 7}})).header("retry-after"), "7");
  EXPECT_EQ(post_v3(fault({{"create", 429}, {"retry_after", 0}})).header("retry-after"), "");
  EXPECT_EQ(sandbox_->charges(), 0);
  EXPECT_EQ(get_json("/__sandbox/charges")["videos"], 0);
}

TEST_F(CreateFaults, AllEightEnvelopesCanBeHad) {
  start();
  auto body = [&](const char* envelope, int status) {
    return v2_error({{"create", 500}, {"envelope", envelope}}, status);
  };
  EXPECT_EQ(body("E1", 500), (json{{"data", nullptr},
                                   {"error", {{"code", "internal_error"}, {"message", "Internal error"}}}}));
  EXPECT_EQ(body("E2", 500), (json{{"code", 500}, {"message", "Internal error"}, {"data", nullptr}}));
  EXPECT_EQ(body("E3", 500), (json{{"error", "Internal error"}}));
  EXPECT_EQ(body("E4", 500)["error"]["code"], 500);
  EXPECT_TRUE(body("E4", 500)["error"].contains("detail"));
  EXPECT_TRUE(body("E5", 500)["error"]["param"].is_null());
  EXPECT_EQ(body("E6", 200)["error"]["code"], "internal_error");
  net::Response html =
      send("POST", "/v3/videos", v3_body().dump(), fault({{"create", 502}, {"envelope", "E7"}}));
  EXPECT_EQ(html.status, 502);
  EXPECT_EQ(html.header("content-type"), "text/html");
  EXPECT_NE(html.body.find("<h1>502"), std::string::npos);
  EXPECT_EQ(body("E8", 500)["error"]["message"], "voice_id is invalid: is required");
  EXPECT_EQ(sandbox_->charges(), 0);
}

TEST_F(CreateFaults, AListHoldsForOneRequestAfterTheOtherAndThenAllIsWell) {
  start({{"create", {429, "500"}}});
  EXPECT_EQ(post_v3().status, 429);
  EXPECT_EQ(post_v3().status, 500);
  EXPECT_EQ(post_v3().status, 200);
  EXPECT_EQ(sandbox_->charges(), 1);
}

TEST_F(CreateFaults, ARuleIsForItsOrdersOnly) {
  start({{"orders",
          {{{"title", "bad"}, {"create", 500}}, {{"number", 2}, {"dialect", "v3"}, {"create", 403}}}}});
  json body = v3_body();
  body["title"] = "a bad one";
  EXPECT_EQ(post_v3({}, body).status, 500);
  EXPECT_EQ(post_v3().status, 200);
  EXPECT_EQ(post_v3().status, 403);
  create();  // the second order is v2's
  EXPECT_EQ(post_v3().status, 200);
}

TEST_F(CreateFaults, ADroppedAnswerIsChargedAndADropBeforeIsNot) {
  start();
  EXPECT_THROW(post_v3(fault({{"create", "drop_before"}})), net::TransportError);
  EXPECT_EQ(sandbox_->charges(), 0);
  EXPECT_THROW(post_v3(fault({{"create", "drop"}})), net::TransportError);
  EXPECT_EQ(sandbox_->charges(), 1);
  EXPECT_THROW(send("POST", "/v2/video/generate", v2_body().dump(), fault({{"create", "drop"}})),
               net::TransportError);
  EXPECT_EQ(sandbox_->charges(), 2);
  EXPECT_EQ(get_json("/v1/video.list")["data"]["videos"].size(), 1U);
}

TEST_F(CreateFaults, ADroppedAnswerIsReplayedForTheSameKey) {
  start({{"create", {"drop"}}});
  EXPECT_THROW(post_v3({{"Idempotency-Key", "one"}}), net::TransportError);
  json answer = json::parse(post_v3({{"Idempotency-Key", "one"}}).body);
  json charges = get_json("/__sandbox/charges");
  EXPECT_EQ(charges["charges"], 1);
  EXPECT_EQ(charges["each"], (json{{answer["data"]["video_id"].get<std::string>(), 1}}));
}

TEST_F(CreateFaults, ATruncatedAnswerIsNoJsonButCharged) {
  start();
  net::Response response = post_v3(fault({{"create", "truncated"}}));
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(json::parse(response.body, nullptr, false).is_discarded()) << response.body;
  EXPECT_EQ(sandbox_->charges(), 1);
}

TEST_F(CreateFaults, ALateAnswerIsOrderedAtOnceAndItsKeyIsInFlight) {
  start();
  std::string body = v3_body().dump();
  RawSocket slow(sandbox_->base_url());
  slow.write("POST /v3/videos HTTP/1.1\r\nHost: x\r\nX-Api-Key: k\r\nIdempotency-Key: one\r\n" +
             std::string("X-Sandbox-Fault: {\"answer_after\": 1.5}\r\nContent-Length: ") +
             std::to_string(body.size()) + "\r\n\r\n" + body);
  for (int i = 0; i < 400 && sandbox_->charges() == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(sandbox_->charges(), 1);
  net::Response meanwhile = post_v3({{"Idempotency-Key", "one"}});
  EXPECT_EQ(meanwhile.status, 409);
  EXPECT_EQ(json::parse(meanwhile.body)["error"]["code"], "request_in_progress");
  EXPECT_NE(slow.read_until("\"video_id\"").find("200 OK"), std::string::npos);
  EXPECT_EQ(sandbox_->charges(), 1);
}

TEST_F(CreateFaults, ABadHeaderIs400WithItsPlace) {
  start();
  for (const char* path : {"/v3/videos", "/v2/video/generate"}) {
    net::Response response = send("POST", path, v3_body().dump(), {{"X-Sandbox-Fault", "{\"creat\": 500}"}});
    EXPECT_EQ(response.status, 400);
    std::string message = json::parse(response.body)["error"]["message"];
    EXPECT_NE(message.find("X-Sandbox-Fault:1:2"), std::string::npos) << message;
    EXPECT_NE(message.find("did you mean \"create\"?"), std::string::npos) << message;
  }
  EXPECT_EQ(sandbox_->charges(), 0);
}

}  // namespace
}  // namespace avstage::sandbox::test
