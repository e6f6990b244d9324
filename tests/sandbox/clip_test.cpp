#include "sandbox/clip_maker.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "media/audio_reader.h"
#include "media/video_reader.h"
#include "picture.h"
#include "sandbox/figure.h"
#include "sandbox/speech.h"
#include "support/temp_dir.h"

namespace avstage::sandbox::test {
namespace {

class Clips : public testing::Test {
 protected:
  Clips() {
    spec_.width = 320;
    spec_.height = 180;
    Scene scene;
    scene.avatar_id = "Daisy";
    scene.voice.voice_id = "v1";
    scene.voice.text = "Hello there, welcome to the show.";
    spec_.scenes = {scene};
  }
  std::string make() {
    std::string path = dir_ / "clip.mp4";
    frames_ = make_clip(spec_, path, Index::first, {}).back();
    return path;
  }
  Picture picture(const std::string& path, std::int64_t frame) {
    media::VideoReader reader(media::Demuxer::open_file(path, media::Demuxer::Want::video));
    return Picture(*reader.frame_at(Time(frame, 25), Rational(25)));
  }

  avstage::test::TempDir dir_;
  ClipSpec spec_;
  std::int64_t frames_ = 0;
};

TEST_F(Clips, TheBackgroundIsTheColourAskedForToOneCodeValue) {
  spec_.scenes[0].voice.text = "Hi.";
  for (const char* hex :
       {"#008000", "#00FF00", "#00B140", "#FFFFFF", "#000000", "#123456", "#E0A040", "#FF0000"}) {
    Color wanted = parse_hex_color(hex).value();
    spec_.scenes[0].background = wanted;
    Picture shown = picture(make(), frames_ - 1);
    for (int y = 0; y < shown.height(); y += 7) {
      for (int x : {0, 3, 40, 280, 316, 319}) {
        ASSERT_LE(distance(shown.at(x, y), wanted), 1) << hex << " at " << x << "," << y;
      }
    }
  }
}

TEST_F(Clips, APresenterStandsInTheMiddle) {
  spec_.scenes[0].background = {0, 128, 0, 255};
  Picture shown = picture(make(), 5);
  EXPECT_GT(distance(shown.at(160, 60), {0, 128, 0, 255}), 30);
  EXPECT_GT(distance(shown.at(160, 170), {0, 128, 0, 255}), 30);
}

TEST_F(Clips, TheWatermarkCoversPartOfTheBackground) {
  std::string path = make();
  Picture clean = picture(path, 3);
  spec_.watermark = true;
  Picture marked = picture(make(), 3);
  int different = 0, all = 0;
  for (int y = 0; y < 180; ++y) {
    for (int x = 0; x < 60; ++x, ++all) different += distance(clean.at(x, y), marked.at(x, y)) > 40 ? 1 : 0;
  }
  EXPECT_GT(different, all / 50);
  EXPECT_LT(different, all / 2);
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  auto n = static_cast<double>(a.size());
  double mean_a = 0, mean_b = 0, ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) mean_a += a[i] / n, mean_b += b[i] / n;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double da = a[i] - mean_a, db = b[i] - mean_b;
    ab += da * db, aa += da * da, bb += db * db;
  }
  return ab / std::sqrt(aa * bb);
}

double mouth_luma(const Picture& picture) {
  double sum = 0;
  for (int y = 77; y < 92; ++y) {
    for (int x = 152; x < 168; ++x) sum += picture.luma(x, y);
  }
  return sum;
}

TEST_F(Clips, TheMouthFollowsTheSound) {
  spec_.scenes[0].avatar_id = "presenter with light skin 4";
  spec_.scenes[0].voice.text =
      "Hello there. Welcome to our show, and thank you! <break time=\"1s\"/> Good bye.";
  std::string path = make();
  media::VideoReader video(media::Demuxer::open_file(path, media::Demuxer::Want::video));
  media::AudioReader audio(media::Demuxer::open_file(path, media::Demuxer::Want::audio));
  std::vector<double> loudness, closed;
  std::vector<float> samples(2 * 1920);
  for (std::int64_t n = 0; n < frames_; ++n) {
    audio.read(n * 1920, samples);
    double power = 0;
    for (float s : samples) power += double(s) * s;
    loudness.push_back(std::sqrt(power / 1920));
    closed.push_back(mouth_luma(Picture(*video.frame_at(Time(n, 25), Rational(25)))));
  }
  EXPECT_LT(correlation(loudness, closed), -0.5) << "an open mouth is darker than a closed one";
}

TEST(Speeches, EveryVoiceIsLoudEnoughAndNotClipped) {
  for (int number = 0; number < 12; ++number) {
    Voice voice;
    voice.voice_id = "voice " + std::to_string(number);
    voice.text = "Hello there, welcome to the show.";
    Speech speech(voice);
    std::vector<float> samples(20 * Speech::kRate);
    samples.resize(speech.read(samples));
    double power = 0, peak = 0;
    for (float s : samples) power += double(s) * s, peak = std::max(peak, std::abs(double(s)));
    double rms = 10 * std::log10(power / static_cast<double>(samples.size()));
    EXPECT_GT(rms, -26) << number;
    EXPECT_LT(rms, -16) << number;
    EXPECT_LT(peak, 0.91) << number;
  }
}

