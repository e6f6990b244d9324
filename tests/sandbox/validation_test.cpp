#include "bench.h"

namespace avstage::sandbox::test {
namespace {

struct Bad {
  const char* pointer;  ///< where the good body is changed
  json value;           ///< what to; a discarded value removes it
  const char* field;    ///< what the message names
};

const json kRemoved = json(json::value_t::discarded);

json changed(json body, const Bad& bad) {
  json::json_pointer where(bad.pointer);
  if (bad.value.is_discarded()) {
    body[where.parent_pointer()].erase(where.back());
  } else {
    body[where] = bad.value;
  }
  return body;
}

class Validation : public Bench {
 protected:
  void SetUp() override { start(); }

  void expect_refused(const char* path, const std::string& body, const std::string& field) {
    net::Response response = send("POST", path, body);
    ASSERT_EQ(response.status, 400) << body << "\n" << response.body;
    json error = json::parse(response.body)["error"];
    EXPECT_EQ(error["code"], "invalid_parameter");
    EXPECT_EQ(error["message"].get<std::string>().rfind(field + " is invalid: ", 0), 0U)
        << error << " for " << field;
    EXPECT_EQ(sandbox_->charges(), 0);
  }
};

const std::vector<Bad>& bad_v2() {
  static const std::vector<Bad> table = {
      {"/video_inputs", kRemoved, "video_inputs"},
      {"/video_inputs", json::array(), "video_inputs"},
      {"/video_inputs", json(std::vector<int>(51)), "video_inputs"},
      {"/video_inputs", "x", "video_inputs"},
      {"/video_inputs/0", 5, "video_inputs.0"},
      {"/video_inputs/0/character", kRemoved, "video_inputs.0.character"},
      {"/video_inputs/0/voice", kRemoved, "video_inputs.0.voice"},
      {"/video_inputs/0/character/type", "robot", "video_inputs.0.character.type"},
      {"/video_inputs/0/character/avatar_id", kRemoved, "video_inputs.0.character.avatar_id"},
      {"/video_inputs/0/character/avatar_id", "", "video_inputs.0.character.avatar_id"},
      {"/video_inputs/0/character/avatar_style", "wide", "video_inputs.0.character.avatar_style"},
      {"/video_inputs/0/character/scale", 5.1, "video_inputs.0.character.scale"},
      {"/video_inputs/0/character/scale", 0, "video_inputs.0.character.scale"},
      {"/video_inputs/0/character/offset", 3, "video_inputs.0.character.offset"},
      {"/video_inputs/0/character/matting", "yes", "video_inputs.0.character.matting"},
      {"/video_inputs/0/character/circle_background_color", "red",
       "video_inputs.0.character.circle_background_color"},
      {"/video_inputs/0/voice/type", "song", "video_inputs.0.voice.type"},
      {"/video_inputs/0/voice/voice_id", kRemoved, "video_inputs.0.voice.voice_id"},
      {"/video_inputs/0/voice/input_text", "", "video_inputs.0.voice.input_text"},
      {"/video_inputs/0/voice/input_text", std::string(5001, 'a'), "video_inputs.0.voice.input_text"},
      {"/video_inputs/0/voice/speed", 0.4, "video_inputs.0.voice.speed"},
      {"/video_inputs/0/voice/speed", 1.6, "video_inputs.0.voice.speed"},
      {"/video_inputs/0/voice/speed", "1", "video_inputs.0.voice.speed"},
      {"/video_inputs/0/voice/pitch", 51, "video_inputs.0.voice.pitch"},
      {"/video_inputs/0/voice/pitch", 0.5, "video_inputs.0.voice.pitch"},
      {"/video_inputs/0/voice/emotion", "Angry", "video_inputs.0.voice.emotion"},
      {"/video_inputs/0/voice/elevenlabs_settings",
       {{"stability", 2}},
       "video_inputs.0.voice.elevenlabs_settings.stability"},
      {"/video_inputs/0/voice", {{"type", "silence"}, {"duration", 101}}, "video_inputs.0.voice.duration"},
      {"/video_inputs/0/voice", {{"type", "silence"}, {"duration", "1s"}}, "video_inputs.0.voice.duration"},
      {"/video_inputs/0/voice", {{"type", "audio"}}, "video_inputs.0.voice.audio_url"},
      {"/video_inputs/0/voice",
       {{"type", "audio"}, {"audio_url", "https://a/b.mp3"}, {"audio_asset_id", "a"}},
       "video_inputs.0.voice.audio_asset_id"},
      {"/video_inputs/0/background/type", "sound", "video_inputs.0.background.type"},
      {"/video_inputs/0/background/value", "008000", "video_inputs.0.background.value"},
      {"/video_inputs/0/background/value", "#00800", "video_inputs.0.background.value"},
      {"/video_inputs/0/background/value", "#00800g", "video_inputs.0.background.value"},
      {"/video_inputs/0/background", {{"type", "image"}}, "video_inputs.0.background.url"},
      {"/video_inputs/0/background",
       {{"type", "video"}, {"url", "https://a/b.mp4"}, {"video_asset_id", "a"}},
       "video_inputs.0.background.video_asset_id"},
      {"/dimension", 720, "dimension"},
      {"/dimension/width", 321, "dimension.width"},
      {"/dimension/width", 126, "dimension.width"},
      {"/dimension/height", 4098, "dimension.height"},
      {"/dimension/height", kRemoved, "dimension.height"},
      {"/dimension/height", 180.5, "dimension.height"},
      {"/fps", 24, "fps"},
      {"/test", 1, "test"},
      {"/title", 7, "title"},
      {"/callback_url", "http://a", "callback_url"},
  };
  return table;
}

TEST_F(Validation, EveryBadV2BodyIs400AndTheMessageNamesTheField) {
  for (const Bad& bad : bad_v2()) {
    SCOPED_TRACE(bad.pointer);
    expect_refused("/v2/video/generate", changed(v2_body(), bad).dump(), bad.field);
  }
}

TEST_F(Validation, EveryBadV3BodyIs400AndTheMessageNamesTheField) {
  const std::vector<Bad> table = {
      {"/type", kRemoved, "type"},
      {"/type", "hologram", "type"},
      {"/avatar_id", kRemoved, "avatar_id"},
      {"/script", kRemoved, "script"},
      {"/script", "", "script"},
      {"/script", std::string(5001, 'a'), "script"},
      {"/audio_url", "https://a/b.mp3", "audio_url"},
      {"/voice_settings", {{"speed", 2}}, "voice_settings.speed"},
      {"/voice_settings", {{"pitch", -51}}, "voice_settings.pitch"},
      {"/voice_settings", {{"volume", 1.1}}, "voice_settings.volume"},
      {"/resolution", "8k", "resolution"},
      {"/aspect_ratio", "2:1", "aspect_ratio"},
      {"/background", {{"type", "color"}}, "background.value"},
      {"/background", {{"type", "color"}, {"value", "white"}}, "background.value"},
      {"/background", {{"type", "image"}, {"url", "https://a"}, {"asset_id", "a"}}, "background.asset_id"},
      {"/output_format", "gif", "output_format"},
      {"/fit", "fill", "fit"},
      {"/expressiveness", "wild", "expressiveness"},
      {"/caption", {{"file_format", "vtt"}}, "caption.file_format"},
      {"/engine", "avatar_iv", "engine"},
  };
  for (const Bad& bad : table) {
    SCOPED_TRACE(bad.pointer);
    expect_refused("/v3/videos", changed(v3_body(), bad).dump(), bad.field);
    json error = json::parse(send("POST", "/v3/videos", changed(v3_body(), bad).dump()).body)["error"];
    EXPECT_EQ(error["param"], bad.field);
  }
}

TEST_F(Validation, WhatIsNotAJsonObjectIs400) {
  for (const char* body : {"{", "[]", "null", "7", "\"\xff\"", "{\"a\":1}x"}) {
    for (const char* path : {"/v2/video/generate", "/v3/videos"}) {
      net::Response response = send("POST", path, body);
      EXPECT_EQ(response.status, 400) << path << body;
      EXPECT_EQ(json::parse(response.body)["error"]["code"], "invalid_parameter");
    }
  }
}

TEST_F(Validation, ABodyThatIsTooLargeIs413) {
  net::Response response = send("POST", "/v2/video/generate", std::string(5 << 20, ' '));
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(json::parse(response.body)["error"]["code"], "payload_too_large");
}

TEST_F(Validation, DeepNestingDoesNoHarm) {
  EXPECT_EQ(send("POST", "/v3/videos", std::string(1 << 20, '[')).status, 400);
  EXPECT_EQ(send("POST", "/v2/video/generate", std::string(1000, '[') + std::string(1000, ']')).status, 400);
}

TEST_F(Validation, UnknownFieldsAndNullsAreTolerated) {
  json body = v2_body();
  body["something_new"] = {{"a", 1}};
  body["callback_id"] = nullptr;
  body["video_inputs"][0]["voice"]["emotion"] = nullptr;
  EXPECT_EQ(finished(create(body))["status"], "completed");
}

TEST_F(Validation, TheLimitsThemselvesAreAllowed) {
  json body = v2_body();
  body["dimension"] = {{"width", 128}, {"height", 4096}};
  body["video_inputs"][0]["voice"]["speed"] = 1.5;
  body["video_inputs"][0]["voice"]["pitch"] = -50;
  body["video_inputs"][0]["voice"]["input_text"] = "Hi.";
  create(body);
  body = v2_body();
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "é";
  body["video_inputs"][0]["voice"]["input_text"] = text;
  create(body);
  EXPECT_EQ(sandbox_->charges(), 2);
}

}  // namespace
}  // namespace avstage::sandbox::test
