#include <fmt/format.h>
#include <gtest/gtest.h>

#include "avstage/error.h"
#include "timeline/job_reader.h"
#include "timeline/time_expr.h"

namespace avstage {
namespace {

Job read(std::string_view text, const ReadOptions& options = {}) {
  return read_job(text, "dir/job.json", "dir", options);
}

TEST(GoodJobs, TheSmallestJobHasTheDocumentedDefaults) {
  Job job = read(R"({ "version": 1,
    "clips": [ { "avatar": { "id": "Daisy-inskirt-20220818", "voice": "2d5b0e6cf36f460aa7fc47e3eee4ba54",
                             "say": "Welcome!" } } ],
    "output": "hello.mp4" })");
  EXPECT_EQ(job.file, "dir/job.json");
  EXPECT_EQ(job.canvas.width, 1920);
  EXPECT_EQ(job.canvas.height, 1080);
  EXPECT_EQ(job.canvas.fps, Rational(25));
  EXPECT_EQ(job.canvas.background, (Color{0, 0, 0, 255}));
  EXPECT_EQ(job.heygen.api, "auto");
  EXPECT_EQ(job.heygen.max_concurrent, 3);
  EXPECT_EQ(job.heygen.deadline, Rational(2400));
  ASSERT_EQ(job.tracks.size(), 1u);
  ASSERT_EQ(job.tracks[0].clips.size(), 1u);
  const Clip& clip = job.tracks[0].clips[0];
  const auto& avatar = std::get<AvatarRef>(clip.media);
  EXPECT_EQ(avatar.avatar_id, "Daisy-inskirt-20220818");
  EXPECT_EQ(avatar.voice_id, "2d5b0e6cf36f460aa7fc47e3eee4ba54");
  EXPECT_EQ(avatar.say, "Welcome!");
  EXPECT_EQ(avatar.take, 1);
  EXPECT_FALSE(clip.start || clip.in || clip.out || clip.duration || clip.place.fit || clip.key);
  EXPECT_EQ(clip.mark.str(), "dir/job.json:2:16 (/clips/0)");
  EXPECT_EQ(avatar.mark.str(), "dir/job.json:2:28 (/clips/0/avatar)");
  ASSERT_EQ(job.outputs.size(), 1u);
  EXPECT_EQ(job.outputs[0].path, "dir/hello.mp4");
  EXPECT_EQ(job.outputs[0].codec, "h264");
  EXPECT_EQ(job.outputs[0].preset, "veryfast");
  EXPECT_EQ(job.outputs[0].mark.str(), "dir/job.json:4:15 (/output)");
}

const char* const rich = R"({ "version": 1,  // comments are welcome
  "vars": { "name": { "type": "string" }, "lang": { "default": "en" } },
  "canvas": { "size": "1280x720", "fps": "30000/1001", "background": "#101820" },
  "heygen": { "api": "v2", "account": "acme", "max_concurrent": 5, "deadline": "1.5h",
              "max_credits": 2.5, "tags": { "project": "Spring 2027", "editor": "ana" } },
  "sources": {
    "host": { "avatar": { "id": "A", "voice": "V", "say": "Hello ${name}!\nHow are you?", "style": "closeUp",
        "speed": 1.1, "pitch": -5, "emotion": "Friendly", "locale": "${lang}-GB", "scale": 1.5,
        "offset": [0.25, -1e-1], "background": "#008000", "size": "1280x720", "fps": 30, "title": "for ${name}",
        "test": true, "take": 2 } } },
  "tracks": [
    { "id": "main", "clips": [
        { "id": "intro", "file": "intro.mov", "out": 4 },
        { "id": "demo", "file": "/media/screen.mp4", "in": 12, "duration": "1:02.5", "volume": 0.5, "fit": "cover",
          "filters": [ "grayscale", { "blur": { "radius": 4 } },
                       { "lavfi": { "filter": "eq", "contrast": 1.1, "eval": "frame" } } ] },
        { "file": "outro.mov", "duration": "auto" } ] },
    { "id": "pip", "clips": [
        { "id": "h", "source": "host", "start": "@demo.start+1", "key": "auto",
          "at": "bottom-right", "margin": "3%", "width": "28%", "height": 300, "fade": 0.3 },
        { "image": "badge.png", "start": "@h.end-00:00:00:12", "duration": 3, "at": "top-left", "fade_out": "5f",
          "key": { "color": "#00FF00", "similarity": 0.2, "blend": 0.1 }, "opacity": 0.8 } ] },
    /* titles */
    { "clips": [
        { "text": "${name}\n2nd line", "start": "end-4", "duration": 4, "font": "fonts/a.ttf", "font_size": 40,
          "font_color": "#ffff00", "box_color": "#000000", "padding": "2%", "align": "center" },
        { "color": "#ff0000", "start": 0, "duration": "end" } ] } ],
  "outputs": [
    { "path": "out/${name}.mp4", "size": "640x360", "codec": "hevc", "crf": 23.5, "preset": "slow",
      "audio": { "codec": "aac", "bitrate": "128k" } },
    { "path": "out/${name}.mkv", "bitrate": "2.5M", "copy": "never", "audio": { "codec": "none" } } ] })";

