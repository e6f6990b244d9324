#include <filesystem>

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
  void wait_for_delivery(std::size_t count = 1) {
    for (int i = 0; i < 1500 && deliveries().size() < count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ASSERT_EQ(deliveries().size(), count);
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
  EXPECT_EQ(target_.requests()[0].header("heygen-event-id"), target_.requests()[1].header("heygen-event-id"));
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

TEST_F(Webhooks, AFailureThatComesBeforeTheClipIsToldOnce) {
  start();
  order({{"statuses", {"failed"}}});
  wait_for_delivery();
  std::string clip = dir_ / "sandbox/clips";
  auto made = [&] {  // the clip is made all the same
    auto files = std::filesystem::directory_iterator(clip);
    return std::any_of(begin(files), end(files),
                       [](const auto& file) { return file.path().extension() == ".json"; });
  };
  for (int i = 0; i < 1500 && !made(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(deliveries().size(), 1U);
  restart();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(target_.requests().size(), 1U);
}

/// Endpoints that are registered once for all videos.
class Endpoints : public Webhooks {
 protected:
  json call(const std::string& method, const std::string& target, const json& body = json(),
            int status = 200) {
    net::Response response = send(method, target, body.is_null() ? "" : body.dump());
    EXPECT_EQ(response.status, status) << method << " " << target << " " << response.body;
    return json::parse(response.body);
  }
  json add_v1(const json& body, int status = 200) {
    return call("POST", "/v1/webhook/endpoint.add", body, status);
  }
  json add_v3(const json& body) { return call("POST", "/v3/webhooks/endpoints", body)["data"]; }
  /// The only POST to that path.
  HttpRequest told(const std::string& path) {
    HttpRequest found;
    int count = 0;
    for (const HttpRequest& request : target_.requests()) {
      if (request.method != "POST" || request.target != path) continue;
      found = request;
      ++count;
    }
    EXPECT_EQ(count, 1) << path;
    return found;
  }
};

TEST_F(Endpoints, WhatIsRegisteredIsToldWithItsOwnSecretBesideTheCallbackUrl) {
  start({{"webhook_secret", "of callbacks"}});
  json old = add_v1({{"url", target_.url("/v1")}, {"events", {"avatar_video.success", "avatar_video.fail"}}});
  EXPECT_EQ(old["code"], 100);
  for (const char* field : {"endpoint_id", "url", "secret", "status", "events", "username", "created_at"}) {
    EXPECT_TRUE(old["data"].contains(field)) << field;
  }
  json all = add_v3({{"url", target_.url("/v3")}});
  EXPECT_EQ(all["status"], "enabled");
  EXPECT_TRUE(all["events"].is_null());
  add_v3({{"url", target_.url("/other")}, {"events", {"avatar_video.fail"}}});
  order();
  wait_for_delivery(3);
  const std::pair<std::string, std::string> secrets[] = {
      {"/hook?x=1", "of callbacks"}, {"/v1", old["data"]["secret"]}, {"/v3", all["secret"]}};
  for (const auto& [path, secret] : secrets) {
    HttpRequest request = told(path);
    EXPECT_EQ(request.header("signature"), signature(secret, request.body)) << path;
    EXPECT_EQ(request.header("heygen-signature"), request.header("signature"));
    EXPECT_EQ(json::parse(request.body)["event_data"]["video_id"], id_);
  }
  restart();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(target_.requests().size(), 4U);  // with the OPTIONS; nothing is told again
}

TEST_F(Endpoints, TheyStandInTheListsUntilTheyAreDeletedAndV3ShowsASecretOnce) {
  start();
  json old = add_v1({{"url", target_.url("/a")}})["data"], now = add_v3({{"url", target_.url("/b")}});
  restart();
  EXPECT_EQ(get_json("/v1/webhook/endpoint.list")["data"][0], old);
  EXPECT_EQ(get_json("/v1/webhook/endpoint.list")["data"][1]["secret"], now["secret"]);
  json first = get_json("/v3/webhooks/endpoints?limit=1");
  EXPECT_TRUE(first["has_more"]);
  EXPECT_TRUE(first["data"][0]["secret"].is_null());
  json second = get_json("/v3/webhooks/endpoints?limit=1&token=" + first["next_token"].get<std::string>());
  EXPECT_FALSE(second["has_more"]);
  EXPECT_EQ(second["data"][0]["endpoint_id"], now["endpoint_id"]);

  std::string path = "/v3/webhooks/endpoints/" + now["endpoint_id"].get<std::string>();
  json rotated = call("POST", path + "/rotate-secret")["data"];
  EXPECT_EQ(rotated["endpoint_id"], now["endpoint_id"]);
  EXPECT_NE(rotated["secret"], now["secret"]);
  json changed = call("PATCH", path, {{"events", {"avatar_video.fail"}}})["data"];
  EXPECT_EQ(changed["url"], now["url"]);
  EXPECT_EQ(changed["events"], (json{"avatar_video.fail"}));
  EXPECT_TRUE(changed["secret"].is_null());
  changed = call("PATCH", "/v1/webhook/endpoint.update",
                 {{"endpoint_id", now["endpoint_id"]}, {"url", target_.url("/c")}})["data"];
  EXPECT_EQ(changed["url"], target_.url("/c"));
  EXPECT_EQ(changed["events"], (json{"avatar_video.fail"}));
  order({{"statuses", {"failed"}}});
  wait_for_delivery(3);
  EXPECT_EQ(told("/c").header("signature"), signature(rotated["secret"], told("/c").body));

  EXPECT_EQ(call("DELETE", path)["data"], json::object());
  std::string old_id = old["endpoint_id"];
  EXPECT_EQ(call("DELETE", "/v1/webhook/endpoint.delete?endpoint_id=" + old_id)["code"], 100);
  EXPECT_EQ(get_json("/v1/webhook/endpoint.list")["data"], json::array());
  EXPECT_EQ(call("DELETE", path, json(), 404)["error"]["code"], "webhook_endpoint_not_found");
  EXPECT_EQ(call("DELETE", "/v1/webhook/endpoint.delete?endpoint_id=x", json(), 404)["code"], 400131);
}

TEST_F(Endpoints, V1AsksAUrlWithOptionsAndWrongOnesAreRefused) {
  start();
  refusals_ = 1;
  EXPECT_EQ(add_v1({{"url", target_.url("/refuses")}}, 400)["code"], 400542);
  ASSERT_EQ(target_.requests().size(), 1U);
  EXPECT_EQ(target_.requests()[0].method, "OPTIONS");
  add_v1({{"url", "https://example.com/hook"}});  // is not asked: nothing leaves the machine
  FaultServer silent([](const HttpRequest&, Connection& connection) { connection.stall(); });
  EXPECT_EQ(add_v1({{"url", silent.url("/silent")}}, 400)["code"], 400542);
  add_v1({{"url", "http://10.0.0.1/x"}}, 400);
  add_v1({{"events", {"avatar_video.fail"}}}, 400);
  add_v1({{"url", target_.url("/x")}, {"events", {"no.such"}}}, 400);
  json error = call("POST", "/v3/webhooks/endpoints", {{"url", "ftp://127.0.0.1"}}, 400)["error"];
  EXPECT_EQ(error["param"], "url");
  EXPECT_EQ(get_json("/v1/webhook/endpoint.list")["data"].size(), 1U);
}

TEST_F(Endpoints, AKeyGetsTheSameAnswerAgain) {
  start();
  auto post = [&](const std::string& path, const std::string& key) {
    net::Response response =
        send("POST", path, json{{"url", target_.url("/k")}}.dump(), {{"Idempotency-Key", key}});
    return response.status == 200 ? json::parse(response.body)["data"] : json(response.status);
  };
  json made = post("/v3/webhooks/endpoints", "a");
  restart();
  EXPECT_EQ(post("/v3/webhooks/endpoints", "a"), made);
  std::string rotate = "/v3/webhooks/endpoints/" + made["endpoint_id"].get<std::string>() + "/rotate-secret";
  json rotated = post(rotate, "a");  // a key is one path's
  EXPECT_NE(rotated["secret"], made["secret"]);
  EXPECT_EQ(post(rotate, "a"), rotated);
  EXPECT_NE(post(rotate, "b"), rotated);
  EXPECT_EQ(post(rotate, "bad key"), 400);
  EXPECT_EQ(get_json("/v3/webhooks/endpoints")["data"].size(), 1U);
}

TEST_F(Endpoints, TheKnobsHoldForThemToo) {
  start();
  add_v3({{"url", target_.url("/all")}});
  refusals_ = 1;
  create_v3(fault({{"webhook", "forged"}}));
  wait_for_delivery();
  EXPECT_EQ(deliveries()[0]["answers"], (json{500, 200}));
  create_v3(fault({{"webhook", "lost"}}));
  wait_for_delivery(2);
  EXPECT_EQ(deliveries()[1]["not_sent"], "scripted");
  create_v3(fault({{"webhook", "twice"}}));
  wait_for_delivery(3);
  EXPECT_EQ(target_.requests().size(), 4U);
}

TEST_F(Endpoints, EventTypesAndWhatWasToldCanBeRead) {
  start();
  json names = get_json("/v1/webhook/webhook.list")["data"],
       types = get_json("/v3/webhooks/event-types")["data"];
  EXPECT_EQ(names.size(), 30U);
  EXPECT_EQ(types.size(), 30U);
  EXPECT_EQ(names[0], "avatar_video.success");
  EXPECT_EQ(types[0]["event_type"], "avatar_video.success");
  const std::string early = dir_ / ("sandbox/videos/" + create_v3() + ".json");
  auto noted = [&] { return json::parse(read_file(early))["notified"] == true; };
  for (int i = 0; i < 1500 && !noted(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  add_v3({{"url", target_.url("/all")}});  // too late for that video
  order({{"statuses", {"failed"}}});
  std::string good = create_v3();
  wait_for_delivery(3);
  restart();
  json events = get_json("/v3/webhooks/events?event_type=avatar_video.success")["data"];
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["event_data"]["video_id"], good);
  EXPECT_EQ(events[0]["event_id"].get<std::string>().size(), 32U);
  EXPECT_EQ(get_json("/v3/webhooks/events")["data"].size(), 2U);
  EXPECT_EQ(get_json("/v3/webhooks/events?entity_id=" + id_)["data"][0]["event_type"], "avatar_video.fail");
}

}  // namespace
}  // namespace avstage::sandbox::test
