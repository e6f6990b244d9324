#include <fmt/format.h>

#include "bench.h"
#include "media/audio_reader.h"
#include "picture.h"
#include "support/media_fixtures.h"

/// Uploads, and clips that use them: what is heard and what stands behind is really in the mp4.
namespace avstage::sandbox::test {
namespace {

using avstage::test::make_audio;
using avstage::test::make_image;
using avstage::test::make_video;
using avstage::test::VideoSpec;

constexpr Rational kFps{25};

class Assets : public Bench {
 protected:
  void SetUp() override { start(); }

  std::string upload_v1(const std::string& file, const std::string& type) {
    net::Response response = client_.perform({.method = "POST",
                                              .url = sandbox_->base_url() + "/v1/asset",
                                              .headers = {{"X-Api-Key", key_}, {"Content-Type", type}},
                                              .body = read_file(file)});
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body)["data"]["id"];
  }
  std::string upload_v3(const std::string& file, const std::string& type) {
    std::string form = fmt::format(
        "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\nContent-Type: "
        "{}\r\n\r\n{}\r\n"
        "--b1--\r\n",
        type, read_file(file));
    net::Response response = client_.perform(
        {.method = "POST",
         .url = sandbox_->base_url() + "/v3/assets",
         .headers = {{"X-Api-Key", key_}, {"Content-Type", "multipart/form-data; boundary=b1"}},
         .body = form});
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body)["data"]["asset_id"];
  }

  json order_v3(const std::string& path, const json& body) {
    net::Response response = send("POST", path, body.dump());
    EXPECT_EQ(response.status, 200) << response.body;
    json data = json::parse(response.body)["data"];
    std::string id = data.contains("video_id") ? data["video_id"] : data["id"];
    for (int i = 0; i < 1500; ++i) {
      data = get_json("/v3/videos/" + id)["data"];
      if (data["status"] == "completed" || data["status"] == "failed") return data;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ADD_FAILURE() << "video " << id << " was not finished within 30 s";
    return {};
  }

  Picture shown(const std::string& path, Rational seconds) {
    media::VideoReader reader(media::Demuxer::open_file(path, media::Demuxer::Want::video));
    return Picture(*reader.frame_at(seconds, kFps));
  }
  double loudness(const std::string& path, double from, double to) {
    media::AudioReader reader(media::Demuxer::open_file(path, media::Demuxer::Want::audio));
    std::vector<float> samples(2 * static_cast<std::size_t>((to - from) * 48000));
    reader.read(static_cast<std::int64_t>(from * 48000), samples);
    double power = 0;
    for (float s : samples) power += double(s) * s;
    return std::sqrt(power / double(samples.size()));
  }
  std::string sound(const std::string& name, Rational seconds) {
    VideoSpec spec;
    spec.seconds = seconds;
    spec.audio_codec = "pcm_s16le";
    make_audio(dir_ / name, spec);
    return dir_ / name;
  }
  std::string picture() {
    make_image(dir_ / "halves.png", 640, 360);
    return dir_ / "halves.png";
  }
  static constexpr Color kRed{220, 30, 30, 255}, kBlue{30, 30, 220, 255};
};

TEST_F(Assets, OneContentHasOneIdAndIsServedAgain) {
  std::string file = sound("a.wav", Rational(1));
  std::string id = upload_v1(file, "audio/wav");
  EXPECT_EQ(upload_v3(file, "audio/wav"), id);
  net::Response response = get("/assets/" + id);
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body == read_file(file));
  EXPECT_EQ(get("/assets/" + std::string(32, '0')).status, 404);
  EXPECT_EQ(sandbox_->charges(), 0) << "an upload costs nothing";
}

TEST_F(Assets, WhatIsNoUploadIsRefused) {
  auto post = [this](const std::string& path, const std::string& type, const std::string& body,
                     const std::string& key) {
    return client_
        .perform({.method = "POST",
                  .url = sandbox_->base_url() + path,
                  .headers = {{"X-Api-Key", key}, {"Content-Type", type}},
                  .body = body})
        .status;
  };
  EXPECT_EQ(post("/v1/asset", "text/html", "<p>", key_), 400);
  EXPECT_EQ(post("/v1/asset", "audio/wav", "", key_), 400);
  EXPECT_EQ(post("/v1/asset", "audio/wav", "x", ""), 401);
  for (const char* body : {"", "--", "--b\r\n\r\nx", "--b\r\nContent-Type: audio/wav\r\n\r\nx\r\n--b--",
                           "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--"}) {
    EXPECT_EQ(post("/v3/assets", "multipart/form-data; boundary=b", body, key_), 400) << body;
  }
}

