#include <gmock/gmock.h>

#include <cmath>

#include "avstage/avstage.h"
#include "samples/bench.h"

namespace avstage::test {
namespace {

using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;

class Samples : public SamplesBench {};

void expect_film(const std::string& path, int width, int height, std::int64_t frames) {
  MediaFacts facts = probe_media(path);
  ASSERT_TRUE(facts.video && facts.audio) << path;
  EXPECT_EQ(facts.video->width, width) << path;
  EXPECT_EQ(facts.video->height, height) << path;
  EXPECT_EQ(facts.video->frames, frames) << path;
  EXPECT_EQ(facts.video->fps, Rational(25)) << path;
  EXPECT_EQ(facts.video->color_matrix, "bt709") << path;
  EXPECT_NEAR(facts.audio->duration->to_double(), static_cast<double>(frames) / 25, 0.05) << path;
}

TEST_F(Samples, QuickStartShowsThePresenterThenTheFilm) {
  json report = render("01_quick_start.json");
  ASSERT_EQ(report["purchases"].size(), 1U);
  EXPECT_EQ(report["purchases"][0]["origin"], "bought");
  const auto frames = report["outputs"][0]["frames"].get<std::int64_t>();
  const std::int64_t host = frames - 150;
  EXPECT_NEAR(static_cast<double>(host) / 25, report["purchases"][0]["duration"].get<double>(), 0.05);
  const std::string film = sample("out/01_quick_start.mp4");
  expect_film(film, 1280, 720, frames);

  Film out(film), street(sample("media/street.mp4"));
  Mean backdrop = out.around(host / 2, 60, 60);
  EXPECT_LT(distance(backdrop, out.around(host / 2, 1220, 60)), 3) << "#24304f on both sides of her";
  EXPECT_GT(distance(backdrop, out.around(host / 2, 640, 600)), 15) << "the presenter is not there";
  for (int x : {100, 640, 1180}) {
    EXPECT_LT(distance(out.around(host + 75, x, 300), street.around(50 + 75, x, 300)), 8) << x;
  }
  std::vector<float> sound = read_sound(film);
  const double cut = static_cast<double>(host) / 25;
  EXPECT_GT(loudness(sound, 0, cut), 0.01) << "she does not speak";
  EXPECT_GT(loudness(sound, cut + 1, cut + 5), 0.0005) << "the street is silent";
  expect_up_to_date("01_quick_start.json");
}

TEST_F(Samples, PictureInPictureShowsTheFilmWhereTheGreenWas) {
  json report = render("02_picture_in_picture.json");
  const std::string film = sample("out/02_picture_in_picture.mp4");
  expect_film(film, 1280, 720, report["outputs"][0]["frames"]);

  Film out(film), street(sample("media/street.mp4"));
  EXPECT_LT(distance(out.around(5, 780, 620), street.around(5, 780, 620)), 8) << "she comes after 0.5 s";
  EXPECT_GT(distance(out.around(60, 780, 620), street.around(60, 780, 620)), 20)
      << "the presenter is not there";
  for (auto [x, y] : {std::pair(400, 200), {480, 300}, {1180, 200}, {1240, 700}}) {
    EXPECT_LT(distance(out.around(60, x, y), street.around(60, x, y)), 8)
        << "green is left at " << x << "," << y;
  }
  EXPECT_GT(distance(out.around(60, 60, 590), street.around(60, 60, 590)), 10)
      << "the lower third is not there";
  EXPECT_GT(distance(out.around(60, 45, 60), street.around(60, 45, 60)), 20) << "the logo is not there";
  EXPECT_GT(loudness(read_sound(film), 0.5, 3), 0.01);
  expect_up_to_date("02_picture_in_picture.json");
}

TEST_F(Samples, UnlikeClipsKeepTheirShapesAndColours) {
  json report = render("03_unlike_clips.json");
  EXPECT_EQ(report["purchases"].size(), 0U);
  const std::string film = sample("out/03_unlike_clips.mp4");
  expect_film(film, 1280, 720, 60 + 75 + 75 + 80);

  Film out(film);
  Mean bar = out.around(180, 80, 360), picture = out.around(180, 180, 300);
  EXPECT_LT(bar.y, 40) << "beside a 4:3 picture stands the background";
  EXPECT_GT(picture.y, bar.y + 15) << "the 4:3 picture begins at 160";
  // The outer ring of the leader is a circle of 287 pixels, also at an angle of 20 and 70 degrees.
  for (auto [dx, dy] : {std::pair(270, -98), {-270, -98}, {98, -270}, {-98, 270}}) {
    EXPECT_LT(out.around(180, 640 + dx, 360 + dy, 4).y + 20,
              out.around(180, 640 + dx * 9 / 10, 360 + dy * 9 / 10, 4).y)
        << dx << "," << dy;
  }
  EXPECT_LT(picture.u, 122) << "sepia, not grey";
  EXPECT_LT(out.around(90, 460, 520).y + 20, out.around(90, 420, 520).y)
      << "the upright film begins at 438: sea inside, a blurred sunset outside";
  EXPECT_GT(loudness(read_sound(film), 6, 8), 0.003) << "music under the silent film";
  expect_up_to_date("03_unlike_clips.json");
}

TEST_F(Samples, ThreeDeliverablesComeFromOnePurchase) {
  json report = render("04_three_deliverables.json");
  ASSERT_EQ(report["outputs"].size(), 3U);
  EXPECT_EQ(report["purchases"].size(), 1U);
  const std::int64_t frames = report["outputs"][0]["frames"];
  expect_film(sample("out/04_Porto_1080p.mp4"), 1920, 1080, frames);
  expect_film(sample("out/04_Porto_720p.mp4"), 1280, 720, frames);
  expect_film(sample("out/04_Porto_upright.mp4"), 720, 1280, frames);

  Film hd(sample("out/04_Porto_1080p.mp4")), small(sample("out/04_Porto_720p.mp4")),
      upright(sample("out/04_Porto_upright.mp4"));
  for (auto [x, y] : {std::pair(300, 300), {960, 600}, {960, 1000}, {1700, 700}}) {
    EXPECT_LT(distance(hd.around(40, x, y, 24), small.around(40, x * 2 / 3, y * 2 / 3, 16)), 8)
        << x << "," << y;
  }
  EXPECT_LT(distance(hd.around(40, 960, 1000), upright.around(40, 360, 1220)), 8)
      << "the presenter, in both shapes";
  Film street(sample("media/street.mp4"));
  EXPECT_LT(distance(upright.around(40, 100, 250), street.around(75 + 40, 494, 140)), 8)
      << "the middle of the film covers the upright shape";
  expect_up_to_date("04_three_deliverables.json");

  Said plan = shell("build/avstage plan samples/04_three_deliverables.json --sandbox --set city=Lisbon");
  EXPECT_EQ(plan.code, 0) << plan.out;
  EXPECT_THAT(plan.out, HasSubstr("04_Lisbon_720p.mp4"));
  EXPECT_THAT(plan.out, HasSubstr("will be bought")) << "other words are another clip";
}

TEST_F(Samples, ScenesOfOnePurchaseSpeakRestAndStandBeforePictures) {
  json report = render("05_scenes.json");
  ASSERT_EQ(report["purchases"].size(), 2U);
  const std::int64_t frames = report["outputs"][0]["frames"];
  const std::string film = sample("out/05_scenes.mp4");
  expect_film(film, 1280, 720, frames);
  const double voice = probe_media(sample("media/voice.wav")).audio->duration->to_double();
  const std::int64_t guest = frames - std::llround(voice * 25);

  Film out(film);
  Mean plain = out.around(5, 60, 600);
  std::int64_t harbour = 0, first = 0;
  for (std::int64_t n = 0; n < guest - 2; n += 5) {
    if (distance(plain, out.around(n, 60, 600)) < 5) continue;
    if (harbour == 0) first = n;
    harbour += 5;
  }
  EXPECT_NEAR(static_cast<double>(harbour), (1.5 + voice) * 25, 8) << "the pause and the recording";
  std::vector<float> sound = read_sound(film);
  const double pause = static_cast<double>(first) / 25;
  EXPECT_GT(loudness(sound, 0, pause - 0.4), 0.01) << "the first words";
  EXPECT_LT(loudness(sound, pause + 0.1, pause + 1.2), 0.001) << "the pause";
  EXPECT_GT(loudness(sound, pause + 1.6, pause + 1.4 + voice), 0.01) << "the recording";
  EXPECT_LT(distance(plain, out.around(guest - 10, 60, 600)), 5) << "the last scene has its own background";

  double moved = 0;
  Mean still = out.around(guest + 10, 640, 335, 20);
  for (std::int64_t n = guest + 12; n < frames - 5; n += 4) {
    moved = std::max(moved, distance(still, out.around(n, 640, 335, 20)));
  }
  EXPECT_GT(moved, 4) << "the portrait speaks";
  EXPECT_LT(distance(out.around(guest + 20, 60, 60), out.around(frames - 20, 60, 60)), 3);
  expect_up_to_date("05_scenes.json");
}

TEST_F(Samples, AStreamIsPlayedByWhatReadsPlaylists) {
  json report = render("07_hls_stream.json");
  EXPECT_EQ(report["outputs"][0]["frames"], 175);
  EXPECT_GT(report["outputs"][0]["files"], 10);
  const std::string stream = sample("out/07_street.m3u8");
  const std::string read =
      "ffprobe -v error -count_packets -select_streams v -show_entries stream=width,nb_read_packets -of "
      "csv=p=0 ";
  EXPECT_THAT(shell(read + stream).out, EndsWith("\n1280,175\n640,175\n")) << "both sizes, whole";
  EXPECT_EQ(probe_media(sample("out/07_street.poster.png")).video->width, 1280);
  expect_up_to_date("07_hls_stream.json");
}

TEST_F(Samples, EveryFilterHasASampleThatRenders) {
  int rendered = 0;
  for (const auto& entry : std::filesystem::directory_iterator(sample("filters"))) {
    const std::string name = entry.path().stem().string();
    json report = render("filters/" + name + ".json");
    for (const auto& output : report["outputs"]) {
      const std::string path = output["path"];
      Decoded film = decode_all(path.starts_with('/') ? path : root() + "/" + path);
      EXPECT_EQ(film.frames, output["frames"].get<std::int64_t>()) << name;
      EXPECT_GT(film.means.at(static_cast<std::size_t>(film.frames / 2)).y, 24) << name << " is black";
    }
    EXPECT_THAT(describe_filters(), HasSubstr(name));
    ++rendered;
  }
  EXPECT_GE(rendered, 11);
}

TEST_F(Samples, AContactSheetShowsTwelveMomentsInSquarePixels) {
  Said said = shell("samples/contact_sheet samples/media/old.mp4 sheet.png");
  ASSERT_EQ(said.code, 0) << said.out;
  MediaFacts facts = probe_media(root() + "/sheet.png");
  const double margins = 8;
  EXPECT_NEAR((facts.video->width - 5 * margins) / 4 / ((facts.video->height - 4 * margins) / 3), 4.0 / 3,
              0.02);
  EXPECT_EQ(shell("samples/contact_sheet samples/media/none.mp4 sheet.png").code, 6);
}

TEST_F(Samples, ATransparentPresenterStandsInTheFilmWithHerWords) {
  json report = render("06_transparent.json");
  ASSERT_EQ(report["purchases"].size(), 1U);
  const std::string film = sample("out/06_transparent.mp4");
  expect_film(film, 1280, 720, report["outputs"][0]["frames"]);
  Film out(film), street(sample("media/street.mp4"));
  EXPECT_LT(distance(out.around(5, 512, 600), street.around(5, 512, 600)), 8) << "she comes after 0.5 s";
  EXPECT_GT(distance(out.around(38, 512, 500), street.around(38, 512, 500)), 20) << "she is not there";
  for (auto [x, y] : {std::pair(40, 300), {1000, 300}, {1240, 100}}) {
    EXPECT_LT(distance(out.around(38, x, y), street.around(38, x, y)), 8) << "something stands behind her";
  }
  EXPECT_NE(read_bytes(sample("out/06_transparent.srt")).find("Nothing stands behind me."),
            std::string::npos);
  EXPECT_EQ(read_bytes(sample("out/06_transparent.vtt")).substr(0, 6), "WEBVTT");
  EXPECT_EQ(probe_media(sample("out/06_transparent.poster.png")).video->width, 1280);
  expect_up_to_date("06_transparent.json");
}

}  // namespace
}  // namespace avstage::test
