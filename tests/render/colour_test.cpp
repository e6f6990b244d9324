#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "base/log.h"
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

VideoSpec exact(int width, int height, const std::string& pix_fmt,
                const std::function<double(int, int, int)>& value) {
  VideoSpec spec;
  spec.width = width, spec.height = height;
  spec.codec = "ffv1", spec.pix_fmt = pix_fmt;
  spec.seconds = Rational(1, 25);
  spec.audio_codec.clear();
  spec.draw = [value](AVFrame& frame, std::int64_t) { paint(frame, value); };
  return spec;
}

double checkerboard(int c, int x, int y) {
  if (c > 0) return (x + y + c) % 2 == 0 ? 90 : 170;
  return (x + y) % 2 == 0 ? 20 : 230;
}

TEST_F(Colour, AOnePixelCheckerboardIsComposedBitForBit) {
  make_video(dir / "board.mkv", exact(160, 90, "yuv420p", checkerboard));
  make_video(dir / "part.mkv", exact(64, 48, "yuv420p", checkerboard));
  auto expect_board = [](const AVFrame& frame, int left, int top, int width, int height) {
    for (int c = 0; c < 3; ++c) {
      int shift = c > 0;
      for (int y = 0; y < height >> shift; ++y) {
        for (int x = 0; x < width >> shift; ++x) {
          ASSERT_EQ(sample(frame, c, (left >> shift) + x, (top >> shift) + y), checkerboard(c, x, y))
              << c << " " << x << " " << y;
        }
      }
    }
  };
  expect_board(*pictures(R"({ "file": "board.mkv" })").at(0), 0, 0, 160, 90);
  auto frames = compose(job(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 }, "tracks": [
    { "clips": [ { "color": "#336699", "duration": "1f" } ] },
    { "clips": [ { "file": "part.mkv", "fit": "none", "at": "bottom-right", "margin": 10 } ] } ], "output": "out.mp4" })"));
  expect_board(*frames.at(0), 160 - 64 - 10, 90 - 48 - 10, 64, 48);
}

/// A smooth hill around (x0, y0); sample (x, y) of component c lies where the chroma site says.
double hill(double x, double y, double x0, double y0, double radius) {
  double d = std::hypot(x - x0, y - y0) / radius;
  return d < 1 ? 0.5 + 0.5 * std::cos(d * M_PI) : 0;
}

struct Site {
  const char* name;
  double x, y;  ///< of the first chroma sample, in pixels from the first luma sample
};

struct Centre {
  double x, y;
};

/// Where a hill is, in pixels of the canvas, whose chroma lies left.
Centre centroid(const AVFrame& frame, int c, double ground) {
  auto [width, height] = plane_size(frame, c);
  double sum = 0, sx = 0, sy = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      double w = sample(frame, c, x, y) - ground;
      sum += w;
      sx += w * (c > 0 ? 2 * x + 0.5 : x + 0.5);
      sy += w * (c > 0 ? 2 * y + 1.0 : y + 0.5);
    }
  }
  return {sx / sum, sy / sum};
}

TEST_F(Colour, NothingMovesWhenItIsScaledAndChromaStaysWithLuma) {
  double worst = 0;
  for (const char* matrix : {"bt709", "smpte170m"}) {
    for (const char* pix_fmt : {"yuv420p", "yuv422p", "yuv444p", "yuv420p10le"}) {
      for (Site site : {Site{"left", 0, 0.5}, Site{"center", 0.5, 0.5}, Site{"topleft", 0, 0}}) {
        for (auto [width, height] : {std::pair{320, 180}, {80, 46}, {160, 90}, {240, 136}}) {
          const bool wide = std::string(pix_fmt).find("42") != std::string::npos,
                     tall = std::string(pix_fmt).find("420") != std::string::npos;
          if (!tall && std::string(site.name) != "left") continue;
          const double scale = 160.0 / width, down = 90.0 / height;
          const double x0 = width * 0.45 + 0.3, y0 = height * 0.55 + 0.2, radius = height * 0.4;
          VideoSpec spec = exact(width, height, pix_fmt, [&](int c, int x, int y) {
            double px = x + 0.5, py = y + 0.5;
            if (c > 0 && wide) px = 2 * x + site.x + 0.5;
            if (c > 0 && tall) py = 2 * y + site.y + 0.5;
            double h = hill(px, py, x0, y0, radius);
            return c == 0 ? 60 + 60 * h : 128 + (c == 1 ? 60 : -60) * h;  // stays within RGB
          });
          spec.matrix = matrix, spec.chroma = tall ? site.name : "unspecified";
          make_video(dir / "hill.mkv", spec);
          auto frames = pictures(R"({ "file": "hill.mkv", "fit": "fill" })");
          for (int c = 0; c < 3; ++c) {
            Centre at = centroid(*frames.at(0), c, c == 0 ? 60 : 128);
            double off = std::max(std::abs(at.x - x0 * scale), std::abs(at.y - y0 * down));
            worst = std::max(worst, off);
            EXPECT_LE(off, 0.06) << matrix << " " << pix_fmt << " " << site.name << " " << width << "x"
                                 << height << " component " << c << ": " << at.x - x0 * scale << " "
                                 << at.y - y0 * down;
          }
        }
      }
    }
  }
  figure("worst shift {:.3f} px\n", worst);
}

TEST_F(Colour, TenBitsBecomeEightWithoutBias) {
  double worst = 0;
  for (const char* matrix : {"bt709", "smpte170m"}) {
    for (const char* pix_fmt : {"yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv444p", "yuv420p"}) {
      for (auto [width, height] : {std::pair{160, 90}, {320, 180}}) {
        auto ramp = [&, w = width](int c, int x, int) { return c > 0 ? 128.0 : 40.37 + 151.7 * x / w; };
        VideoSpec spec = exact(width, height, pix_fmt, ramp);
        spec.matrix = matrix;
        make_video(dir / "ramp.mkv", spec);
        auto frames = pictures(R"({ "file": "ramp.mkv", "fit": "fill" })");
        double luma = 0, chroma = 0, bias = 0;
        for (int x = 4; x < 156; ++x) {
          double at = (x + 0.5) * width / 160 - 0.5;
          double found = mean(*frames[0], 0, x / 160.0 + 0.0001, 0.1, (x + 1) / 160.0 + 0.0001, 0.9);
          double off = found - (40.37 + 151.7 * at / width);
          luma = std::max(luma, std::abs(off));
          bias += off / 152;
        }
        chroma = std::max(std::abs(mean(*frames[0], 1, 0.1, 0.1, 0.9, 0.9) - 128),
                          std::abs(mean(*frames[0], 2, 0.1, 0.1, 0.9, 0.9) - 128));
        worst = std::max({worst, std::abs(bias), chroma});
        EXPECT_LE(std::abs(bias), 0.5) << matrix << " " << pix_fmt << " " << width;
        EXPECT_LE(chroma, 0.5) << matrix << " " << pix_fmt << " " << width;
        EXPECT_LE(luma, 1.5) << matrix << " " << pix_fmt << " " << width;
        figure("| {} {} {}x{} | bias {:+.3f} | largest {:.2f} | chroma {:.3f} |\n", matrix, pix_fmt, width,
               height, bias, luma, chroma);
      }
    }
  }
  figure("worst bias {:.3f} levels\n", worst);
}

}  // namespace
}  // namespace avstage::test