class RichJob : public testing::Test {
 protected:
  Job job = read(rich, {{{"name", "Ann"}}});
  const Clip& clip(std::size_t track, std::size_t index) { return job.tracks.at(track).clips.at(index); }
};

TEST_F(RichJob, CanvasAndVendorSettingsAreRead) {
  EXPECT_EQ(job.canvas.fps, Rational(30000, 1001));
  EXPECT_EQ(job.canvas.background.hex(), "#101820");
  EXPECT_EQ(job.heygen.api, "v2");
  EXPECT_EQ(job.heygen.account, "acme");
  EXPECT_EQ(job.heygen.deadline, Rational(5400));
  EXPECT_EQ(job.heygen.max_credits, 2.5);
  EXPECT_EQ(job.heygen.tags,
            (std::map<std::string, std::string>{{"project", "Spring 2027"}, {"editor", "ana"}}));
}

TEST_F(RichJob, ASourceIsUsedByItsName) {
  const auto& host = std::get<AvatarRef>(clip(1, 0).media);
  EXPECT_EQ(host.say, "Hello Ann!\nHow are you?");
  EXPECT_EQ(host.style, "closeUp");
  EXPECT_EQ(host.speed, 1.1);
  EXPECT_EQ(host.pitch, -5);
  EXPECT_EQ(host.emotion, "Friendly");
  EXPECT_EQ(host.locale, "en-GB");
  EXPECT_EQ(host.scale, 1.5);
  EXPECT_EQ(host.offset, std::make_pair(0.25, -0.1));
  EXPECT_EQ(host.background, (Color{0, 128, 0, 255}));
  EXPECT_EQ(host.size, std::make_pair(1280, 720));
  EXPECT_EQ(host.fps, 30);
  EXPECT_EQ(host.title, "for Ann");
  EXPECT_TRUE(host.test);
  EXPECT_EQ(host.take, 2);
  EXPECT_EQ(host.mark.pointer, "/sources/host/avatar");
}

TEST_F(RichJob, TimesAreExact) {
  EXPECT_EQ(clip(0, 0).out->offset, (TimeValue{Rational(4), 0}));
  EXPECT_EQ(clip(0, 1).in->offset, (TimeValue{Rational(12), 0}));
  EXPECT_EQ(clip(0, 1).duration->offset, (TimeValue{Rational(125, 2), 0}));
  EXPECT_EQ(clip(0, 2).duration->kind, TimeExpr::Kind::automatic);
  const TimeExpr& anchor = *clip(1, 0).start;
  EXPECT_EQ(anchor.kind, TimeExpr::Kind::anchor);
  EXPECT_EQ(anchor.clip, "demo");
  EXPECT_EQ(anchor.edge, TimeExpr::Edge::start);
  EXPECT_EQ(anchor.offset, (TimeValue{Rational(1), 0}));
  EXPECT_EQ(anchor.mark.pointer, "/tracks/1/clips/0/start");
  EXPECT_EQ(clip(1, 1).start->edge, TimeExpr::Edge::end);
  EXPECT_EQ(clip(1, 1).start->offset, (TimeValue{Rational(0), -12}));
  EXPECT_EQ(clip(2, 0).start->kind, TimeExpr::Kind::end);
  EXPECT_EQ(clip(2, 0).start->offset, (TimeValue{Rational(-4), 0}));
  EXPECT_EQ(clip(2, 1).duration->kind, TimeExpr::Kind::end);
  EXPECT_EQ(clip(1, 0).fade_in, (TimeValue{Rational(3, 10), 0}));
  EXPECT_EQ(clip(1, 0).fade_out, (TimeValue{Rational(3, 10), 0}));
  EXPECT_FALSE(clip(1, 1).fade_in);
  EXPECT_EQ(clip(1, 1).fade_out, (TimeValue{Rational(0), 5}));
}

