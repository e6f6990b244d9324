#include "heygen/translate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench.h"
#include "support/log_guard.h"

namespace avstage {
namespace {

using heygen::Json;
using testing::ElementsAre;
using testing::HasSubstr;

/// The body of the vendor's Quick Start.
const char* const quick_start = R"({"video_inputs":[{
  "character":{"type":"avatar","avatar_id":"Daisy","avatar_style":"normal"},
  "voice":{"type":"text","input_text":"Welcome!","voice_id":"2d5b","speed":1.1},
  "background":{"type":"color","value":"#008000"}}],"dimension":{"width":1280,"height":720}})";

Json changed(const char* pointer, const Json& value) {
  Json body = Json::parse(quick_start);
  body[Json::json_pointer(pointer)] = value;
  return body;
}

TEST(Translation, TheQuickStartLosesNothing) {
  heygen::Translation out = heygen::translate_to_v3(Json::parse(quick_start));
  EXPECT_THAT(out.lost, ElementsAre());
  EXPECT_EQ(out.impossible, "");
  EXPECT_EQ(out.body,
            Json::parse(R"({"type":"avatar","avatar_id":"Daisy","script":"Welcome!","voice_id":"2d5b",
    "voice_settings":{"speed":1.1},"background":{"type":"color","value":"#008000"},"resolution":"720p",
    "aspect_ratio":"16:9","output_format":"mp4"})"));
}

TEST(Translation, ItIsSentByV3WithItsTagAndAKey) {
  test::Bench bench = test::always("v3", {200, R"({"data":{"video_id":"v1"}})"});
  AvatarRef clip = test::body_clip(quick_start);
  EXPECT_EQ(heygen::choose_dialect(clip, "v3"), "v3");
  EXPECT_EQ(heygen::choose_dialect(clip, "auto"), "v2");
  bench.submit(clip);
  test::Received request = bench.server.received().at(0);
  EXPECT_EQ(request.target, "/v3/videos");
  EXPECT_EQ(request.headers["idempotency-key"], "idem-1");
  Json body = Json::parse(request.body);
  EXPECT_EQ(body["title"], "avstage-tag");
  EXPECT_EQ(body["type"], "avatar");
}

TEST(Translation, WhatV3CannotKeepIsNamed) {
  struct Loss {
    const char* pointer;
    Json value;
    std::string lost;
  };
  const std::vector<Loss> cases{
      {"/video_inputs/0/character/avatar_style", "circle", "video_inputs[0].character.avatar_style"},
      {"/video_inputs/0/character/scale", 2, "video_inputs[0].character.scale"},
      {"/video_inputs/0/character/offset", {{"x", 0.1}, {"y", 0}}, "video_inputs[0].character.offset"},
      {"/video_inputs/0/character/matting", true, "video_inputs[0].character.matting"},
      {"/video_inputs/0/voice/emotion", "Serious", "video_inputs[0].voice.emotion"},
      {"/video_inputs/0/voice/elevenlabs_settings", Json::object(),
       "video_inputs[0].voice.elevenlabs_settings"},
      {"/video_inputs/0/text", {{"text", "x"}}, "video_inputs[0].text"},
      {"/video_inputs/0/background",
       {{"type", "video"}, {"url", "https://h/v"}},
       "video_inputs[0].background (video)"},
      {"/fps", 30, "fps"},
      {"/dimension", {{"width", 1300}, {"height", 720}}, "dimension 1300x720 (it becomes 1280x720)"},
      {"/dimension", {{"width", 600}, {"height", 1080}}, "dimension 600x1080 (it becomes 720x1280)"},
      {"/folder_id", "f", "folder_id"}};
  for (const Loss& c : cases) {
    heygen::Translation out = heygen::translate_to_v3(changed(c.pointer, c.value));
    EXPECT_EQ(out.impossible, "") << c.pointer;
    EXPECT_THAT(out.lost, ElementsAre(c.lost)) << c.pointer;
  }
}

TEST(Translation, WhatItKeepsItKeeps) {
  auto body = [](const char* pointer, const Json& value) {
    heygen::Translation out = heygen::translate_to_v3(changed(pointer, value));
    EXPECT_THAT(out.lost, ElementsAre()) << pointer;
    return out.body;
  };
  EXPECT_EQ(body("/video_inputs/0/voice", {{"type", "audio"}, {"audio_asset_id", "a"}})["audio_asset_id"],
            "a");
  EXPECT_EQ(body("/video_inputs/0/background", {{"type", "image"}, {"image_asset_id", "i"}})["background"],
            Json::parse(R"({"type":"image","asset_id":"i"})"));
  EXPECT_EQ(body("/caption", true)["caption"]["file_format"], "srt");
  EXPECT_EQ(body("/callback_url", "https://h/c")["callback_url"], "https://h/c");
  EXPECT_EQ(body("/dimension", {{"width", 1080}, {"height", 1920}})["aspect_ratio"], "9:16");
  EXPECT_FALSE(body("/fps", 25).contains("fps"));
}

TEST(Translation, WhatWouldBeAnotherClipOrCostMoneyIsRefused) {
  Json two = Json::parse(quick_start);
  two["video_inputs"].push_back(two["video_inputs"][0]);
  const std::vector<std::pair<Json, std::string>> cases{
      {two, "2 scenes"},
      {changed("/test", true), "would charge"},
      {changed("/video_inputs/0/voice", {{"type", "silence"}, {"duration", "1"}}), "\"silence\""},
      {changed("/video_inputs/0/character", {{"type", "talking_photo"}, {"talking_photo_id", "t"}}),
       "no avatar"},
      {changed("/video_inputs/0", 7), "no avatar"},
      {Json{{"video_inputs", 7}}, "scenes"}};
  for (const auto& [body, why] : cases) {
    EXPECT_THAT(heygen::translate_to_v3(body).impossible, HasSubstr(why)) << body;
    try {
      heygen::choose_dialect(test::body_clip(body.dump()), "v3");
      ADD_FAILURE() << body;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
      EXPECT_THAT(error.message(), testing::AllOf(HasSubstr("cannot be said in v3"), HasSubstr("\"v2\"")));
    }
  }
}

}  // namespace
}  // namespace avstage
