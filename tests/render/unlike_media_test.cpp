#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "media/video_reader.h"
#include "render/composed.h"
#include "support/lane.h"

/// Media of every kind on one canvas of 320x180 at 25 fps.
namespace avstage::test {
namespace {

const Rational kFps{25};

VideoSpec spec_with(const std::function<void(VideoSpec&)>& change) {
  VideoSpec spec;
  spec.picture = Picture::counter;
  spec.audio_codec = "pcm_s16le";
  change(spec);
  return spec;
}

struct MediaKind {
  const char* file;
  VideoSpec spec;
};

std::vector<MediaKind> kinds() {
  auto with = spec_with;
  return {
      {"plain.mp4", with([](auto& s) { s.audio_codec = "aac"; })},
      {"odd.mkv", with([](auto& s) { s.width = 161, s.height = 91, s.codec = "ffv1"; })},
      {"tall.mkv", with([](auto& s) { s.width = 90, s.height = 160; })},
      {"pal.mov", with([](auto& s) { s.width = 180, s.height = 144, s.sar = Rational(64, 45); })},
      {"film.mov", with([](auto& s) { s.fps = Rational(24000, 1001), s.seconds = Rational(1001, 1000); })},
      {"ntsc.mov", with([](auto& s) { s.fps = Rational(30000, 1001), s.seconds = Rational(1001, 1000); })},
      {"fifty.mov", with([](auto& s) { s.fps = Rational(50); })},
      {"vfr.mkv", with([](auto& s) {
         s.fps = Rational(100), s.ticks = {0, 4, 12, 13, 20, 40, 41, 60, 96}, s.audio_codec.clear();
       })},
      {"422.mkv", with([](auto& s) { s.pix_fmt = "yuv422p"; })},
      {"444.mkv", with([](auto& s) { s.pix_fmt = "yuv444p"; })},
      {"ten.mkv", with([](auto& s) { s.pix_fmt = "yuv420p10le", s.codec = "ffv1"; })},
      {"ten422.mkv", with([](auto& s) { s.pix_fmt = "yuv422p10le", s.codec = "ffv1"; })},
      {"hevc10.mp4",
       with([](auto& s) { s.pix_fmt = "yuv420p10le", s.codec = "libx265", s.audio_codec = "aac"; })},
      {"full.mov", with([](auto& s) { s.pix_fmt = "yuvj420p", s.range = "pc"; })},
      {"tff.mov", with([](auto& s) { s.scan = Scan::top_first, s.height = 96; })},
      {"bff.mkv", with([](auto& s) { s.scan = Scan::bottom_first, s.height = 96; })},
      {"mpeg2.ts", with([](auto& s) {
         s.codec = "mpeg2video", s.scan = Scan::top_first, s.height = 96, s.audio_codec = "mp2";
       })},
      {"turned90.mov", with([](auto& s) { s.width = 90, s.height = 160, s.rotation = 90; })},
      {"turned180.mov", with([](auto& s) { s.rotation = 180; })},
      {"turned270.mov", with([](auto& s) { s.width = 90, s.height = 160, s.rotation = 270; })},
      {"turned422.mov",
       with([](auto& s) { s.width = 90, s.height = 160, s.rotation = 90, s.pix_fmt = "yuv422p"; })},
      {"open.mov", with([](auto& s) { s.gop = 8, s.bframes = 3, s.open_gop = true; })},
      {"late.mkv", with([](auto& s) { s.start = Rational(2); })},
      {"late.ts", with([](auto& s) { s.start = Rational(2), s.audio_codec = "mp2"; })},
      {"one.mov", with([](auto& s) { s.seconds = Rational(1, 25); })},
      {"mute.mp4", with([](auto& s) { s.audio_codec.clear(); })},
      {"vp9.webm", with([](auto& s) { s.codec = "libvpx-vp9", s.audio_codec = "libopus"; })},
      {"alpha.webm",
       with([](auto& s) { s.codec = "libvpx-vp9", s.audio_codec.clear(), s.pix_fmt = "yuva420p"; })},
      {"rgb.mkv", with([](auto& s) {
         s.codec = "ffv1", s.pix_fmt = "bgr0", s.picture = Picture::testsrc, s.audio_codec.clear();
       })},
      {"fragments.mp4",
       with([](auto& s) { s.index = Index::fragmented, s.gop = 10, s.audio_codec = "aac"; })},
  };
}

struct Expected {
  std::int64_t frames;
  std::vector<int> numbers;
};

/// Frame k is shown from the canvas frame nearest to its time, halves upwards.
Expected expected(const VideoSpec& spec) {
  std::int64_t count = spec.ticks.empty() ? (spec.seconds * spec.fps).round() : std::ssize(spec.ticks);
  auto tick = [&](std::int64_t k) {
    return spec.ticks.empty() ? k : spec.ticks[static_cast<std::size_t>(k)];
  };
  Rational length = Rational(tick(count - 1) + 1) / spec.fps;
  Expected e{(length * kFps).round(), {}};
  for (std::int64_t i = 0; i < e.frames; ++i) {
    std::int64_t shown = 0;
    for (std::int64_t k = 0; k < count; ++k) {
      if ((Rational(tick(k)) / spec.fps * kFps).round() <= i) shown = k;
    }
    e.numbers.push_back(static_cast<int>(shown));
  }
  return e;
}

class UnlikeMedia : public Bench {
 protected:
  std::string text(const std::string& clip) const {
    return fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "320x180", "fps": 25 }}, "clips": [ {} ], "outputs": [ {{ "path": "out.mp4", "preset": "ultrafast" }} ] }})",
        clip);
  }
  std::vector<media::FramePtr> pictures(const std::string& clip) const { return compose(job(text(clip))); }
};