TEST(Speeches, PiecesFollowEachOtherWithoutGapsWhateverTheBufferSize) {
  Voice voice;
  voice.text = "One. <break time=\"0.5s\"/> Two.";
  std::vector<float> whole(10 * Speech::kRate), parts;
  Speech at_once(voice), in_parts(voice);
  whole.resize(at_once.read(whole));
  std::vector<float> buffer(777);
  while (std::size_t n = in_parts.read(buffer))
    parts.insert(parts.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n));
  EXPECT_TRUE(whole == parts);
  EXPECT_GT(whole.size(), std::size_t(Speech::kRate) * 3 / 2);
}

TEST_F(Clips, SilenceIsSilentAndAsLongAsItWasAskedFor) {
  spec_.scenes[0].voice = {};
  spec_.scenes[0].voice.silence = 1;
  std::string path = make();
  EXPECT_EQ(frames_, 25);
  media::AudioReader audio(media::Demuxer::open_file(path, media::Demuxer::Want::audio));
  std::vector<float> samples(2 * 48000);
  EXPECT_EQ(audio.read(0, samples), 48000U);
  for (float s : samples) ASSERT_LT(std::abs(s), 1e-4);
}

TEST_F(Clips, TheSameSpecIsTheSameFile) {
  std::string first = read_file(make()), second = read_file(make());
  EXPECT_TRUE(first == second);
}

TEST_F(Clips, AStopLeavesNothingBehind) {
  std::stop_source stop;
  stop.request_stop();
  try {
    make_clip(spec_, dir_ / "clip.mp4", Index::first, stop.get_token());
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::interrupted);
  }
  EXPECT_TRUE(dir_.files().empty());
}

Raster drawn(const Scene& scene, double seconds, double mouth) {
  return Figure(scene, 320, 180).draw(seconds, mouth);
}

int differences(const Raster& a, const Raster& b) {
  int count = 0;
  for (int y = 0; y < a.height(); ++y) {
    for (int x = 0; x < a.width(); ++x) count += distance(a.at(x, y), b.at(x, y)) > 20 ? 1 : 0;
  }
  return count;
}

TEST(Figures, TwoIdsLookDifferentAndOneIdAlwaysTheSame) {
  Scene daisy, tyler;
  daisy.avatar_id = "Daisy";
  tyler.avatar_id = "Tyler";
  EXPECT_GT(differences(drawn(daisy, 0, 0), drawn(tyler, 0, 0)), 1500);
  EXPECT_EQ(differences(drawn(daisy, 0, 0), drawn(daisy, 0, 0)), 0);
}

TEST(Figures, NoColourOfAnyFigureIsNearAKeyColour) {
  const Color kKeys[] = {
      {0, 128, 0, 255}, {0, 255, 0, 255}, {0, 177, 64, 255}, {0, 0, 255, 255}, {0, 71, 187, 255}};
  for (int i = 0; i < 60; ++i) {
    Scene scene;
    scene.avatar_id = "id " + std::to_string(i);
    Raster picture = drawn(scene, 0.3 * i, 0.5);
    for (int y = 0; y < 180; y += 2) {
      for (int x = 0; x < 320; x += 2) {
        for (Color key : kKeys)
          ASSERT_GT(distance(picture.at(x, y), key), 50) << i << " at " << x << "," << y;
      }
    }
  }
}

TEST(Figures, StyleScaleAndOffsetPlaceTheFigure) {
  Scene scene;
  scene.avatar_id = "Daisy";
  Raster normal = drawn(scene, 0, 0);
  auto covered = [&](const Raster& picture, int bottom = 180) {
    int count = 0;
    for (int y = 0; y < bottom; ++y) {
      for (int x = 0; x < 320; ++x) count += distance(picture.at(x, y), {255, 255, 255, 255}) > 4 ? 1 : 0;
    }
    return count;
  };
  scene.scale = 0.5;
  EXPECT_NEAR(covered(drawn(scene, 0, 0)), covered(normal) / 4, covered(normal) / 25);
  scene.scale = 1;
  scene.style = "closeUp";
  EXPECT_GT(covered(drawn(scene, 0, 0), 100), covered(normal, 100) * 5 / 4);
  scene.style = "normal";
  scene.offset_x = 0.25;
  Raster moved = drawn(scene, 0, 0);
  EXPECT_EQ(moved.at(160 + 80, 100), normal.at(160, 100));
  scene.offset_x = 3;
  EXPECT_EQ(covered(drawn(scene, 0, 0)), 0);
  scene.offset_x = 0;
  scene.style = "circle";
  scene.circle_background = {10, 20, 30, 255};
  Raster circle = drawn(scene, 0, 0);
  EXPECT_EQ(circle.at(100, 60), scene.circle_background);
  EXPECT_EQ(circle.at(70, 10), scene.background);
}

TEST(Figures, AMovingFigureLeavesNoTrail) {
  Scene scene;
  scene.avatar_id = "Tyler";
  scene.scale = 0.7;
  Figure figure(scene, 320, 180);
  for (int i = 0; i < 50; ++i) figure.draw(i * 0.2, (i % 5) / 4.0);
  EXPECT_EQ(differences(figure.draw(1.5, 0.3), drawn(scene, 1.5, 0.3)), 0);
}

}  // namespace
}  // namespace avstage::sandbox::test