TEST_F(RichJob, PlacementAndLooksAreRead) {
  const Placement& place = clip(1, 0).place;
  EXPECT_TRUE(place.at_given);
  EXPECT_EQ(place.at_x, 1);
  EXPECT_EQ(place.at_y, 1);
  EXPECT_EQ(place.margin, (Length{3, true}));
  EXPECT_EQ(place.width, (Length{28, true}));
  EXPECT_EQ(place.height, (Length{300, false}));
  EXPECT_EQ(clip(1, 1).place.at_x, 0);
  EXPECT_EQ(clip(1, 1).place.at_y, 0);
  EXPECT_EQ(clip(0, 1).place.fit, Fit::cover);
  EXPECT_EQ(clip(0, 1).volume, 0.5);
  EXPECT_EQ(clip(1, 1).opacity, 0.8);
  ASSERT_TRUE(clip(1, 0).key);
  EXPECT_FALSE(clip(1, 0).key->color);
  EXPECT_EQ(clip(1, 1).key->color, (Color{0, 255, 0, 255}));
  EXPECT_EQ(clip(1, 1).key->similarity, 0.2);
  EXPECT_EQ(clip(1, 1).key->blend, 0.1);
}

TEST_F(RichJob, FiltersKeepTheirParametersAsWritten) {
  const auto& filters = clip(0, 1).filters;
  ASSERT_EQ(filters.size(), 3u);
  EXPECT_EQ(filters[0].name, "grayscale");
  EXPECT_TRUE(filters[0].params.empty());
  EXPECT_EQ(filters[1].name, "blur");
  EXPECT_EQ(std::get<double>(filters[1].params.at("radius")), 4);
  EXPECT_EQ(filters[2].name, "lavfi");
  EXPECT_EQ(filters[2].lavfi, "eq");
  EXPECT_EQ(filters[2].params.size(), 2u);
  EXPECT_EQ(std::get<std::string>(filters[2].params.at("eval")), "frame");
  EXPECT_EQ(filters[2].mark.pointer, "/tracks/0/clips/1/filters/2");
}

TEST_F(RichJob, TextsAndPathsAreRead) {
  const auto& text = std::get<TextRef>(clip(2, 0).media);
  EXPECT_EQ(text.text, "Ann\n2nd line");
  EXPECT_EQ(text.font, "dir/fonts/a.ttf");
  EXPECT_EQ(text.size, (Length{40, false}));
  EXPECT_EQ(text.color, (Color{255, 255, 0, 255}));
  EXPECT_EQ(text.box, (Color{0, 0, 0, 255}));
  EXPECT_EQ(text.padding, (Length{2, true}));
  EXPECT_EQ(text.align, "center");
  EXPECT_EQ(std::get<FileRef>(clip(0, 0).media).path, "dir/intro.mov");
  EXPECT_EQ(std::get<FileRef>(clip(0, 1).media).path, "/media/screen.mp4");
  EXPECT_EQ(std::get<ImageRef>(clip(1, 1).media).path, "dir/badge.png");
}

