#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "media/image.h"
#include "media/video_reader.h"
#include "render/composed.h"
#include "run/compose/picture.h"
#include "support/lane.h"

/// The same colour in, in whatever form, is the same colour out, in its place.
namespace avstage::test {
namespace {

using Rgb = std::array<double, 3>;  ///< R'G'B', 0–1
constexpr Rgb kGray{128 / 255.0, 128 / 255.0, 128 / 255.0}, kRed{200 / 255.0, 40 / 255.0, 30 / 255.0};

/// Y, Cb, Cr as 8-bit code values that are not rounded: the standards' own formulas.
Rgb to_yuv(const Rgb& rgb, const std::string& matrix, bool full) {
  double kr = 0.299, kb = 0.114;
  if (matrix == "bt709") kr = 0.2126, kb = 0.0722;
  if (matrix == "bt2020nc") kr = 0.2627, kb = 0.0593;
  if (matrix == "smpte240m") kr = 0.212, kb = 0.087;
  double y = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2];
  double cb = (rgb[2] - y) / (2 * (1 - kb)), cr = (rgb[0] - y) / (2 * (1 - kr));
  if (full) return {255 * y, 128 + 255 * cb, 128 + 255 * cr};
  return {16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr};
}

/// One way to store a picture whose left half is grey and whose right half is red.
struct Form {
  std::string file, pix_fmt, matrix, range;
  int width = 160, height = 90;
  std::string codec = "ffv1";
  std::string meant = {};  ///< the matrix an untagged picture is painted in
};

std::vector<Form> forms() {
  return {
      {"709.mkv", "yuv420p", "bt709", "tv"},
      {"709_full.mkv", "yuv420p", "bt709", "pc"},
      {"601.mkv", "yuv420p", "smpte170m", "tv"},
      {"601_full.mkv", "yuv420p", "smpte170m", "pc"},
      {"470.mkv", "yuv420p", "bt470bg", "tv"},
      {"470_full.mkv", "yuv420p", "bt470bg", "pc"},
      {"240m.mkv", "yuv420p", "smpte240m", "tv"},
      {"2020.mkv", "yuv420p", "bt2020nc", "tv"},
      {"2020_full.mkv", "yuv420p", "bt2020nc", "pc"},
      {"709_10.mkv", "yuv420p10le", "bt709", "tv"},
      {"709_10_full.mkv", "yuv420p10le", "bt709", "pc"},
      {"601_10.mkv", "yuv420p10le", "smpte170m", "tv"},
      {"601_10_full.mkv", "yuv420p10le", "smpte170m", "pc"},
      {"2020_10.mkv", "yuv420p10le", "bt2020nc", "tv"},
      {"2020_10_full.mkv", "yuv420p10le", "bt2020nc", "pc"},
      {"709_422.mkv", "yuv422p", "bt709", "tv"},
      {"601_422_10.mkv", "yuv422p10le", "smpte170m", "tv"},
      {"601_444.mkv", "yuv444p", "smpte170m", "tv"},
      {"709_444_10.mkv", "yuv444p10le", "bt709", "tv"},
      {"sd.mkv", "yuv420p", "unknown", "unknown", 160, 90, "ffv1", "smpte170m"},
      {"hd.mkv", "yuv420p", "unknown", "unknown", 160, 720, "ffv1", "bt709"},
      {"hd_10.mkv", "yuv420p10le", "unknown", "unknown", 160, 720, "ffv1", "bt709"},
      {"yuvj.mp4", "yuvj420p", "bt709", "pc", 160, 90, "libx264"},
      {"h264_601.mp4", "yuv420p", "smpte170m", "tv", 160, 90, "libx264"},
      {"hevc_2020.mp4", "yuv420p10le", "bt2020nc", "tv", 160, 90, "libx265"},
      {"rgb.mkv", "bgr0", "gbr", "pc"},
      {"rgb_10.mkv", "gbrp10le", "gbr", "pc"},
  };
}

void make(const std::string& path, const Form& form, int rotation = 0) {
  VideoSpec spec;
  spec.width = form.width, spec.height = form.height;
  spec.codec = form.codec, spec.pix_fmt = form.pix_fmt, spec.matrix = form.matrix, spec.range = form.range;
  if (form.codec != "ffv1") spec.primaries = spec.transfer = "bt709";
  spec.seconds = Rational(4, 25);
  spec.rotation = rotation;
  spec.audio_codec.clear();
  spec.draw = [&](AVFrame& frame, std::int64_t) {
    paint(frame, [&](int c, int x, int) {
      const Rgb& rgb = 2 * x < plane_size(frame, c).first ? kGray : kRed;
      auto i = static_cast<std::size_t>(c);
      if (form.matrix == "gbr") return rgb[i] * (form.pix_fmt == "bgr0" ? 255 : 255.75);
      // Full range fills all codes of its depth.
      double depth =
          form.range == "pc" && form.pix_fmt.find("10") != std::string::npos ? 1023.0 / 1024 * 256 / 255 : 1;
      double v = to_yuv(rgb, form.meant.empty() ? form.matrix : form.meant, form.range == "pc")[i];
      return c == 0 ? v * depth : 128 + (v - 128) * depth;
    });
  };
  make_video(path, spec);
}

/// The largest deviation from what `rgb` is in BT.709 limited, in levels.
double deviation(const AVFrame& frame, const Rgb& rgb, double left, double right) {
  const Rgb wanted = to_yuv(rgb, "bt709", false);
  double worst = 0;
  for (int c = 0; c < 3; ++c) {
    worst = std::max(worst,
                     std::abs(mean(frame, c, left, 0.1, right, 0.9) - wanted[static_cast<std::size_t>(c)]));
  }
  return worst;
}

class Colour : public Bench {
 protected:
  std::string text(const std::string& clips, const std::string& size = "160x90") const {
    return fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "{}", "fps": 25 }}, "clips": [ {} ], "outputs": [ {{ "path": "out.mp4", "crf": 1 }} ] }})",
        size, clips);
  }
  std::vector<media::FramePtr> pictures(const std::string& clip, const std::string& size = "160x90") const {
    return compose(job(text(clip, size)));
  }
};

