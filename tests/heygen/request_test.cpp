#include <gtest/gtest.h>

#include "bench.h"

namespace avstage {
namespace {

using test::body_clip;
using test::host_clip;

const std::string accepted = R"({"error":null,"data":{"video_id":"v1"}})";

test::Received sent(const std::string& dialect, const AvatarRef& clip) {
  test::Bench bench = test::always(dialect, {200, accepted});
  bench.submit(clip);
  return bench.server.received().at(0);
}

TEST(Request, V2SaysNeutralWordsInItsOwnBody) {
  AvatarRef clip = host_clip();
  clip.style = "circle";
  clip.speed = 1.25;
  clip.pitch = -5;
  clip.emotion = "Friendly";
  clip.locale = "en-US";
  clip.scale = 1.5;
  clip.offset = {0.25, -0.5};
  clip.background = Color{0, 128, 0};
  clip.size = {720, 406};
  clip.fps = 30;
  clip.title = "Hello";
  clip.test = true;
  test::Received request = sent("v2", clip);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v2/video/generate");
  EXPECT_EQ(request.body,
            R"({"callback_id":"avstage-tag","dimension":{"height":406,"width":720},"fps":30.0,)"
            R"("test":true,"title":"Hello [avstage-tag]","video_inputs":[{"background":{"type":"color",)"
            R"("value":"#008000"},"character":{"avatar_id":"Daisy-inskirt-20220818","avatar_style":"circle",)"
            R"("offset":{"x":0.25,"y":-0.5},"scale":1.5,"type":"avatar"},"voice":{"emotion":"Friendly",)"
            R"("input_text":"Welcome!","locale":"en-US","pitch":-5,"speed":1.25,"type":"text",)"
            R"("voice_id":"2d5b0e6c"}}]})");
}

TEST(Request, V2AlwaysSendsASizeSinceTheVendorsDefaultIsUncertain) {
  EXPECT_EQ(sent("v2", host_clip()).body,
            R"({"callback_id":"avstage-tag","dimension":{"height":1080,"width":1920},"title":"avstage-tag",)"
            R"("video_inputs":[{"character":{"avatar_id":"Daisy-inskirt-20220818","avatar_style":"normal",)"
            R"("type":"avatar"},"voice":{"input_text":"Welcome!","type":"text","voice_id":"2d5b0e6c"}}]})");
}

TEST(Request, V3SaysNeutralWordsInItsOwnBody) {
  AvatarRef clip = host_clip();
  clip.speed = 0.75;
  clip.pitch = 3;
  clip.locale = "de-DE";
  clip.background = Color{0, 255, 0};
  clip.size = {720, 1280};
  clip.title = "Hello";
  test::Received request = sent("v3", clip);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v3/videos");
  EXPECT_EQ(request.body,
            R"({"aspect_ratio":"9:16","avatar_id":"Daisy-inskirt-20220818","background":{"type":"color",)"
            R"("value":"#00ff00"},"output_format":"mp4","resolution":"720p",)"
            R"("script":"Welcome!","title":"Hello [avstage-tag]","type":"avatar","voice_id":"2d5b0e6c",)"
            R"("voice_settings":{"locale":"de-DE","pitch":3,"speed":0.75}})");
}

TEST(Request, AVendorsBodyIsSentAsItIsButForTheTagInItsTitle) {
  AvatarRef v2 =
      body_clip(R"({"custom":{"x":[1,2.5,null]},"title":"Mine","video_inputs":[{"character":{}}]})");
  EXPECT_EQ(
      sent("v2", v2).body,
      R"({"custom":{"x":[1,2.5,null]},"title":"Mine [avstage-tag]","video_inputs":[{"character":{}}]})");
  AvatarRef v3 = body_clip(R"({"callback_id":"mine","type":"cinematic_avatar"})");
  EXPECT_EQ(sent("v3", v3).body, R"({"callback_id":"mine","title":"avstage-tag","type":"cinematic_avatar"})");
}

TEST(Request, TheKeyTravelsInItsHeaderAndTheIdempotencyKeyInV3Only) {
  test::Received v2 = sent("v2", host_clip());
  test::Received v3 = sent("v3", host_clip());
  for (test::Received* request : {&v2, &v3}) {
    EXPECT_EQ(request->headers["x-api-key"], test::canary_key);
    EXPECT_EQ(request->headers["content-type"], "application/json");
    EXPECT_EQ((request->target + request->body).find(test::canary_key), std::string::npos);
  }
  EXPECT_FALSE(v2.headers.contains("idempotency-key"));
  EXPECT_EQ(v3.headers["idempotency-key"], "idem-1");
}

TEST(CanonicalRequest, IsStableUnderKeyOrderAndWhiteSpace) {
  EXPECT_EQ(heygen::canonical_request(body_clip(R"({"type":"avatar","script":"a","avatar_id":"b"})")),
            heygen::canonical_request(
                body_clip("{ \"avatar_id\" : \"b\",\n\"script\":\"a\", \"type\":\"avatar\" }")));
}

TEST(CanonicalRequest, LeavesOutWhatChangesNoPixel) {
  EXPECT_EQ(heygen::canonical_request(
                body_clip(R"({"type":"x","title":"t","callback_id":"c","callback_url":"https://u","n":1})")),
            R"({"n":1,"type":"x"})");
}

TEST(CanonicalRequest, SaysDefaultsAndSilenceAlike) {
  AvatarRef plain = host_clip();
  AvatarRef spelled = host_clip();
  spelled.title = "another title";
  spelled.take = 4;
  spelled.speed = 1;
  spelled.pitch = 0;
  spelled.scale = 1;
  spelled.offset = {0, 0};
  spelled.size = {1920, 1080};
  spelled.fps = 25;
  EXPECT_EQ(heygen::canonical_request(plain),
            R"({"avatar":"Daisy-inskirt-20220818","say":"Welcome!","voice":"2d5b0e6c"})");
  EXPECT_EQ(heygen::canonical_request(spelled), heygen::canonical_request(plain));
}

TEST(CanonicalRequest, ChangesWithEveryWordThatChangesTheClip) {
  const std::vector<std::function<void(AvatarRef&)>> changes{[](AvatarRef& c) { c.avatar_id = "x"; },
                                                             [](AvatarRef& c) { c.voice_id = "x"; },
                                                             [](AvatarRef& c) { c.say = "x"; },
                                                             [](AvatarRef& c) { c.style = "circle"; },
                                                             [](AvatarRef& c) { c.speed = 1.1; },
                                                             [](AvatarRef& c) { c.pitch = 1; },
                                                             [](AvatarRef& c) { c.emotion = "Serious"; },
                                                             [](AvatarRef& c) { c.locale = "de-DE"; },
                                                             [](AvatarRef& c) { c.scale = 2; },
                                                             [](AvatarRef& c) {
                                                               c.offset = {0.1, 0};
                                                             },
                                                             [](AvatarRef& c) { c.background = Color{}; },
                                                             [](AvatarRef& c) {
                                                               c.size = {1280, 720};
                                                             },
                                                             [](AvatarRef& c) { c.fps = 30; },
                                                             [](AvatarRef& c) { c.test = true; },
                                                             [](AvatarRef& c) { c.video_id = "v"; }};
  std::set<std::string> seen{heygen::canonical_request(host_clip())};
  for (const auto& change : changes) {
    AvatarRef clip = host_clip();
    change(clip);
    EXPECT_TRUE(seen.insert(heygen::canonical_request(clip)).second) << heygen::canonical_request(clip);
  }
}

TEST(RequestedBackground, IsReadFromWordsAndBodies) {
  AvatarRef green = host_clip();
  green.background = Color{0, 128, 0};
  EXPECT_EQ(heygen::requested_background(green), (Color{0, 128, 0}));
  EXPECT_FALSE(heygen::requested_background(host_clip()));
  const Color pure{0, 255, 0};
  auto read = [](const std::string& body) { return heygen::requested_background(body_clip(body)); };
  EXPECT_EQ(read(R"({"video_inputs":[{"background":{"type":"color","value":"#00FF00"}}]})"), pure);
  EXPECT_EQ(read(R"({"type":"avatar","background":{"type":"color","value":"#00ff00"}})"), pure);
  EXPECT_EQ(
      read(R"({"type":"studio","scenes":[{"input":{"background":{"type":"color","color":"#00ff00"}}}]})"),
      pure);
  EXPECT_FALSE(read(R"({"video_inputs":[{"background":{"type":"color","value":"#00FF00"}},{}]})"));
  EXPECT_FALSE(read(R"({"video_inputs":[{"background":{"type":"image","url":"https://x"}}]})"));
  EXPECT_FALSE(read(R"({"video_inputs":[{"background":{"type":"color","value":"green"}}]})"));
  EXPECT_FALSE(read(R"({"video_inputs":7})"));
}

TEST(TestMode, IsReadFromWordsAndBodies) {
  AvatarRef clip = host_clip();
  EXPECT_FALSE(heygen::is_test(clip));
  clip.test = true;
  EXPECT_TRUE(heygen::is_test(clip));
  EXPECT_TRUE(heygen::is_test(body_clip(R"({"video_inputs":[],"test":true})")));
  EXPECT_FALSE(heygen::is_test(body_clip(R"({"video_inputs":[],"test":"true"})")));
}

AvatarRef transparent_clip(Transparent how = Transparent::require) {
  AvatarRef clip = host_clip();
  clip.transparent = how;
  return clip;
}

TEST(TransparentRequest, V3AsksForWebmWithoutABackground) {
  AvatarRef clip = transparent_clip(Transparent::prefer);
  clip.background = Color{0, 255, 0};
  EXPECT_EQ(sent("v3", clip).body,
            R"({"aspect_ratio":"16:9","avatar_id":"Daisy-inskirt-20220818","output_format":"webm",)"
            R"("resolution":"1080p","script":"Welcome!","title":"avstage-tag","type":"avatar",)"
            R"("voice_id":"2d5b0e6c"})");
}

TEST(TransparentRequest, V1HasAPathAndABodyOfItsOwn) {
  AvatarRef clip = transparent_clip();
  clip.style = "closeUp";
  clip.size = {640, 360};
  test::Received request = sent("v2", clip);
  EXPECT_EQ(request.target, "/v1/video.webm");
  EXPECT_EQ(request.body,
            R"({"avatar_pose_id":"Daisy-inskirt-20220818","avatar_style":"closeUp",)"
            R"("dimension":{"height":360,"width":640},"input_text":"Welcome!","voice_id":"2d5b0e6c"})");
  clip.say.clear();
  clip.voice_id.clear();
  clip.audio = AssetRef{.asset_id = "as1"};
  EXPECT_EQ(sent("v2", clip).body, R"({"avatar_pose_id":"Daisy-inskirt-20220818","avatar_style":"closeUp",)"
                                   R"("dimension":{"height":360,"width":640},"input_audio":"as1"})");
}

TEST(TransparentRequest, HowItIsWantedIsNotPartOfTheClipButThatItIsWantedIs) {
  AvatarRef preferred = transparent_clip(Transparent::prefer);
  preferred.background = Color{0, 255, 0};
  EXPECT_EQ(heygen::canonical_request(preferred), heygen::canonical_request(transparent_clip()));
  EXPECT_NE(heygen::canonical_request(transparent_clip()), heygen::canonical_request(host_clip()));
  EXPECT_TRUE(heygen::is_transparent(preferred));
  EXPECT_FALSE(heygen::is_transparent(host_clip()));
  EXPECT_TRUE(heygen::is_transparent(body_clip(R"({"type":"avatar","output_format":"webm"})")));
}

TEST(TransparentRequest, WhatNeitherGenerationCanMakeTransparentIsRefused) {
  AvatarRef clip = transparent_clip();
  EXPECT_EQ(heygen::choose_dialect(clip, "auto"), "v3");
  clip.size = {640, 360};
  EXPECT_EQ(heygen::choose_dialect(clip, "auto"), "v2");
  clip.emotion = "Friendly";
  EXPECT_NE(test::usage_error([&] { heygen::choose_dialect(clip, "auto"); }).find("\"emotion\""),
            std::string::npos);
  clip = transparent_clip();
  clip.speed = 1.2;
  EXPECT_EQ(heygen::choose_dialect(clip, "auto"), "v3");
  EXPECT_NE(test::usage_error([&] { heygen::choose_dialect(clip, "v2"); }).find("\"speed\""),
            std::string::npos);
}

}  // namespace
}  // namespace avstage
