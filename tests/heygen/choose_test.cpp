#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "bench.h"

namespace avstage {
namespace {

using test::body_clip;
using test::host_clip;
using test::usage_error;
using testing::HasSubstr;
using Change = std::function<void(AvatarRef&)>;

TEST(Dialect, NeutralWordsGoToV3UnlessItHasNoFieldForThem) {
  struct Case {
    Change change;
    std::string dialect, word;
  };
  const std::vector<Case> cases{
      {[](AvatarRef&) {}, "v3", ""},
      {[](AvatarRef& c) {
         c.size = {1280, 720};
       },
       "v3", ""},
      {[](AvatarRef& c) {
         c.size = {1080, 1350};
       },
       "v3", ""},
      {[](AvatarRef& c) {
         c.size = {3840, 2160};
       },
       "v3", ""},
      {[](AvatarRef& c) {
         c.size = {720, 720};
       },
       "v3", ""},
      {[](AvatarRef& c) { c.fps = 25; }, "v3", ""},
      {[](AvatarRef& c) {
         c.size = {640, 360};
       },
       "v2", "\"size\": \"640x360\""},
      {[](AvatarRef& c) { c.fps = 30; }, "v2", "\"fps\": 30"},
      {[](AvatarRef& c) {
         c.offset = {0.5, 0};
       },
       "v2", "\"offset\": [0.5, 0]"},
      {[](AvatarRef& c) { c.scale = 1.5; }, "v2", "\"scale\": 1.5"},
      {[](AvatarRef& c) { c.style = "circle"; }, "v2", "\"style\": \"circle\""},
      {[](AvatarRef& c) { c.test = true; }, "v2", "\"test\": true"},
      {[](AvatarRef& c) { c.emotion = "Serious"; }, "v2", "\"emotion\": \"Serious\""},
  };
  for (const Case& c : cases) {
    AvatarRef clip = host_clip();
    c.change(clip);
    EXPECT_EQ(heygen::choose_dialect(clip, "auto"), c.dialect) << c.word;
    EXPECT_EQ(heygen::choose_dialect(clip, "v2"), "v2") << c.word;
    if (c.dialect == "v3") {
      EXPECT_EQ(heygen::choose_dialect(clip, "v3"), "v3");
    } else {
      EXPECT_THAT(usage_error([&] { heygen::choose_dialect(clip, "v3"); }),
                  testing::AllOf(HasSubstr(c.word + " cannot be said in v3"), HasSubstr("\"v2\"")));
    }
  }
}

TEST(Dialect, ABodyIsSentInTheDialectOfItsShape) {
  AvatarRef v2 = body_clip(R"({"video_inputs":[{}]})");
  AvatarRef v3 = body_clip(R"({"type":"avatar"})");
  EXPECT_EQ(heygen::choose_dialect(v2, "auto"), "v2");
  EXPECT_EQ(heygen::choose_dialect(v2, "v2"), "v2");
  EXPECT_EQ(heygen::choose_dialect(v3, "auto"), "v3");
  EXPECT_EQ(heygen::choose_dialect(v3, "v3"), "v3");
  EXPECT_THAT(usage_error([&] { heygen::choose_dialect(v2, "v3"); }), HasSubstr("in the form of v2"));
  EXPECT_THAT(usage_error([&] { heygen::choose_dialect(v3, "v2"); }), HasSubstr("in the form of v3"));
  EXPECT_THAT(usage_error([&] { heygen::choose_dialect(body_clip("{}"), "auto"); }),
              HasSubstr("video_inputs"));
  EXPECT_THAT(usage_error([&] { heygen::choose_dialect(body_clip("[1]"), "auto"); }),
              HasSubstr("JSON object"));
}

TEST(Dialect, AnExistingVideoIsAskedForInV3UnlessToldOtherwise) {
  AvatarRef clip;
  clip.video_id = "abc";
  EXPECT_EQ(heygen::choose_dialect(clip, "auto"), "v3");
  EXPECT_EQ(heygen::choose_dialect(clip, "v2"), "v2");
}

TEST(Dialect, OnlyV3KnowsAnAvatarsOwnVoice) {
  AvatarRef clip = host_clip();
  clip.voice_id.clear();
  EXPECT_EQ(heygen::choose_dialect(clip, "auto"), "v3");
  EXPECT_THAT(usage_error([&] { heygen::choose_dialect(clip, "v2"); }), HasSubstr("voice"));
  EXPECT_THAT(usage_error([&] { heygen::choose_dialect(host_clip(), "v4"); }),
              HasSubstr("allowed: auto, v2, v3"));
}

TEST(Validate, AcceptsEveryLimitItself) {
  AvatarRef clip = host_clip();
  clip.speed = 0.5;
  clip.pitch = -50;
  clip.size = {128, 4096};
  clip.scale = 5;
  for (int i = 0; i < 5000; ++i) clip.say += i == 0 ? "" : "ü";
  clip.say = clip.say.substr(8) + "ü";
  EXPECT_NO_THROW(heygen::validate(clip, "v2"));
  clip = host_clip();
  clip.speed = 1.5;
  clip.pitch = 50;
  EXPECT_NO_THROW(heygen::validate(clip, "v3"));
}

TEST(Validate, RefusesWordsBeyondTheLimitsAndSaysWhatIsAllowed) {
  const std::vector<std::pair<Change, std::string>> cases{
      {[](AvatarRef& c) { c.say = ""; }, "\"say\" is empty"},
      {[](AvatarRef& c) { c.say = " \n"; }, "\"say\" is empty"},
      {[](AvatarRef& c) { c.say = std::string(5001, 'x'); },
       "\"say\" has 5001 characters; allowed: at most 5000"},
      {[](AvatarRef& c) { c.say = "\xff"; }, "\"say\" is not UTF-8"},
      {[](AvatarRef& c) { c.say = "\xc0\x80"; }, "\"say\" is not UTF-8"},
      {[](AvatarRef& c) { c.avatar_id = ""; }, "\"avatar\" is missing"},
      {[](AvatarRef& c) { c.avatar_id = "a\nb"; }, "control characters"},
      {[](AvatarRef& c) { c.speed = 0.49; }, "\"speed\" is 0.49; allowed: 0.5 to 1.5"},
      {[](AvatarRef& c) { c.speed = std::nan(""); }, "\"speed\""},
      {[](AvatarRef& c) { c.pitch = 51; }, "\"pitch\" is 51; allowed: -50 to 50"},
      {[](AvatarRef& c) {
         c.size = {641, 360};
       },
       "\"size\" is 641x360; allowed: even numbers, 128 to 4096"},
      {[](AvatarRef& c) {
         c.size = {126, 360};
       },
       "128 to 4096"},
      {[](AvatarRef& c) {
         c.size = {640, 4098};
       },
       "128 to 4096"},
      {[](AvatarRef& c) { c.style = "square"; }, "\"style\" is \"square\"; allowed: normal, closeUp, circle"},
      {[](AvatarRef& c) { c.emotion = "Angry"; }, "Broadcaster"},
      {[](AvatarRef& c) { c.scale = 5.1; }, "\"scale\""},
      {[](AvatarRef& c) { c.fps = 0; }, "\"fps\""},
      {[](AvatarRef& c) {
         c.offset = {0, std::nan("")};
       },
       "\"offset y\""},
      {[](AvatarRef& c) {
         c.background = Color{0, 0, 0, 128};
       },
       "not opaque"},
      {[](AvatarRef& c) { c.take = 0; }, "\"take\""},
  };
  for (const auto& [change, part] : cases) {
    AvatarRef clip = host_clip();
    change(clip);
    EXPECT_THAT(usage_error([&] { heygen::validate(clip, "v2"); }), HasSubstr(part));
  }
}

TEST(Validate, RefusesBodiesThatTheVendorCouldNotTake) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases{
      {"v2", R"({"video_inputs":[]})", "1 to 50 scenes, it has 0"},
      {"v2", R"({"video_inputs":{}})", "1 to 50 scenes"},
      {"v2", R"({"video_inputs":[1]})", "video_inputs[0] must be an object"},
      {"v2", R"({"video_inputs":[{"voice":{"input_text":" "}}]})",
       "video_inputs[0].voice.input_text\" is empty"},
      {"v2", R"({"video_inputs":[{}],"dimension":{"width":641,"height":360}})", "641x360"},
      {"v2", R"({"video_inputs":[{}],"dimension":{"width":1e300,"height":360}})", "whole pixels"},
      {"v2", R"({"video_inputs":[{}],"title":7})", "\"title\" must be a text"},
      {"v3", R"({"type":7})", "\"type\" must be a text"},
      {"v3", R"({"type":"studio","scenes":[]})", "\"scenes\" must be a list"},
      {"v3", R"({"type":"avatar","script":""})", "\"request: script\" is empty"},
      {"v3", R"({"video_inputs":[{}]})", "in the form of v2"},
      {"v2", "nonsense", "JSON object"},
      {"v2", std::string(100'000, '[') + std::string(100'000, ']'), "nested at most 64 deep"},
  };
  for (const auto& [dialect, body, part] : cases) {
    EXPECT_THAT(usage_error([&, d = dialect, b = body] { heygen::validate(body_clip(b), d); }),
                HasSubstr(part));
  }
  std::string many = R"({"video_inputs":[{})";
  for (int i = 0; i < 50; ++i) many += ",{}";
  EXPECT_THAT(usage_error([&] { heygen::validate(body_clip(many + "]}"), "v2"); }), HasSubstr("it has 51"));
  EXPECT_NO_THROW(heygen::validate(body_clip(R"({"video_inputs":[{"new":"field"}]})"), "v2"));
  EXPECT_NO_THROW(heygen::validate(body_clip(R"({"type":"an engine of tomorrow"})"), "v3"));
}

TEST(Validate, RefusesAVideoIdThatIsAPath) {
  AvatarRef clip;
  clip.mark = host_clip().mark;
  for (const char* id : {"../users/me", "a b", "a?b", ".."}) {
    clip.video_id = id;
    EXPECT_THAT(usage_error([&] { heygen::validate(clip, "v3"); }), HasSubstr("\"video_id\""));
  }
  clip.video_id = "0f5e6c2b-1_A";
  EXPECT_NO_THROW(heygen::validate(clip, "v3"));
}

}  // namespace
}  // namespace avstage