TEST_F(Colour, EveryFormOfAColourIsThatColourInTheFilm) {
  std::string clips;
  for (const Form& form : forms()) {
    make(dir / form.file, form);
    clips += fmt::format(R"({}{{ "file": "{}", "fit": "fill" }})", clips.empty() ? "" : ", ", form.file);
  }
  log::Sink before = log::set_sink([](log::Level, std::string_view) {});
  run(text(clips), settings());
  log::set_sink(before);
  media::VideoReader out(media::Demuxer::open_file(dir / "out.mp4"));
  std::int64_t n = 0;
  for (const Form& form : forms()) {
    const AVFrame& frame = *out.frame_at(Time(4 * n++ + 2, 25), Rational(25));
    double gray = deviation(frame, kGray, 0.05, 0.4), red = deviation(frame, kRed, 0.6, 0.95);
    EXPECT_LE(gray, 2) << form.file;
    EXPECT_LE(red, 2) << form.file;
    figure("| {} {} {} {} | grey {:.2f} | red {:.2f} |\n", form.file, form.pix_fmt, form.matrix, form.range,
           gray, red);
  }
}

TEST_F(Colour, StillsHaveTheirColour) {
  struct Still {
    const char* what;
    std::string clip;
  };
  auto save = [&](const char* name, int width, int height) {
    media::FramePtr red = flat_frame(width, height, "rgba", 200, 40, 30);
    write_still(dir / name, *red);
  };
  save("red.png", 160, 90);
  save("red.jpg", 160, 90);
  save("red.webp", 160, 90);
  save("tall.png", 160, 720);
  save("tall.jpg", 160, 720);
  save("tall.webp", 160, 720);
  for (
      const char* clip :
      {R"({ "image": "red.png", "duration": "1f", "fit": "fill" })",
       R"({ "image": "red.jpg", "duration": "1f", "fit": "fill" })",
       R"({ "image": "red.webp", "duration": "1f", "fit": "fill" })",
       R"({ "image": "tall.png", "duration": "1f", "fit": "fill" })",
       R"({ "image": "tall.jpg", "duration": "1f", "fit": "fill" })",
       R"({ "image": "tall.webp", "duration": "1f", "fit": "fill" })",
       R"({ "color": "#c8281e", "duration": "1f" })",
       R"({ "text": "M", "font_color": "#c8281e", "box_color": "#c8281e", "duration": "1f", "width": 160, "height": 90, "fit": "fill" })"}) {
    auto frames = pictures(clip);
    double off = deviation(*frames.at(0), kRed, 0.3, 0.7);
    EXPECT_LE(off, 2) << clip;
    figure("| {} | {:.2f} |\n", clip, off);
  }
}

/// A palette, of which libswscale makes BT.601 whatever it is told, and which no filter of ours takes.
TEST_F(Colour, APaletteHasItsColoursWithFiltersAndWithout) {
  std::string bmp("BM\x76\x3c\0\0\0\0\0\0\x36\x04\0\0\x28\0\0\0\xa0\0\0\0\x5a\0\0\0\x01\0\x08\0", 30);
  bmp.resize(54);
  for (int i = 0; i < 256; ++i) bmp += std::string("\x1e\x28\xc8\0", 4);  // blue, green, red
  bmp += std::string(160 * 90, '\x07');
  write_bytes(dir / "red.bmp", bmp);
  for (const char* filters : {"", R"(, "filters": [ { "grayscale": { "amount": 0 } } ])",
                              R"(, "filters": [ { "blur": { "radius": 2 } } ])"}) {
    auto frames = pictures(fmt::format(R"({{ "image": "red.bmp", "duration": "1f" {} }})", filters));
    EXPECT_LE(deviation(*frames.at(0), kRed, 0.3, 0.7), 2) << filters;
  }
}

TEST_F(Colour, ACropFromAnOddColumnOnKeepsDeepAndPairedChroma) {
  for (const char* pix_fmt : {"yuv420p", "yuv420p10le", "yuv422p10le", "yuv444p10le"}) {
    make(dir / "deep.mkv", {"deep.mkv", pix_fmt, "bt709", "tv"});
    auto frames = pictures(
        R"({ "file": "deep.mkv", "fit": "fill", "filters": [ { "crop": { "x": 91, "width": 60 } } ] })");
    EXPECT_LE(deviation(*frames.at(0), kRed, 0.1, 0.9), 2) << pix_fmt;
  }
}

TEST_F(Colour, SixteenBitsAChannelHaveTheirColourWithFiltersAndWithout) {
  media::FramePtr deep = media::make_frame();
  deep->width = 160, deep->height = 90, deep->format = AV_PIX_FMT_RGBA64BE;
  ASSERT_EQ(av_frame_get_buffer(deep.get(), 0), 0);
  const std::string pixel("\xc8\xc8\x28\x28\x1e\x1e\xff\xff", 8);  // red, green, blue, alpha
  for (int y = 0; y < 90; ++y) {
    for (int x = 0; x < 160; ++x) std::memcpy(deep->data[0] + y * deep->linesize[0] + 8 * x, pixel.data(), 8);
  }
  write_still(dir / "deep.png", *deep);
  ASSERT_EQ(media::read_image(dir / "deep.png")->format, AV_PIX_FMT_RGBA64BE);
  for (const char* filters : {"", R"(, "filters": [ { "grayscale": { "amount": 0 } } ])",
                              R"(, "filters": [ { "blur": { "radius": 2 } } ])"}) {
    auto frames = pictures(fmt::format(R"({{ "image": "deep.png", "duration": "1f" {} }})", filters));
    EXPECT_LE(deviation(*frames.at(0), kRed, 0.3, 0.7), 2) << filters;
  }
}

TEST_F(Colour, AGrayImageIsFullRange) {
  media::FramePtr gray = flat_frame(160, 90, "gray", 128, 0, 0);
  write_still(dir / "gray.png", *gray);
  EXPECT_LE(deviation(*pictures(R"({ "image": "gray.png", "duration": "1f" })").at(0), kGray, 0.1, 0.9), 1);
}

TEST_F(Colour, WhatAnUntaggedPictureIsTakenForDoesNotChangeWhenItIsCroppedOrTurned) {
  make(dir / "hd.mkv", {"hd.mkv", "yuv420p", "unknown", "unknown", 640, 720, "ffv1", "bt709"});
  auto cropped = pictures(
      R"({ "file": "hd.mkv", "fit": "fill", "filters": [ { "crop": { "width": 640, "height": 400 } } ] })");
  EXPECT_LE(deviation(*cropped.at(0), kRed, 0.6, 0.95), 2);
  for (int rotation : {90, 270}) {  // standard definition, and 720 lines once it is upright
    Form sd{"sd.mov", "yuv420p", "unknown", "unknown", 720, 64, "ffv1", "smpte170m"};
    make(dir / sd.file, sd, rotation);
    auto turned = pictures(R"({ "file": "sd.mov", "fit": "fill" })");
    const double top = rotation == 90 ? 0.6 : 0.1;
    EXPECT_NEAR(mean(*turned.at(0), 2, 0.1, top, 0.9, top + 0.3), to_yuv(kRed, "bt709", false)[2], 2)
        << rotation;
  }
}

TEST_F(Colour, TheFilmSaysWhatItIs) {
  Form form{"a.mkv", "yuv420p10le", "bt2020nc", "pc"};
  make(dir / form.file, form);
  for (const char* codec : {"h264", "hevc"}) {
    std::string name = std::string(codec) + ".mp4";
    run(fmt::format(
            R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, "clips": [ {{ "file": "a.mkv" }} ], "outputs": [ {{ "path": "{}", "codec": "{}" }} ] }})",
            name, codec),
        settings());
    std::string bytes = read_bytes(dir / name);
    std::size_t colr = bytes.find("colrnclx");
    ASSERT_NE(colr, std::string::npos);
    EXPECT_EQ(bytes.substr(colr + 8, 7), std::string("\0\1\0\1\0\1\0", 7)) << "bt709, bt709, bt709, limited";
    media::Demuxer demuxer = media::Demuxer::open_file(dir / name, media::Demuxer::Want::video);
    AVCodecParameters& p =
        *demuxer.video()->codecpar;  // forget the container's tags: what is left is the SPS'
    p.color_space = AVCOL_SPC_UNSPECIFIED, p.color_range = AVCOL_RANGE_UNSPECIFIED;
    p.color_primaries = AVCOL_PRI_UNSPECIFIED, p.color_trc = AVCOL_TRC_UNSPECIFIED;
    media::VideoReader reader(std::move(demuxer));
    const AVFrame& frame = *reader.frame_at(Time(0), Rational(25));
    EXPECT_EQ(frame.colorspace, AVCOL_SPC_BT709);
    EXPECT_EQ(frame.color_primaries, AVCOL_PRI_BT709);
    EXPECT_EQ(frame.color_trc, AVCOL_TRC_BT709);
    EXPECT_EQ(frame.color_range, AVCOL_RANGE_MPEG);
  }
}

