#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "bench.h"
#include "heygen/answer.h"

/// Scenes, portraits, recordings, pictures behind, templates: what they become in each dialect.
namespace avstage {
namespace {

using heygen::Json;
using test::usage_error;
using testing::HasSubstr;

AssetRef asset(const std::string& id) {
  AssetRef out;
  out.asset_id = id;
  return out;
}

AssetRef url(const std::string& text) {
  AssetRef out;
  out.url = text;
  return out;
}

AssetRef local(const std::string& sha256) {
  AssetRef out;
  out.file = "/anywhere/" + sha256 + ".wav";
  out.sha256 = sha256;
  return out;
}

AvatarScene scene(const std::string& say) {
  AvatarScene out;
  out.avatar_id = "A";
  out.voice_id = "V";
  out.say = say;
  return out;
}

AvatarRef of(const AvatarScene& scene) {
  AvatarRef clip;
  static_cast<AvatarScene&>(clip) = scene;
  clip.mark = {"job.json", 3, 14, "/clips/0/avatar"};
  return clip;
}

AvatarRef silent(double seconds) {
  AvatarScene out;
  out.avatar_id = "A";
  out.silence = seconds;
  return of(out);
}

AvatarRef spoken(const AssetRef& audio) {
  AvatarScene out;
  out.avatar_id = "A";
  out.audio = audio;
  return of(out);
}

AvatarRef template_clip() {
  AvatarRef clip;
  clip.template_id = "t1";
  clip.mark = {"job.json", 3, 14, "/clips/0/avatar"};
  using Kind = TemplateVariable::Kind;
  clip.variables = {{"face", Kind::photo, "P", {}},  {"logo", Kind::image, "", url("https://h/l.png")},
                    {"name", Kind::text, "Ana", {}}, {"snd", Kind::audio, "", asset("s")},
                    {"v", Kind::voice, "V", {}},     {"vid", Kind::video, "", asset("f")},
                    {"who", Kind::avatar, "A", {}}};
  return clip;
}

std::pair<std::string, Json> target_and_body(const std::string& dialect, const AvatarRef& clip) {
  test::Bench bench = test::always(dialect, {200, R"({"error":null,"data":{"id":"v1"}})"});
  heygen::SubmitResult result = bench.submit(clip);
  EXPECT_TRUE(std::holds_alternative<heygen::Accepted>(result));
  test::Received request = bench.server.received().at(0);
  return {request.target, Json::parse(request.body)};
}

TEST(Words, V2HasSilenceRecordingsAndPicturesBehind) {
  AvatarRef clip = silent(2.5);
  clip.avatar_id.clear();
  clip.photo_id = "tp";
  clip.style = "circle";
  clip.backdrop = Backdrop{asset("film"), true, "contain", "freeze"};
  clip.caption = true;
  clip.callback_id = "mine";
  auto [target, body] = target_and_body("v2", clip);
  EXPECT_EQ(target, "/v2/video/generate");
  EXPECT_EQ(body["video_inputs"], Json::parse(R"([{
    "character":{"type":"talking_photo","talking_photo_id":"tp","talking_photo_style":"circle"},
    "voice":{"type":"silence","duration":"2.5"},
    "background":{"type":"video","video_asset_id":"film","fit":"contain","play_style":"freeze"}}])"));
  EXPECT_EQ(body["caption"], true);
  EXPECT_EQ(body["callback_id"], "mine");
  AvatarRef heard = spoken(url("https://h/a.mp3"));
  heard.backdrop = Backdrop{url("https://h/b.png"), false, "", ""};
  body = target_and_body("v2", heard).second;
  EXPECT_EQ(body["video_inputs"][0]["voice"],
            Json::parse(R"({"type":"audio","audio_url":"https://h/a.mp3"})"));
  EXPECT_EQ(body["video_inputs"][0]["background"],
            Json::parse(R"({"type":"image","url":"https://h/b.png"})"));
}

TEST(Words, V3HasPortraitsRecordingsAndPicturesBehind) {
  AvatarRef clip = spoken(asset("snd"));
  clip.avatar_id.clear();
  clip.photo = url("https://h/p.jpg");
  clip.backdrop = Backdrop{asset("pic"), false, "", ""};
  clip.caption = true;
  clip.callback_id = "mine";
  auto [target, body] = target_and_body("v3", clip);
  EXPECT_EQ(target, "/v3/videos");
  EXPECT_EQ(body, Json::parse(R"({"type":"image","image":{"type":"url","url":"https://h/p.jpg"},
    "audio_asset_id":"snd","background":{"type":"image","asset_id":"pic"},"caption":{"file_format":"srt"},
    "callback_id":"mine","output_format":"mp4","resolution":"1080p","aspect_ratio":"16:9",
    "title":"avstage-tag"})"));
}

TEST(Words, SeveralScenesAreVideoInputsInV2AndAStudioInV3) {
  AvatarRef clip;
  AvatarScene green = scene("Two.");
  green.background = Color{0, 128, 0};
  green.speed = 1.2;
  clip.scenes = {scene("One."), green};
  clip.size = {1280, 720};
  Json v2 = target_and_body("v2", clip).second;
  ASSERT_EQ(v2["video_inputs"].size(), 2U);
  EXPECT_EQ(v2["video_inputs"][1]["voice"]["input_text"], "Two.");
  EXPECT_EQ(v2["video_inputs"][1]["background"]["value"], "#008000");
  Json v3 = target_and_body("v3", clip).second;
  EXPECT_EQ(v3,
            Json::parse(R"({"type":"studio","resolution":"720p","aspect_ratio":"16:9","title":"avstage-tag",
    "scenes":[
      {"type":"avatar_video","input":{"type":"avatar","avatar_id":"A","script":"One.","voice_id":"V"}},
      {"type":"avatar_video","input":{"type":"avatar","avatar_id":"A","script":"Two.","voice_id":"V",
        "voice_settings":{"speed":1.2},"background":{"type":"color","color":"#008000"}}}]})"));
}

TEST(Words, ATemplateHasOneBodyAndAPathInEachDialect) {
  AvatarRef clip = template_clip();
  clip.size = {1280, 720};
  clip.fps = 30;
  clip.title = "Hello";
  auto [v3_target, v3] = target_and_body("v3", clip);
  EXPECT_EQ(v3_target, "/v3/templates/t1");
  EXPECT_EQ(v3,
            Json::parse(R"({"title":"Hello [avstage-tag]","dimension":{"width":1280,"height":720},"fps":30.0,
    "variables":{
      "face":{"name":"face","type":"character","properties":{"character_id":"P","type":"talking_photo"}},
      "logo":{"name":"logo","type":"image","properties":{"url":"https://h/l.png"}},
      "name":{"name":"name","type":"text","properties":{"content":"Ana"}},
      "snd":{"name":"snd","type":"audio","properties":{"asset_id":"s"}},
      "v":{"name":"v","type":"voice","properties":{"voice_id":"V"}},
      "vid":{"name":"vid","type":"video","properties":{"asset_id":"f"}},
      "who":{"name":"who","type":"character","properties":{"character_id":"A","type":"avatar"}}}})"));
  clip.test = true;
  auto [v2_target, v2] = target_and_body("v2", clip);
  EXPECT_EQ(v2_target, "/v2/template/t1/generate");
  EXPECT_EQ(v2["test"], true);
  EXPECT_EQ(v2["variables"], v3["variables"]);
  EXPECT_EQ(v2["callback_id"], "avstage-tag");
}

TEST(Words, TheDialectIsTheOneThatCanSayThem) {
  auto chosen = [](const AvatarRef& clip) { return heygen::choose_dialect(clip, "auto"); };
  AvatarRef portrait = spoken(asset("a"));
  portrait.avatar_id.clear();
  portrait.photo = asset("p");
  AvatarRef film = of(scene("Hi"));
  film.backdrop = Backdrop{asset("f"), true, "", ""};
  AvatarRef picture = of(scene("Hi"));
  picture.backdrop = Backdrop{asset("p"), false, "", ""};
  AvatarRef two;
  two.scenes = {scene("One."), scene("Two.")};
  two.mark = portrait.mark;
  AvatarRef two_with_picture = two;
  two_with_picture.scenes[1].backdrop = picture.backdrop;
  AvatarRef tested = template_clip();
  tested.test = true;
  EXPECT_EQ(chosen(silent(2)), "v2");
  EXPECT_EQ(chosen(spoken(asset("a"))), "v3");
  EXPECT_EQ(chosen(portrait), "v3");
  EXPECT_EQ(chosen(film), "v2");
  EXPECT_EQ(chosen(picture), "v3");
  EXPECT_EQ(chosen(two), "v3");
  EXPECT_EQ(chosen(two_with_picture), "v2");
  EXPECT_EQ(chosen(template_clip()), "v3");
  EXPECT_EQ(chosen(tested), "v2");
  EXPECT_THAT(usage_error([&] { heygen::choose_dialect(portrait, "v2"); }), HasSubstr("talking_photo"));
  EXPECT_THAT(usage_error([&] { heygen::choose_dialect(silent(2), "v3"); }),
              HasSubstr("\"silence\": 2 cannot be said in v3"));
  portrait.test = true;
  EXPECT_THAT(usage_error([&] { chosen(portrait); }), HasSubstr("leave one of them out"));
}

TEST(Words, TheLimitsHoldInEveryScene) {
  AvatarRef clip;
  clip.mark = {"job.json", 3, 14, "/clips/0/avatar"};
  clip.scenes = std::vector<AvatarScene>(51, scene("Hi"));
  EXPECT_THAT(usage_error([&] { heygen::validate(clip, "v3"); }), HasSubstr("at most 50"));
  clip.scenes.resize(50);
  EXPECT_NO_THROW(heygen::validate(clip, "v3"));
  clip.scenes[49].say = std::string(5001, 'a');
  EXPECT_THAT(usage_error([&] { heygen::validate(clip, "v3"); }), HasSubstr("at most 5000"));
  EXPECT_THAT(usage_error([&] { heygen::validate(silent(101), "v2"); }), HasSubstr("1 to 100"));
  AvatarRef dumb = silent(2);
  dumb.caption = true;
  EXPECT_THAT(usage_error([&] { heygen::validate(dumb, "v2"); }), HasSubstr("\"caption\""));
  AvatarRef rate = template_clip();
  rate.fps = 24;
  EXPECT_THAT(usage_error([&] { heygen::validate(rate, "v3"); }), HasSubstr("25, 30, 60"));
}

TEST(Words, EveryOneOfThemChangesTheClipKeyAndNoPathDoes) {
  AvatarRef two;
  two.scenes = {scene("One."), scene("Two.")};
  AvatarRef turned;
  turned.scenes = {scene("Two."), scene("One.")};
  AvatarRef film = of(scene("Hi")), picture = film, frozen, captioned = film, other_name = template_clip();
  film.backdrop = Backdrop{asset("x"), true, "", ""};
  frozen = film;
  frozen.backdrop->play = "freeze";
  picture.backdrop = Backdrop{asset("x"), false, "", ""};
  captioned.caption = true;
  other_name.variables[2].value = "Ben";
  AvatarRef portrait = spoken(local("s1"));
  portrait.photo = local("p1");
  AvatarRef rated = template_clip();
  rated.fps = 25;  // a template has a rate of its own
  std::set<std::string> seen;
  for (const AvatarRef& clip : {silent(2), silent(3), spoken(asset("a")), spoken(url("https://h/a")),
                                spoken(local("s1")), spoken(local("s2")), two, turned, film, frozen, picture,
                                captioned, template_clip(), other_name, portrait, rated}) {
    EXPECT_TRUE(seen.insert(heygen::canonical_request(clip)).second) << heygen::canonical_request(clip);
  }
  AvatarRef moved = spoken(local("s1"));
  moved.audio->file = "/elsewhere/take3.wav";
  moved.callback_id = "c";
  EXPECT_EQ(heygen::canonical_request(moved), heygen::canonical_request(spoken(local("s1"))));
  EXPECT_EQ(heygen::canonical_request(moved), R"({"audio":{"sha256":"s1"},"avatar":"A"})");
}

TEST(Words, ABackgroundIsOneOnlyWhereAllScenesShareIt) {
  AvatarRef clip;
  clip.scenes = {scene("One."), scene("Two.")};
  EXPECT_FALSE(heygen::requested_background(clip));
  clip.scenes[0].background = Color{0, 128, 0};
  EXPECT_FALSE(heygen::requested_background(clip));
  clip.scenes[1].background = Color{0, 128, 0};
  EXPECT_EQ(heygen::requested_background(clip), (Color{0, 128, 0}));
}

}  // namespace
}  // namespace avstage
