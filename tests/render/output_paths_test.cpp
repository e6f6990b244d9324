#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "render/bench.h"
#include "run/cache_folder.h"

namespace avstage::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

/// Where outputs may be written, and how they then lie there.
class OutputPaths : public Bench {
 protected:
  OutputPaths() { file("a.mp4", 1); }

  static std::string job_of(const std::string& clip, const std::string& outputs) {
    return fmt::format(R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, "clips": [ {} ],
      "outputs": [ {} ] }})",
                       clip, outputs);
  }
  Settings overwriting() const {
    Settings s = settings();
    s.overwrite = true;
    return s;
  }
  /// Refused with exit code 2 though everything may be replaced, and `kept` is as it was.
  void expect_refused(const std::string& text, const std::string& kept, const std::string& says) {
    const std::string before = read_bytes(dir / kept);
    const auto [code, message] = fail(text, overwriting());
    EXPECT_EQ(code, 2) << text;
    EXPECT_THAT(message, HasSubstr(says));
    EXPECT_EQ(read_bytes(dir / kept), before) << text;
  }
};

TEST_F(OutputPaths, NoInputIsOverwrittenByWhateverName) {
  fs::create_symlink("a.mp4", dir / "link.mp4");
  fs::create_directory_symlink(".", dir / "same");
  make_image(dir / "film.poster.png", 32, 32);
  write_bytes(dir / "job.json", "{}");
  const std::string reads = "a file that the job reads";
  expect_refused(job_of(R"({ "file": "link.mp4" })", R"({ "path": "a.mp4" })"), "a.mp4", reads);
  expect_refused(job_of(R"({ "file": "a.mp4" })", R"({ "path": "same/a.mp4" })"), "a.mp4", reads);
  expect_refused(
      job_of(R"({ "image": "film.poster.png", "duration": 1 })", R"({ "path": "film.mp4", "poster": 0 })"),
      "film.poster.png", reads);
  expect_refused(
      job_of(R"({ "avatar": { "id": "a", "voice": "v", "say": "x", "background": { "video": "a.mp4" } } })",
             R"({ "path": "same/a.mp4" })"),
      "a.mp4", reads);
  Job own = job(job_of(R"({ "file": "a.mp4" })", R"({ "path": "job.mp4" })"));
  own.file = dir / "job.mp4";
  write_bytes(own.file, "the job");
  EXPECT_THROW(render(own, overwriting(), [](const Event&) {}), Error);
  EXPECT_EQ(read_bytes(own.file), "the job");
}

TEST_F(OutputPaths, AnotherHardLinkOfAnInputIsReplacedAndTheInputStays) {
  fs::create_hard_link(dir / "a.mp4", dir / "b.mp4");
  fs::create_symlink("b.mp4", dir / "link.mp4");
  expect_refused(job_of(R"({ "file": "link.mp4" })", R"({ "path": "b.mp4" })"), "b.mp4",
                 "a file that the job reads");
  const std::string before = read_bytes(dir / "a.mp4");
  run(job_of(R"({ "file": "a.mp4", "volume": 0.5 })", R"({ "path": "b.mp4" })"), overwriting());
  EXPECT_EQ(read_bytes(dir / "a.mp4"), before);
  EXPECT_NE(read_bytes(dir / "b.mp4"), before);
  EXPECT_EQ(decode_all(dir / "b.mp4").frames, 25);
}

TEST_F(OutputPaths, TwoNamesOfOneFileAreNoTwoOutputs) {
  fs::create_directory_symlink(".", dir / "same");
  expect_refused(
      job_of(R"({ "file": "a.mp4" })", R"({ "path": "out.mp4" }, { "path": "same/out.mp4", "crf": 40 })"),
      "a.mp4", "is the same file as");
  EXPECT_FALSE(fs::exists(dir / "out.mp4"));
}

TEST_F(OutputPaths, AnothersManifestIsReplacedOnlyWhenEverythingMayBe) {
  const std::string text = job_of(R"({ "file": "a.mp4" })", R"({ "path": "out.mp4" })");
  write_bytes(dir / "out.mp4.manifest.json", "precious");
  const auto [code, message] = fail(text, settings());
  EXPECT_EQ(code, 2);
  EXPECT_THAT(message, HasSubstr("out.mp4.manifest.json exists"));
  EXPECT_EQ(read_bytes(dir / "out.mp4.manifest.json"), "precious");
  run(text, overwriting());
  EXPECT_THAT(read_bytes(dir / "out.mp4.manifest.json"), HasSubstr("\"inputs\""));
  fs::remove(dir / "out.mp4");
  fs::remove(dir / "out.mp4.manifest.json");
  fs::create_directory(dir / "out.mp4.manifest.json");
  EXPECT_EQ(fail(text, overwriting()).first, 7);
}

TEST_F(OutputPaths, AStreamIsReadableByWhoMayReadItsPlaylist) {
  const mode_t before = ::umask(022);
  run(job_of(R"({ "file": "a.mp4" })", R"({ "path": "web/s.m3u8" })"), settings());
  ::umask(before);
  int folders = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir / "web")) {
    const bool is_folder = entry.is_directory();
    folders += is_folder ? 1 : 0;
    struct stat s {};
    ASSERT_EQ(::stat(entry.path().c_str(), &s), 0);
    EXPECT_EQ(s.st_mode & 0777, is_folder ? 0755U : 0644U) << entry.path();
  }
  EXPECT_EQ(folders, 3) << "the edition, its picture, its sound";
}

TEST_F(OutputPaths, WhatIsKnownOfAFilmsGroupsIsPartOfTheCacheAndMayBeDamaged) {
  const std::string text = job_of(R"({ "file": "a.mp4" })", R"({ "path": "out.mp4" })");
  run(text, settings());
  const std::string folder = run::gops_dir(dir / "cache");
  ASSERT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
  const fs::path known = fs::directory_iterator(folder)->path();
  const std::string bytes = read_bytes(known.string());
  const std::size_t sets = bytes.find("\nh264\n") + 6;
  write_bytes(known.string(), bytes.substr(0, sets) + "zz" + bytes.substr(sets + 2));
  fs::remove(dir / "out.mp4");
  EXPECT_EQ(run(text, settings()).outputs.at(0).frames_copied, 25);
  EXPECT_EQ(read_bytes(known.string()), bytes) << "looked through again";
  const auto entries = run::cache_entries(dir / "cache");
  EXPECT_TRUE(std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.path == known; }));
  run::clear_cache(dir / "cache");
  EXPECT_FALSE(fs::exists(known));
}

}  // namespace
}  // namespace avstage::test