TEST_F(RichJob, OutputsAreRead) {
  EXPECT_EQ(job.outputs.at(0).path, "dir/out/Ann.mp4");
  EXPECT_EQ(job.outputs[0].size, std::make_pair(640, 360));
  EXPECT_EQ(job.outputs[0].codec, "hevc");
  EXPECT_EQ(job.outputs[0].crf, 23.5);
  EXPECT_EQ(job.outputs[0].preset, "slow");
  EXPECT_EQ(job.outputs[0].audio.bitrate, 128'000);
  EXPECT_EQ(job.outputs.at(1).bitrate, 2'500'000);
  EXPECT_EQ(job.outputs[0].copy, "auto");
  EXPECT_EQ(job.outputs[1].copy, "never");
  EXPECT_EQ(job.outputs[1].audio.codec, "none");
}

TEST(Output, OfAMezzanineCodecHasPcmUnlessItSaysOtherwise) {
  for (const auto& [words, sound] : {std::pair(R"("codec": "prores_hq")", "pcm_s24le"),
                                     std::pair(R"("codec": "dnxhr_lb", "audio": {})", "pcm_s24le"),
                                     std::pair(R"("codec": "xdcam_hd422")", "pcm_s24le"),
                                     std::pair(R"("codec": "prores", "audio": {"codec": "none"})", "none"),
                                     std::pair(R"("codec": "prores", "audio": {"codec": "aac"})", "aac"),
                                     std::pair(R"("audio": {"codec": "pcm_s24le"})", "pcm_s24le"),
                                     std::pair(R"("codec": "hevc")", "aac")}) {
    const Job job = read(fmt::format(
        R"({{"version": 1, "clips": [{{"file": "a.mov"}}], "outputs": [{{"path": "o.mov", {}}}]}})", words));
    EXPECT_EQ(job.outputs.at(0).audio.codec, sound) << words;
  }
}

std::vector<std::string> renditions(const std::string& canvas, const std::string& output) {
  Job job = read(R"({"version":1,"clips":[{"file":"a.mp4"}],"canvas":{)" + canvas + R"(},"outputs":[{)" +
                 output + "}]}");
  std::vector<std::string> out;
  for (const OutputSpec& o : job.outputs) {
    EXPECT_EQ(o.path, "dir/tv.m3u8");
    auto size = o.size.value_or(std::pair(job.canvas.width, job.canvas.height));
    out.push_back(o.rendition + " " + std::to_string(size.first) + "x" + std::to_string(size.second) + " " +
                  std::to_string(o.bitrate.value_or(0)));
  }
  return out;
}

TEST(GoodJob, AStreamIsTheRenditionsThatItNamesOrThatItsLadderHas) {
  const std::string path = R"("path": "tv.m3u8")", ladder = path + R"(, "profile": "hls-ladder")";
  using Names = std::vector<std::string>;
  EXPECT_EQ(renditions("", path), Names{"1920x1080 1920x1080 0"});
  EXPECT_EQ(renditions("", ladder), (Names{"1920x1080 1920x1080 6000000", "1280x720 1280x720 3000000",
                                           "960x540 960x540 2000000", "640x360 640x360 800000"}));
  EXPECT_EQ(renditions(R"("size":"1080x1920","fps":60)", ladder + R"(, "size": "720x1280")"),
            (Names{"720x1280 720x1280 4500000", "540x960 540x960 3000000", "360x640 360x640 1200000"}));
  EXPECT_EQ(renditions(R"("size":"800x600")", ladder),
            (Names{"800x600 800x600 3000000", "720x540 720x540 2000000", "480x360 480x360 800000"}));
  EXPECT_EQ(renditions(R"("size":"320x180")", ladder), Names{"320x180 320x180 800000"});
  EXPECT_EQ(
      renditions("", path + R"(, "variants": [{"bitrate":"6M"}, {"bitrate":"4M"}, {"size":"854x480"}])"),
      (Names{"1920x1080 1920x1080 6000000", "1920x1080-2 1920x1080 4000000", "854x480 854x480 0"}));
}

TEST(GoodJob, TheRestOfAStreamHoldsForAllItsRenditions) {
  Job job = read(R"({"version":1,"clips":[{"file":"a.mp4"}],"outputs":[{"path":"tv.m3u8","preset":"slow",
    "segment": 4.5, "audio": {"bitrate": 96000}, "profile": "hls-ladder"}]})");
  ASSERT_EQ(job.outputs.size(), 4U);
  for (const OutputSpec& o : job.outputs) {
    EXPECT_EQ(o.preset, "slow");
    EXPECT_EQ(o.media_segment, Rational(9, 2));
    EXPECT_EQ(o.audio.bitrate, 96'000);
  }
  EXPECT_EQ(read(R"({"version":1,"clips":[{"file":"a.mp4"}],"output":"tv.m3u8"})").outputs.at(0).rendition,
            "1920x1080");
}

AvatarRef avatar(const std::string& fields) {
  Job job = read(R"({"version":1,"output":"o.mp4","clips":[{"avatar":{)" + fields + "}}]}");
  return std::get<AvatarRef>(job.tracks.at(0).clips.at(0).media);
}

