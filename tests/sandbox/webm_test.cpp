#include "net/http_stream.h"
#include "sandbox/bench.h"

namespace avstage::sandbox::test {
namespace {

class Webm : public Bench {
 protected:
  static json v1_body() {
    return {{"avatar_pose_id", "Daisy"},
            {"avatar_style", "normal"},
            {"input_text", "Hello there."},
            {"voice_id", "v1"},
            {"dimension", {{"width", 320}, {"height", 180}}}};
  }

  json order(const json& body = v1_body(), net::Headers headers = {}) {
    net::Response response = send("POST", "/v1/video.webm", body.dump(), std::move(headers));
    EXPECT_EQ(response.status, 200) << response.body;
    return finished(json::parse(response.body)["data"]["video_id"]);
  }

  /// Alpha of the first frame at a column and row; −1 without alpha.
  static int alpha(media::VideoReader& reader, double time, int x, int y) {
    const AVFrame* frame = reader.frame_at(Time(static_cast<std::int64_t>(time * 25), 25), Rational(25));
    if (frame->format != AV_PIX_FMT_YUVA420P) return -1;
    return frame->data[3][y * frame->linesize[3] + x];
  }
};

TEST_F(Webm, TheFigureStandsBeforeNothingAndSpeaks) {
  start();
  json data = order();
  EXPECT_NE(data["video_url"].get<std::string>().find(".webm?"), std::string::npos);
  net::Response file = client_.perform({.url = data["video_url"], .max_body = 50'000'000});
  EXPECT_EQ(file.header("content-type"), "video/webm");
  const std::string path = fetch(data);
  MediaFacts facts = media::probe_file(path);
  EXPECT_EQ(facts.format, "matroska,webm");
  EXPECT_EQ(facts.video->codec, "vp9");
  EXPECT_TRUE(facts.video->alpha);
  EXPECT_EQ(facts.audio->codec, "opus");
  EXPECT_NEAR(facts.video->duration->to_double(), data["duration"].get<double>(), 1e-9);
  media::VideoReader reader(media::Demuxer::open_file(path));
  for (double time : {0.0, 0.4}) {
    EXPECT_LT(alpha(reader, time, 2, 2), 8) << "a corner";
    EXPECT_LT(alpha(reader, time, 318, 100), 8) << "an edge";
    EXPECT_GT(alpha(reader, time, 160, 165), 247) << "the chest";
  }
}

TEST_F(Webm, TheCuesStandWhereTheKnobSays) {
  start();
  const auto cues_at = [this](const char* index) {
    const std::string path = fetch(order(v1_body(), fault({{"index", index}})));
    const std::string bytes = read_file(path);
    EXPECT_EQ(media::prove_complete(net::open_file_source(path), path).video->codec, "vp9");
    return double(bytes.rfind("\x1c\x53\xbb\x6b")) /
           double(bytes.size());  // before it, the seek head names it
  };
  EXPECT_LT(cues_at("first"), 0.3);
  EXPECT_GT(cues_at("last"), 0.7);
  EXPECT_GT(cues_at("fragmented"), 1) << "a live one has none";
}

TEST_F(Webm, WhatKindOfTransparencyComesIsAKnob) {
  start();
  const std::string opaque = fetch(order(v1_body(), fault({{"webm", "opaque"}})));
  media::VideoReader reader(media::Demuxer::open_file(opaque));
  EXPECT_GT(alpha(reader, 0, 2, 2), 247);
  const std::string plain = fetch(order(v1_body(), fault({{"webm", "plain"}})));
  EXPECT_FALSE(media::probe_file(plain).video->alpha);
  net::Response refused = send("POST", "/v1/video.webm", v1_body().dump(), fault({{"webm", "refused"}}));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(sandbox_->charges(), 2) << "what is refused costs nothing";
}

TEST_F(Webm, V3MakesItTooButWithNoBackground) {
  start();
  json body = v3_body();
  body["output_format"] = "webm";
  net::Response created = post_v3({}, body);
  ASSERT_EQ(created.status, 200) << created.body;
  EXPECT_EQ(json::parse(created.body)["data"]["output_format"], "webm");
  body["background"] = {{"type", "color"}, {"value", "#00ff00"}};
  EXPECT_EQ(post_v3({}, body).status, 400);
}

TEST_F(Webm, V1sFieldsAreChecked) {
  start();
  auto status_of = [this](const char* field, const json& value) {
    json body = v1_body();
    if (value.is_discarded()) {
      body.erase(field);
    } else {
      body[field] = value;
    }
    return send("POST", "/v1/video.webm", body.dump()).status;
  };
  const json gone(json::value_t::discarded);
  EXPECT_EQ(status_of("avatar_style", "circle"), 400);
  EXPECT_EQ(status_of("avatar_pose_id", gone), 400);
  EXPECT_EQ(status_of("voice_id", gone), 400);
  EXPECT_EQ(status_of("input_audio", "as1"), 400) << "beside input_text";
}

}  // namespace
}  // namespace avstage::sandbox::test
