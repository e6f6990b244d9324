#include "run/input_files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <functional>

#include "base/sha256.h"
#include "render/bench.h"
#include "support/error_of.h"

/// Local media that do not stay as they are while a job runs.
namespace avstage::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class WatchedFile : public Bench {
 protected:
  WatchedFile() {
    write_bytes(path, "as planned");
    inputs.add(path);
    session.content_hash(path);
  }

  const std::string path = dir / "a.bin";
  run::Session session{settings(), {}};
  run::InputFiles inputs{session};
};

TEST_F(WatchedFile, WithTheSameContentIsWhatItWas) {
  EXPECT_NO_THROW(inputs.require_unchanged());
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_NO_THROW(inputs.require_unchanged());
  fs::rename(path, dir / "before.bin");
  fs::copy_file(dir / "before.bin", path);
  EXPECT_NO_THROW(inputs.require_unchanged());
}

TEST_F(WatchedFile, WithOtherContentIsRefusedWithItsName) {
  write_bytes(path, "otherwise");
  const Error e = error_of([&] { inputs.require_unchanged(); });
  EXPECT_EQ(e.name(), "changed");
  EXPECT_EQ(e.message(), path + " changed while the job ran; it has to stay as it is until the job is done");
}

TEST_F(WatchedFile, ThatIsGoneIsRefused) {
  fs::remove(path);
  EXPECT_THAT(error_of([&] { inputs.require_unchanged(); }).message(), HasSubstr("was removed"));
}

TEST_F(WatchedFile, ThatChangedBeforeItWasHashedIsRefused) {
  const std::string late = dir / "late.bin";
  write_bytes(late, "as probed");
  inputs.add(late);
  write_bytes(late, "as it is hashed");
  session.content_hash(late);
  EXPECT_EQ(error_of([&] { inputs.require_unchanged(); }).name(), "changed");
}

TEST_F(WatchedFile, ThatIsNotThereIsSomebodyElsesError) {
  inputs.add(dir / "nowhere.bin");
  EXPECT_NO_THROW(inputs.require_unchanged());
}

using When = std::function<bool(const Event&)>;

/// Parameter: words of the outputs.
class ChangedSource : public Bench, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    file("a.mp4", 4, Picture::counter);
    file("b.mp4", 4, Picture::testsrc);
    before_ = read_bytes(dir / "a.mp4"), after_ = read_bytes(dir / "b.mp4");
    ASSERT_NE(before_.size(), after_.size());
  }
  std::string text(const std::string& second = "second.mp4") const {
    return fmt::format(
        R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }}, "clips": [ {{ "file": "a.mp4" }} ],
        "outputs": [ {{ "path": "out.mp4"{0} }}, {{ "path": "{1}"{0} }} ] }})",
        GetParam(), second);
  }
  static When phase(const std::string& name) {
    return [name](const Event& e) { return e.kind == Event::Kind::phase && e.text == name; };
  }
  static When first_output() {
    return [](const Event& e) { return e.kind == Event::Kind::output; };
  }
  void expect_refused_when_it_changes(const std::string& job, const When& when) {
    write_bytes(dir / "a.mp4", before_);
    try {
      run(job, settings(), [&](const Event& e) {
        if (when(e)) write_bytes(dir / "a.mp4", after_);
      });
      ADD_FAILURE() << "not refused";
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), 6);
      EXPECT_THAT(e.message(), HasSubstr("a.mp4 changed while the job ran"));
    }
    EXPECT_FALSE(any_part_left());
  }

  std::string before_, after_;
};

TEST_P(ChangedSource, LeavesNoFilmAndNothingOfItInTheStore) {
  run(text(), settings());
  const std::string film = sha256_file(dir / "out.mp4", {});
  for (const char* name : {"render", "assemble"}) {
    for (const char* output : {"out.mp4", "second.mp4", "cache"}) fs::remove_all(dir / output);
    expect_refused_when_it_changes(text(), phase(name));
    EXPECT_FALSE(fs::exists(dir / "out.mp4"));
    write_bytes(dir / "a.mp4", before_);
    run(text(), settings());
    EXPECT_EQ(sha256_file(dir / "out.mp4", {}), film) << "with what the refused run has kept";
  }
}

TEST_P(ChangedSource, IsNamedAlsoWhereWhatReadsItFailsFirst) {
  after_ = before_.substr(0, before_.size() / 2);
  expect_refused_when_it_changes(text(), phase("render"));
}

TEST_P(ChangedSource, StopsTheRunBetweenTwoDeliverables) {
  expect_refused_when_it_changes(text(), first_output());
  EXPECT_TRUE(fs::exists(dir / "out.mp4")) << "it was finished before";
  EXPECT_FALSE(fs::exists(dir / "second.mp4"));
  EXPECT_FALSE(fs::exists(dir / "second.mp4.manifest.json"));
}

TEST_P(ChangedSource, LeavesNoStream) {
  expect_refused_when_it_changes(text("hls/tv.m3u8"), first_output());
  EXPECT_FALSE(fs::exists(dir / "hls/tv.m3u8"));
  EXPECT_FALSE(fs::exists(dir / "hls/tv.m3u8.manifest.json"));
}

INSTANTIATE_TEST_SUITE_P(Outputs, ChangedSource, testing::Values("", R"(, "copy": "never")"),
                         [](const auto& param) { return param.index == 0 ? "Copied" : "Encoded"; });

}  // namespace
}  // namespace avstage::test