TEST(GoodJobs, TheVendorsOwnBodyBecomesCanonicalText) {
  AvatarRef clip =
      avatar(R"("request": {"video_inputs": [ {"z": 1.0, "a": "\u00fc", "n": 18446744073709551615} ],
                                          "dimension": {"width": 1280, "height": 720}, "t": [true, null, {}]}, "take": 3)");
  EXPECT_EQ(clip.request,
            "{\"dimension\":{\"height\":720,\"width\":1280},\"t\":[true,null,{}],"
            "\"video_inputs\":[{\"a\":\"ü\",\"n\":18446744073709551615,\"z\":1.0}]}");
  EXPECT_EQ(clip.take, 3);
  EXPECT_EQ(clip.request, avatar(R"("request": {"t": [true,null,{}], "dimension": {"height":720,"width":1280},
      "video_inputs": [{"n": 18446744073709551615, "a": "ü", "z": 1.0}]})")
                              .request);
}

TEST(GoodJobs, AnExistingVideoNeedsNothingElse) {
  EXPECT_EQ(avatar(R"("video_id": "ab_1-2")").video_id, "ab_1-2");
}

TEST(GoodJobs, AnEmptyOrAbsentFolderLeavesPathsAlone) {
  const char* text = R"({"version":1,"output":"o.mp4","clips":[{"file":"a b.mp4"}]})";
  EXPECT_EQ(read_job(text, "-", "").outputs[0].path, "o.mp4");
  EXPECT_EQ(read_job(text, "-", "x/").outputs[0].path, "x/o.mp4");
  EXPECT_EQ(std::get<FileRef>(read_job(text, "-", "/m").tracks[0].clips[0].media).path, "/m/a b.mp4");
}

TEST(GoodJobs, TheShortFramesPerSecondOfTheFieldAreExact) {
  auto fps = [](const std::string& written) {
    return read(R"({"version":1,"output":"o.mp4","clips":[{"file":"a.mp4"}],"canvas":{"fps":)" + written +
                "}}")
        .canvas.fps;
  };
  EXPECT_EQ(fps("29.97"), Rational(30000, 1001));
  EXPECT_EQ(fps("\"23.976\""), Rational(24000, 1001));
  EXPECT_EQ(fps("12.5"), Rational(25, 2));
}

TEST(GoodJobs, AClipMayFollowAnAnchoredOneAndAnchorsMayPointForward) {
  Job job = read(R"({"version":1,"output":"o.mp4","tracks":[
      {"clips":[{"id":"a","file":"a.mp4","start":"@b.end"},{"id":"c","file":"c.mp4"}]},
      {"clips":[{"id":"b","file":"b.mp4"},{"file":"d.mp4","start":"@c.end+2"}]},
      {"clips":[{"id":"t","text":"x","start":"end-3","duration":1},{"text":"y","start":"@t.end","duration":1}]}]})");
  EXPECT_EQ(job.tracks.size(), 3u);
}

TEST(GoodJobs, ALongChainOfAnchorsIsReadQuickly) {
  std::string clips = R"({"id":"c0","file":"a.mp4"})";
  for (int i = 1; i < 10'000; ++i) {
    std::string n = std::to_string(i);
    clips += R"(,{"file":"a.mp4","id":"c)" + n + R"(","start":"@c)" + std::to_string(i - 1) + ".end\"}";
  }
  Job job = read(R"({"version":1,"output":"o.mp4","clips":[)" + clips + "]}");
  EXPECT_EQ(job.tracks[0].clips.size(), 10'000u);
}

