#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "render/composed.h"
#include "support/lane.h"

/// Where each sample of a picture goes, and with what value.
namespace avstage::test {
namespace {

/// A picture without loss: value 0–255 of component `c` at column x, row y of its plane.
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

class Samples : public Bench {
 protected:
  std::vector<media::FramePtr> pictures(const std::string& clip) const {
    return compose(job(fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, "clips": [ {} ], "output": "out.mp4" }})",
        clip)));
  }
};

double checkerboard(int c, int x, int y) {
  if (c > 0) return (x + y + c) % 2 == 0 ? 90 : 170;
  return (x + y) % 2 == 0 ? 20 : 230;
}

TEST_F(Samples, AOnePixelCheckerboardIsComposedBitForBit) {
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

TEST_F(Samples, NothingMovesWhenItIsScaledAndChromaStaysWithLuma) {
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

TEST_F(Samples, TenBitsBecomeEightWithoutBias) {
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
