#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "avstage/time.h"
#include "media/video_reader.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace avstage::test {

/// A command's exit code and what it said.
struct Said {
  int code = -1;
  std::string out;
};

/// The samples in a folder of their own, laid out as in the checkout, with the program at build/avstage. The
/// media are made once and kept beside the program.
class SamplesBench : public testing::Test {
 protected:
  SamplesBench() {
    namespace fs = std::filesystem;
    const fs::path source(source_dir()), program(avstage_binary());
    const fs::path media = program.parent_path() / "sample-media";
    fs::create_directories(media);
    Said made = shell("flock '" + media.string() + ".lock' '" + (source / "samples/make_media").string() +
                      "' '" + media.string() + "'");
    if (made.code != 0) throw std::runtime_error(made.out);
    fs::create_directories(root() + "/build");
    fs::create_symlink(program, root() + "/build/avstage");
    fs::create_directories(root() + "/samples");
    for (const auto& entry : fs::directory_iterator(source / "samples")) {
      const std::string name = entry.path().filename().string();
      if (name != "media" && name != "out") {
        fs::copy(entry.path(), root() + "/samples/" + name, fs::copy_options::recursive);
      }
    }
    fs::create_directory_symlink(media, root() + "/samples/media");
    // What is older than the script is made again: the copy is as old as the original.
    fs::last_write_time(sample("make_media"), fs::last_write_time(source / "samples/make_media"));
  }

  const std::string& root() const { return dir.path(); }
  std::string sample(const std::string& name) const { return root() + "/samples/" + name; }

  /// In the folder that stands for the checkout, with nothing of the caller's account or folders.
  Said shell(const std::string& command) const {
    std::string all = "cd '" + root() +
                      "' && exec 2>&1 && unset HEYGEN_API_KEY HEYGEN_API_BASE HEYGEN_CONFIG_DIR" +
                      " && export HOME='" + root() + "/home' AVSTAGE_STATE='" + root() +
                      "/state' AVSTAGE_CACHE='" + root() + "/cache'\n" + command;
    Said said;
    FILE* pipe = ::popen(("bash -euo pipefail -c " + quoted(all)).c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot start a shell");
    std::array<char, 4096> buffer;
    for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      said.out.append(buffer.data(), n);
    int status = ::pclose(pipe);
    said.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return said;
  }

  /// Renders a sample and returns its report; the test ends here when that fails.
  nlohmann::json render(const std::string& name) const {
    Said said = shell("build/avstage render samples/" + name + " --sandbox --json --progress none");
    if (said.code != 0) throw std::runtime_error(name + ": " + said.out);
    return nlohmann::json::parse(said.out);
  }

  /// The same job again: nothing is bought, nothing is written.
  void expect_up_to_date(const std::string& name) const {
    nlohmann::json again = render(name);
    for (const auto& output : again["outputs"]) EXPECT_EQ(output["state"], "up_to_date") << output;
    for (const auto& purchase : again["purchases"]) EXPECT_EQ(purchase["origin"], "archive") << purchase;
  }

  TempDir dir;

 private:
  static std::string quoted(const std::string& text) {
    std::string out = "'";
    for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
  }
};

/// Frames of a film by number, and means over parts of them in limited-range Y, Cb, Cr.
class Film {
 public:
  explicit Film(const std::string& path)
      : reader_(media::Demuxer::open_file(path, media::Demuxer::Want::video)) {}

  /// Of the square of `size` pixels around (x, y).
  Mean around(std::int64_t frame, int x, int y, int size = 16) {
    const Rational fps = reader_.facts().video->fps;
    const AVFrame& f = *reader_.frame_at(Rational(frame) / fps, fps);
    return {mean(f, 0, x, y, size), mean(f, 1, x / 2, y / 2, size / 2), mean(f, 2, x / 2, y / 2, size / 2)};
  }

 private:
  static double mean(const AVFrame& f, int plane, int x, int y, int size) {
    double sum = 0;
    for (int dy = -size / 2; dy < size / 2; ++dy) {
      for (int dx = -size / 2; dx < size / 2; ++dx)
        sum += f.data[plane][(y + dy) * f.linesize[plane] + x + dx];
    }
    return sum / (size * size);
  }

  media::VideoReader reader_;
};

inline double distance(const Mean& a, const Mean& b) {
  return std::max({std::abs(a.y - b.y), std::abs(a.u - b.u), std::abs(a.v - b.v)});
}

/// Root mean square of all samples in [from, to) seconds.
inline double loudness(const std::vector<float>& stereo, double from, double to) {
  const auto first = static_cast<std::size_t>(from * 48000) * 2;
  const auto last = std::min(static_cast<std::size_t>(to * 48000) * 2, stereo.size());
  double sum = 0;
  for (std::size_t i = first; i < last; ++i) sum += double(stereo[i]) * stereo[i];
  return last > first ? std::sqrt(sum / static_cast<double>(last - first)) : 0;
}

}  // namespace avstage::test