TEST(GoodJobs, AnAvatarSpeaksARecordingOrIsSilentBeforeAPicture) {
  AvatarRef clip =
      avatar(R"("id": "A", "audio": "take3.wav", "background": {"image": "bg.png", "fit": "contain"},
    "callback_id": "c1", "caption": true)");
  EXPECT_EQ(clip.audio->file, "dir/take3.wav");
  EXPECT_EQ(clip.audio->mark.pointer, "/clips/0/avatar/audio");
  EXPECT_EQ(clip.backdrop->media.file, "dir/bg.png");
  EXPECT_FALSE(clip.backdrop->video);
  EXPECT_EQ(clip.backdrop->fit, "contain");
  EXPECT_EQ(clip.callback_id, "c1");
  EXPECT_TRUE(clip.caption);
  EXPECT_EQ(avatar(R"("id": "A", "audio": "https://h/a.mp3?x=1")").audio->url, "https://h/a.mp3?x=1");
  EXPECT_EQ(avatar(R"("id": "A", "audio": {"asset": "as1"})").audio->asset_id, "as1");
  AvatarRef silent = avatar(R"("photo": {"talking_photo": "tp"}, "silence": 2.5,
    "background": {"video": {"asset": "v"}, "play": "freeze"})");
  EXPECT_EQ(silent.photo_id, "tp");
  EXPECT_EQ(silent.silence, 2.5);
  EXPECT_TRUE(silent.backdrop->video);
  EXPECT_EQ(silent.backdrop->play, "freeze");
  EXPECT_EQ(avatar(R"("photo": "face.jpg", "silence": 1)").photo->file, "dir/face.jpg");
}

TEST(GoodJobs, AScenesWordsAreItsOwnOrThoseOfTheAvatarAroundIt) {
  AvatarRef clip =
      avatar(R"("id": "A", "voice": "V", "speed": 1.2, "background": "#102030", "size": "1280x720",
    "scenes": [ {"say": "One."}, {"silence": 2, "background": {"image": "b.png"}},
                {"say": "Two.", "photo": "p.png", "voice": "W"}, {"id": "B", "audio": "a.wav"} ])");
  ASSERT_EQ(clip.scenes.size(), 4U);
  EXPECT_EQ(clip.avatar_id, "") << "the words are the scenes' alone";
  EXPECT_EQ(clip.size, std::pair(1280, 720));
  EXPECT_EQ(clip.scenes[0].avatar_id, "A");
  EXPECT_EQ(clip.scenes[0].voice_id, "V");
  EXPECT_EQ(clip.scenes[0].speed, 1.2);
  EXPECT_EQ(clip.scenes[0].background, (Color{16, 32, 48}));
  EXPECT_EQ(clip.scenes[1].silence, 2);
  EXPECT_EQ(clip.scenes[1].voice_id, "") << "nobody speaks";
  EXPECT_FALSE(clip.scenes[1].speed);
  EXPECT_FALSE(clip.scenes[1].background) << "the picture takes its place";
  EXPECT_TRUE(clip.scenes[1].backdrop);
  EXPECT_EQ(clip.scenes[2].photo->file, "dir/p.png");
  EXPECT_EQ(clip.scenes[2].avatar_id, "");
  EXPECT_EQ(clip.scenes[2].voice_id, "W");
  EXPECT_EQ(clip.scenes[3].avatar_id, "B");
}

TEST(GoodJobs, ATransparentClipMayHaveAColourToFallBackTo) {
  const std::string words = R"("id": "A", "voice": "V", "say": "x")";
  EXPECT_EQ(avatar(words).transparent, Transparent::no);
  EXPECT_EQ(avatar(words + R"(, "transparent": "no")").transparent, Transparent::no);
  EXPECT_EQ(avatar(words + R"(, "transparent": "require")").transparent, Transparent::require);
  AvatarRef clip = avatar(words + R"(, "transparent": "prefer", "background": "#0000ff")");
  EXPECT_EQ(clip.transparent, Transparent::prefer);
  EXPECT_EQ(clip.background, (Color{0, 0, 255}));
}

TEST(GoodJobs, ATemplateHasVariables) {
  AvatarRef clip =
      avatar(R"("template": "t_1-2", "fps": 30, "variables": { "name": "Ana", "logo": {"image": "l.png"},
    "bed": {"audio": {"asset": "s"}}, "who": {"avatar": "A"}, "face": {"talking_photo": "P"}, "v": {"voice": "V"} })");
  EXPECT_EQ(clip.template_id, "t_1-2");
  ASSERT_EQ(clip.variables.size(), 6U);
  using Kind = TemplateVariable::Kind;
  const std::vector<std::tuple<std::string, Kind, std::string>> wanted{
      {"bed", Kind::audio, "s"},   {"face", Kind::photo, "P"}, {"logo", Kind::image, "dir/l.png"},
      {"name", Kind::text, "Ana"}, {"v", Kind::voice, "V"},    {"who", Kind::avatar, "A"}};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const TemplateVariable& v = clip.variables[i];
    EXPECT_EQ(std::tuple(v.name, v.kind, v.value + v.media.file + v.media.asset_id), wanted[i]);
  }
}

}  // namespace
}  // namespace avstage