TEST_F(Colour, HdrIsSaidToBeConvertedInPartOnce) {
  VideoSpec spec;
  spec.codec = "ffv1", spec.pix_fmt = "yuv420p10le", spec.matrix = "bt2020nc";
  spec.primaries = "bt2020", spec.transfer = "smpte2084";
  spec.audio_codec.clear();
  make_video(dir / "hdr.mkv", spec);
  std::vector<std::string> lines;
  log::Sink before = log::set_sink([&](log::Level level, std::string_view line) {
    if (level == log::Level::warning) lines.emplace_back(line);
  });
  pictures(R"({ "id": "hdr", "file": "hdr.mkv" })");
  pictures(R"({ "id": "hdr", "file": "hdr.mkv" })");
  log::set_sink(before);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("clip 'hdr': the picture is HDR"), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("smpte2084"), std::string::npos) << lines[0];
}

TEST_F(Colour, AMatrixThatCannotBeConvertedIsAnError) {
  VideoSpec spec;
  spec.codec = "ffv1", spec.matrix = "ycgco", spec.audio_codec.clear();
  make_video(dir / "ycgco.mkv", spec);
  auto [code, message] = fail(text(R"({ "file": "ycgco.mkv" })"), settings());
  EXPECT_EQ(code, 6) << message;
  EXPECT_NE(message.find("ycgco; allowed are bt709"), std::string::npos) << message;
}

}  // namespace
}  // namespace avstage::test