TEST_F(UnlikeMedia, EveryKindShowsItsFramesOnTheCanvasGrid) {
  for (const MediaKind& kind : kinds()) {
    SCOPED_TRACE(kind.file);
    make_video(dir / kind.file, kind.spec);
    Expected e = expected(kind.spec);
    auto frames = pictures(fmt::format(R"({{ "file": "{}", "fit": "fill" }})", kind.file));
    ASSERT_EQ(std::ssize(frames), e.frames);
    int wrong = 0;
    bool numbered = kind.spec.picture == Picture::counter && !kind.spec.pix_fmt.starts_with("yuva");
    for (std::size_t i = 0; i < frames.size(); ++i) {
      ASSERT_EQ(frames[i]->width, 320);
      ASSERT_EQ(frames[i]->height, 180);
      if (numbered) wrong += frame_number(*frames[i]) != e.numbers[i];
    }
    EXPECT_EQ(wrong, 0) << "first " << frame_number(*frames.front()) << ", last "
                        << frame_number(*frames.back());
    figure("| {} | {} frames | {}…{} | {} wrong |\n", kind.file, frames.size(), frame_number(*frames.front()),
           frame_number(*frames.back()), wrong);
  }
}

TEST_F(UnlikeMedia, TogetherTheyMakeOneFilmOfTheRightLength) {
  std::string clips;
  std::int64_t frames = 0;
  std::vector<int> numbers;
  for (const MediaKind& kind : kinds()) {
    if (kind.spec.picture != Picture::counter || kind.spec.pix_fmt.starts_with("yuva")) continue;
    make_video(dir / kind.file, kind.spec);
    clips += fmt::format(R"({}{{ "file": "{}", "fit": "fill" }})", clips.empty() ? "" : ", ", kind.file);
    Expected e = expected(kind.spec);
    frames += e.frames;
    numbers.insert(numbers.end(), e.numbers.begin(), e.numbers.end());
  }
  run(text(clips), settings());
  Decoded out = decode_all(dir / "out.mp4");
  EXPECT_EQ(out.frames, frames);
  EXPECT_EQ(out.numbers, numbers);
  EXPECT_EQ(out.audio_samples, frames * 48000 / 25);
}