TEST_F(Assets, ARecordingIsWhatIsHeardAndHowLongTheClipIs) {
  std::string id = upload_v1(sound("a.wav", Rational(3, 2)), "audio/wav");
  json body = v2_body();
  body["video_inputs"][0]["voice"] = {{"type", "audio"}, {"audio_asset_id", id}};
  json data = finished(create(body));
  EXPECT_NEAR(data["duration"].get<double>(), 1.5, 0.045);
  std::string path = fetch(data);
  EXPECT_NEAR(loudness(path, 0.2, 1.3), 0.25 / std::sqrt(2.0), 0.02) << "a sine of 0.25, on both channels";
  Picture mouth = shown(path, Rational(1));
  body["video_inputs"][0]["voice"] = {{"type", "silence"}, {"duration", 1.5}};
  Picture closed = shown(make(body), Rational(1));
  int moved = 0;
  for (int y = 70; y < 110; ++y) {
    for (int x = 140; x < 180; ++x) moved += distance(mouth.at(x, y), closed.at(x, y)) > 20 ? 1 : 0;
  }
  EXPECT_GT(moved, 15) << "the mouth is open while it sounds";
}

TEST_F(Assets, APictureStandsBehindInBothDialects) {
  std::string id = upload_v3(picture(), "image/png");
  json body = v2_body();
  body["video_inputs"][0]["voice"] = {{"type", "silence"}, {"duration", 1}};
  body["video_inputs"][0]["background"] = {{"type", "image"},
                                           {"url", sandbox_->base_url() + "/assets/" + id}};
  Picture v2 = shown(make(body), Rational(1, 2));
  json flat = v3_body();
  flat["background"] = {{"type", "image"}, {"asset_id", id}};
  json data = order_v3("/v3/videos", flat);
  Picture v3 = shown(fetch(data), Rational(1, 5));
  for (auto [picture, scale] : {std::pair(&v2, 1), {&v3, 4}}) {
    EXPECT_LT(distance(picture->at(20 * scale, 20 * scale), kRed), 12);
    EXPECT_LT(distance(picture->at(300 * scale, 20 * scale), kBlue), 12);
    EXPECT_GT(distance(picture->at(159 * scale, 120 * scale), kRed), 20) << "the presenter is in front";
  }
  body["video_inputs"][0]["character"]["avatar_style"] = "circle";
  Picture circle = shown(make(body), Rational(1, 2));
  EXPECT_LT(distance(circle.at(20, 90), kRed), 12) << "outside the circle";
  EXPECT_LT(distance(circle.at(300, 90), kBlue), 12);
}

TEST_F(Assets, AFilmBehindLoopsFreezesOrIsShownInFull) {
  VideoSpec spec;
  spec.width = 320, spec.height = 180, spec.seconds = Rational(2),
  spec.picture = avstage::test::Picture::gray;
  make_video(dir_ / "film.mp4", spec);
  std::string id = upload_v1(dir_ / "film.mp4", "video/mp4");
  auto film = [&](const char* play, double silence) {
    json body = v2_body();
    body["video_inputs"][0]["voice"] = {{"type", "silence"}, {"duration", silence}};
    body["video_inputs"][0]["background"] = {{"type", "video"}, {"video_asset_id", id}, {"play_style", play}};
    return finished(create(body));
  };
  auto level = [&](const std::string& path, Rational seconds) { return shown(path, seconds).luma(20, 20); };
  std::string loop = fetch(film("loop", 3));
  EXPECT_NEAR(level(loop, Rational(1, 2)), level(loop, Rational(5, 2)), 4);
  EXPECT_GT(level(loop, Rational(3, 2)), level(loop, Rational(1, 2)) + 30) << "it moves";
  std::string frozen = fetch(film("freeze", 3));
  EXPECT_NEAR(level(frozen, Rational(5, 2)), level(loop, Rational(49, 25)), 5) << "its last picture stays";
  std::string fitted = fetch(film("fit_to_scene", 4));
  EXPECT_NEAR(level(fitted, Rational(3)), level(loop, Rational(3, 2)), 6) << "at half its speed";
  EXPECT_NEAR(film("full_video", 1)["duration"].get<double>(), 2, 0.05);
}

TEST_F(Assets, ScenesFollowEachOther) {
  json body = v2_body();
  json silent = body["video_inputs"][0], spoken = silent;
  silent["voice"] = {{"type", "silence"}, {"duration", "1"}};
  silent["background"]["value"] = "#ff0000";
  spoken["voice"] = {{"type", "audio"},
                     {"audio_asset_id", upload_v1(sound("a.wav", Rational(1)), "audio/wav")}};
  body["video_inputs"] = {silent, spoken, silent};
  json data = finished(create(body));
  EXPECT_NEAR(data["duration"].get<double>(), 3, 0.05);
  std::string path = fetch(data);
  EXPECT_LT(distance(shown(path, Rational(1, 2)).at(5, 5), {255, 0, 0, 255}), 4);
  EXPECT_LT(distance(shown(path, Rational(3, 2)).at(5, 5), {0, 128, 0, 255}), 4);
  EXPECT_LT(distance(shown(path, Rational(5, 2)).at(5, 5), {255, 0, 0, 255}), 4);
  EXPECT_LT(loudness(path, 0.1, 0.9), 0.001);
  EXPECT_GT(loudness(path, 1.1, 1.9), 0.1);
  EXPECT_LT(loudness(path, 2.15, 2.9), 0.001);
}