TEST_F(UnlikeMedia, SoundStandsWhereItStoodInItsSource) {
  for (const char* file : {"a.mov", "b.mkv", "c.mov"}) {
    VideoSpec spec;
    spec.audio_codec = "pcm_s16le";
    spec.sound = Sound::impulse;
    spec.impulse_at = 30'000;
    if (file[0] == 'b') spec.start = Rational(2);
    if (file[0] == 'c') spec.scan = Scan::top_first, spec.height = 96, spec.fps = Rational(30000, 1001);
    make_video(dir / file, spec);
  }
  run(text(R"({ "file": "a.mov" }, { "file": "b.mkv" }, { "file": "c.mov" })"), settings());
  std::vector<float> sound = read_sound(dir / "out.mp4");
  for (std::size_t clip = 0; clip < 3; ++clip) {
    std::size_t loudest = clip * 48000;
    for (std::size_t i = clip * 48000; i < (clip + 1) * 48000; ++i) {
      if (std::abs(sound.at(2 * i)) > std::abs(sound.at(2 * loudest))) loudest = i;
    }
    double clock = clip == 1 ? 24 : 0;  // Matroska counts milliseconds
    EXPECT_NEAR(double(loudest), double(clip * 48000 + 30'000), clock) << "clip " << clip;
  }
}

TEST_F(UnlikeMedia, SoundMayEndBeforeOrAfterThePicture) {
  VideoSpec spec;
  spec.picture_delay = Rational(1, 5);  // the sound begins first and the picture ends last
  make_video(dir / "late.mkv", spec);
  spec = {};
  spec.audio_codec = "pcm_s16le";
  spec.ticks = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  make_video(dir / "long_sound.mov", spec);
  run(text(R"({ "file": "late.mkv" }, { "file": "long_sound.mov" })"), settings());
  Decoded out = decode_all(dir / "out.mp4");
  EXPECT_EQ(out.frames, 35);
  EXPECT_EQ(out.audio_samples, 35 * 48000 / 25);
}

/// Width and height of what is bright, in pixels, edges counted by their share.
std::pair<double, double> bright_size(const AVFrame& frame) {
  double column = 0, row = 0;
  for (int x = 0; x < frame.width; ++x) column += (sample(frame, 0, x, frame.height / 2) - 16) / 219.0;
  for (int y = 0; y < frame.height; ++y) row += (sample(frame, 0, frame.width / 2, y) - 16) / 219.0;
  return {column, row};
}

struct Shape {
  int width, height;
  Rational sar;
  int rotation;
};

TEST_F(UnlikeMedia, ACircleStaysRound) {
  double worst = 0;
  for (const Shape& shape : {Shape{720, 576, Rational(16, 15), 0}, Shape{720, 576, Rational(64, 45), 0},
                             Shape{720, 480, Rational(8, 9), 0}, Shape{360, 270, Rational(4, 3), 0},
                             Shape{161, 91, Rational(1), 0}, Shape{720, 576, Rational(64, 45), 90},
                             Shape{720, 576, Rational(16, 15), 270}, Shape{320, 180, Rational(2), 0}}) {
    VideoSpec spec;
    spec.width = shape.width, spec.height = shape.height, spec.sar = shape.sar,
    spec.rotation = shape.rotation;
    spec.codec = "ffv1", spec.primaries = spec.transfer = "bt709";
    spec.seconds = Rational(1, 25);
    spec.audio_codec.clear();
    const double sar = shape.sar.to_double(), side = std::min(shape.width * sar, double(shape.height)) / 2;
    spec.draw = [&](AVFrame& frame, std::int64_t) {
      paint(frame, [&](int c, int x, int y) {
        if (c > 0) return 128.0;
        // A square of the screen: partly covered samples are grey.
        auto cover = [](int at, double from, double to) {
          return std::clamp(std::min<double>(at + 1, to) - std::max<double>(at, from), 0.0, 1.0);
        };
        double w = side / sar, cx = shape.width / 2.0, cy = shape.height / 2.0;
        return 16 + 219 * cover(x, cx - w / 2, cx + w / 2) * cover(y, cy - side / 2, cy + side / 2);
      });
    };
    make_video(dir / "box.mov", spec);
    for (const char* fit : {"contain", "cover"}) {
      auto frames = pictures(fmt::format(R"({{ "file": "box.mov", "fit": "{}" }})", fit));
      auto [w, h] = bright_size(*frames.at(0));
      double distortion = std::abs(w / h - 1);
      worst = std::max(worst, distortion);
      EXPECT_LT(distortion, 0.01) << shape.width << "x" << shape.height << " " << shape.sar.str() << " "
                                  << fit << ": " << w << "x" << h;
      figure("| {}x{} SAR {} turned {} {} | {:.2f} x {:.2f} px | {:.2f} % |\n", shape.width, shape.height,
             shape.sar.str(), shape.rotation, fit, w, h, distortion * 100);
    }
  }
  figure("worst distortion {:.2f} %\n", worst * 100);
}

TEST_F(UnlikeMedia, ATurnedOrMirroredPictureIsUpright) {
  for (const auto& [rotation, mirrored] :
       {std::pair(90, false), {180, false}, {270, false}, {0, true}, {90, true}, {180, true}, {270, true}}) {
    VideoSpec spec;
    spec.rotation = rotation, spec.mirrored = mirrored;
    if (rotation % 180 != 0) std::swap(spec.width, spec.height);
    spec.seconds = Rational(1, 25);
    spec.audio_codec.clear();
    spec.draw = [rotation = rotation, mirrored = mirrored](AVFrame& frame, std::int64_t) {
      // white where the upright picture has its upper left quarter
      paint(frame, [&](int c, int x, int y) {
        if (c > 0) return 128.0;
        const bool right = (x >= frame.width / 2) != mirrored, low = y >= frame.height / 2;
        const bool white_right = rotation == 180 || rotation == 270,
                   white_low = rotation == 90 || rotation == 180;
        return right == white_right && low == white_low ? 235.0 : 16.0;
      });
    };
    make_video(dir / "turned.mp4", spec);
    auto frames = pictures(R"({ "file": "turned.mp4" })");
    const AVFrame& frame = *frames.at(0);
    EXPECT_NEAR(mean(frame, 0, 0.05, 0.05, 0.45, 0.45), 235, 2) << rotation << mirrored;
    EXPECT_NEAR(mean(frame, 0, 0.55, 0.05, 0.95, 0.45), 16, 2) << rotation << mirrored;
    EXPECT_NEAR(mean(frame, 0, 0.05, 0.55, 0.45, 0.95), 16, 2) << rotation << mirrored;
  }
}

/// Exif's orientation, as cameras write it (CIPA DC-008, 4.6.4): 6 is turned clockwise by a quarter.
TEST_F(UnlikeMedia, APhotoIsShownAsTheCameraWasHeld) {
  make_image(dir / "photo.jpg", 160, 90);  // red on the left
  const std::string exif("Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 32);
  const std::string bytes = read_bytes(dir / "photo.jpg");
  write_bytes(dir / "photo.jpg",
              bytes.substr(0, 2) + std::string("\xff\xe1\0\x22", 4) + exif + bytes.substr(2));
  const MediaFacts facts = media::probe_file(dir / "photo.jpg");
  EXPECT_EQ(facts.video->rotation, 90);
  EXPECT_EQ(facts.video->display_width, 90);
  auto frames = pictures(R"({ "image": "photo.jpg", "duration": "1f" })");
  const AVFrame& frame = *frames.at(0);
  EXPECT_GT(mean(frame, 2, 0.4, 0.1, 0.6, 0.4), 160) << "red above";
  EXPECT_GT(mean(frame, 1, 0.4, 0.6, 0.6, 0.9), 160) << "blue below";
  EXPECT_NEAR(mean(frame, 0, 0.05, 0.1, 0.2, 0.9), 16, 2) << "upright it does not fill the canvas";
}

/// A bright bar that moves by 8 pixels a field.
VideoSpec moving_bar(Scan scan, Rational seconds) {
  VideoSpec spec;
  spec.width = 320, spec.height = 180;
  spec.scan = scan;
  spec.seconds = seconds;
  spec.audio_codec.clear();
  spec.draw = [scan](AVFrame& frame, std::int64_t n) {
    paint(frame, [&](int c, int x, int y) {
      if (c > 0) return 128.0;
      bool second = scan == Scan::top_first ? y % 2 == 1 : y % 2 == 0;
      std::int64_t left = (2 * n + second) * 8 % 240;
      return x >= left && x < left + 40 ? 200.0 : 40.0;
    });
  };
  return spec;
}

/// How much neighbouring lines differ where the lines beside them agree.
double combing(const AVFrame& frame) {
  double sum = 0;
  for (int y = 2; y < frame.height - 2; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      int here = sample(frame, 0, x, y), above = sample(frame, 0, x, y - 1),
          below = sample(frame, 0, x, y + 1);
      if (std::abs(above - below) < 20) sum += std::abs(2 * here - above - below) / 2.0;
    }
  }
  return sum / frame.width / frame.height;
}

TEST_F(UnlikeMedia, InterlacedMotionIsWithoutCombs) {
  for (const char* file : {"tff.mp4", "bff.mkv", "tff.ts", "mpeg2.ts", "mpeg2.mkv"}) {
    VideoSpec spec = moving_bar(file[0] == 'b' ? Scan::bottom_first : Scan::top_first, 1);
    if (file[0] == 'm') spec.codec = "mpeg2video";
    make_video(dir / file, spec);
    EXPECT_TRUE(media::probe_file(dir / file).video->interlaced) << file;
    auto frames = pictures(fmt::format(R"({{ "file": "{}" }})", file));
    ASSERT_EQ(frames.size(), 25U) << file;
    double worst = 0;
    for (const auto& frame : frames) worst = std::max(worst, combing(*frame));
    EXPECT_LT(worst, 1) << file;
    figure("| {} | combing {:.2f} levels |\n", file, worst);
  }
}

TEST_F(UnlikeMedia, AProgressiveStreamIsNotTouched) {
  VideoSpec spec = moving_bar(Scan::top_first, 1);  // the same combs, but they are the picture
  spec.scan = Scan::progressive, spec.codec = "ffv1";
  make_video(dir / "combs.mkv", spec);
  Decoded in = decode_all(dir / "combs.mkv");
  auto frames = pictures(R"({ "file": "combs.mkv" })");
  for (std::size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(checksum(*frames[i]), in.checksums[i]) << i;
  EXPECT_GT(combing(*frames.at(5)), 3) << "the meter sees combs";
  figure("| combs kept | combing {:.2f} levels |\n", combing(*frames.at(5)));
}

TEST_F(UnlikeMedia, AnInterlacedPictureIsTheSameFromWhereverItIsSought) {
  for (const char* file : {"i.mp4", "i.mkv", "i.ts"}) {
    VideoSpec spec = moving_bar(Scan::top_first, 12);
    spec.width = 160, spec.height = 96;
    make_video(dir / file, spec);
    std::vector<std::uint64_t> in_order;
    media::VideoReader once(media::Demuxer::open_file(dir / file));
    for (int i = 0; i < 300; ++i) in_order.push_back(checksum(*once.frame_at(Time(i, 25), kFps)));
    media::VideoReader reader(media::Demuxer::open_file(dir / file));
    for (int i : {299, 0, 250, 25, 24, 26, 150, 149, 0, 275, 1, 298}) {
      EXPECT_EQ(checksum(*reader.frame_at(Time(i, 25), kFps)), in_order[static_cast<std::size_t>(i)])
          << file << " " << i;
    }
    EXPECT_EQ(once.decoded(), 300) << file;
  }
}

TEST_F(UnlikeMedia, AnImageWithAlphaLetsTheFilmThrough) {
  make_image(dir / "badge.png", 320, 180, true);
  VideoSpec spec;
  spec.picture = Picture::gray;
  spec.seconds = Rational(2, 25);
  make_video(dir / "gray.mp4", spec);
  auto frames = compose(job(R"({ "version": 1, "canvas": { "size": "320x180", "fps": 25 },
    "tracks": [ { "clips": [ { "file": "gray.mp4" } ] }, { "clips": [ { "image": "badge.png", "duration": "2f" } ] } ],
    "output": "out.mp4" })"));
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_NEAR(mean(*frames[0], 0, 0.05, 0.1, 0.4, 0.9), 40, 1);
  EXPECT_NEAR(mean(*frames[1], 0, 0.05, 0.1, 0.4, 0.9), 42, 1);
  EXPECT_NEAR(mean(*frames[0], 1, 0.6, 0.1, 0.9, 0.9), 211.5, 1.5) << "blue";
}

}  // namespace
}  // namespace avstage::test