TEST_F(Assets, AStudioHasAvatarsPortraitsAndPictures) {
  std::string image = upload_v3(picture(), "image/png");
  std::string audio = upload_v3(sound("a.wav", Rational(1)), "audio/wav");
  json source = {{"type", "asset_id"}, {"asset_id", image}};
  json body = {{"type", "studio"},
               {"resolution", "720p"},
               {"scenes",
                {{{"type", "avatar_video"},
                  {"input",
                   {{"type", "avatar"},
                    {"avatar_id", "Daisy"},
                    {"audio_asset_id", audio},
                    {"background", {{"type", "color"}, {"color", "#00ff00"}}}}}},
                 {{"type", "image"}, {"source", source}, {"duration", 1}},
                 {{"type", "avatar_video"},
                  {"input", {{"type", "image"}, {"image", source}, {"audio_asset_id", audio}}}}}}};
  json data = order_v3("/v3/videos", body);
  ASSERT_EQ(data["status"], "completed") << data;
  EXPECT_NEAR(data["duration"].get<double>(), 3, 0.05);
  std::string path = fetch(data);
  EXPECT_LT(distance(shown(path, Rational(1, 2)).at(20, 20), {0, 255, 0, 255}), 4);
  EXPECT_LT(distance(shown(path, Rational(3, 2)).at(400, 600), kRed), 12) << "nobody stands there";
  EXPECT_LT(distance(shown(path, Rational(3, 2)).at(641 + 40, 500), kBlue), 12);
  Picture still = shown(path, Rational(3, 2)), talking = shown(path, Rational(5, 2));
  int moved = 0;
  for (int y = 280; y < 440; ++y) {
    for (int x = 560; x < 720; ++x) moved += distance(still.at(x, y), talking.at(x, y)) > 30 ? 1 : 0;
  }
  EXPECT_GT(moved, 100) << "the portrait moves its mouth";
  EXPECT_LT(distance(talking.at(100, 600), kRed), 12);
}

TEST_F(Assets, ATemplateSaysItsTextsInBothDialects) {
  auto variable = [](const char* name, const char* type, json properties) {
    return json{{"name", name}, {"type", type}, {"properties", std::move(properties)}};
  };
  json body = {{"variables",
                {{"one", variable("one", "text", {{"content", "Hello there."}})},
                 {"two", variable("two", "text", {{"content", "Good bye."}})},
                 {"who", variable("who", "character", {{"character_id", "Daisy"}, {"type", "avatar"}})}}},
               {"dimension", {{"width", 320}, {"height", 180}}},
               {"title", "T"}};
  net::Response v2 = send("POST", "/v2/template/t1/generate", body.dump());
  ASSERT_EQ(v2.status, 200) << v2.body;
  json classic = finished(json::parse(v2.body)["data"]["video_id"]);
  json current = order_v3("/v3/templates/t1", body);
  EXPECT_EQ(current["title"], "T");
  EXPECT_EQ(classic["duration"], current["duration"]);
  EXPECT_GT(current["duration"].get<double>(), 1.2);
  net::Headers key = {{"Idempotency-Key", "k1"}};
  std::string once = json::parse(send("POST", "/v3/templates/t1", body.dump(), key).body)["data"]["id"];
  EXPECT_EQ(json::parse(send("POST", "/v3/templates/t1", body.dump(), key).body)["data"]["id"], once);
  EXPECT_NE(json::parse(send("POST", "/v3/templates/t2", body.dump(), key).body)["data"]["id"], once)
      << "a key is its path's alone";
  body["variables"]["one"]["name"] = "other";
  EXPECT_EQ(send("POST", "/v3/templates/t1", body.dump()).status, 400);
  EXPECT_EQ(send("POST", "/v3/templates/t1", R"({"variables":{}})").status, 400);
}

TEST_F(Assets, OneThatIsNotThereOrOfAWrongKindFailsTheClip) {
  json body = v2_body();
  body["video_inputs"][0]["voice"] = {{"type", "audio"}, {"audio_asset_id", std::string(32, 'a')}};
  EXPECT_EQ(finished(create(body))["error"]["message"], "Asset not found");
  body["video_inputs"][0]["voice"]["audio_asset_id"] = upload_v1(picture(), "image/png");
  EXPECT_EQ(finished(create(body))["error"]["code"], 400652);
  for (const char* url : {"https://example.org/a.mp3", "http://127.0.0.1:1/assets/../secret"}) {
    body["video_inputs"][0]["voice"] = {{"type", "audio"}, {"audio_url", url}};
    EXPECT_EQ(send("POST", "/v2/video/generate", body.dump()).status, 400) << url;
  }
}

}  // namespace
}  // namespace avstage::sandbox::test
