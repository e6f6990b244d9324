#include "run/file_facts.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "base/sha256.h"
#include "render/bench.h"
#include "support/error_of.h"

namespace avstage::test {
namespace {

class LookAtFiles : public Bench {
 protected:
  std::map<std::string, run::FileFacts> look(const std::set<std::string>& names) {
    std::set<std::string> paths;
    for (const std::string& name : names) paths.insert(dir / name);
    run::Session session(settings(), {});
    return run::look_at_files(session, paths);
  }
};

TEST_F(LookAtFiles, EachIsProbedAndHashed) {
  for (int i = 1; i <= 6; ++i) file(fmt::format("{}.mp4", i), i);
  const auto files = look({"1.mp4", "2.mp4", "3.mp4", "4.mp4", "5.mp4", "6.mp4"});
  ASSERT_EQ(files.size(), 6U);
  for (int i = 1; i <= 6; ++i) {
    const run::FileFacts& f = files.at(dir / fmt::format("{}.mp4", i));
    EXPECT_EQ(f.error, nullptr);
    EXPECT_EQ(f.media.video->frames, 25 * i);
    EXPECT_EQ(f.hash, sha256_file(dir / fmt::format("{}.mp4", i), {}));
  }
}

TEST_F(LookAtFiles, OneFileByManyNamesIsHashedForEach) {
  file("a.mp4", 1);
  std::set<std::string> names = {"a.mp4"};
  for (int i = 0; i < 8; ++i) {
    const std::string name = fmt::format("link{}.mp4", i);
    i % 2 ? std::filesystem::create_symlink(dir / "a.mp4", dir / name)
          : std::filesystem::create_hard_link(dir / "a.mp4", dir / name);
    names.insert(name);
  }
  const std::string hash = sha256_file(dir / "a.mp4", {});
  for (const auto& [path, found] : look(names)) {
    EXPECT_EQ(found.error, nullptr) << path;
    EXPECT_EQ(found.hash, hash) << path;
  }
}

TEST_F(LookAtFiles, WhereOneIsDamagedNoneIsHashed) {
  file("good.mp4", 1);
  file("cut.mp4", 2);
  std::filesystem::resize_file(dir / "cut.mp4", std::filesystem::file_size(dir / "cut.mp4") / 2);
  const auto files = look({"good.mp4", "cut.mp4", "none.mp4"});
  EXPECT_EQ(files.at(dir / "good.mp4").error, nullptr);
  EXPECT_EQ(files.at(dir / "good.mp4").hash, "");
  EXPECT_NE(files.at(dir / "none.mp4").error, nullptr);
  const Error e = error_of([&] { std::rethrow_exception(files.at(dir / "cut.mp4").error); });
  EXPECT_EQ(e.code(), ErrorCode::input);
  EXPECT_THAT(e.message(), testing::HasSubstr("cut.mp4"));
}

TEST_F(LookAtFiles, CopiesOfOneFilmAreNotInEachOthersWay) {
  file("a.mp4", 2);
  for (int take = 1; take <= 10; ++take) {
    std::string clips;
    for (int i = 0; i < 6; ++i) {
      const std::string name = fmt::format("take{}copy{}.mp4", take, i);
      std::filesystem::copy_file(dir / "a.mp4", dir / name);
      clips += fmt::format(R"({}{{ "file": "{}" }})", i ? ", " : "", name);
    }
    Settings s = settings();
    s.cache_dir = dir / fmt::format("cache{}", take);  // where nothing is known of the film yet
    const std::string text = fmt::format(R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 25 }},
      "clips": [ {} ], "output": "out{}.mp4" }})",
                                         clips, take);
    ASSERT_NO_THROW(run(text, s)) << take;
  }
}

TEST_F(LookAtFiles, TheFirstClipWhoseFileIsDamagedIsNamed) {
  file("good.mp4", 1);
  for (const char* name : {"b.mp4", "a.mp4"}) {
    file(name, 1);
    std::filesystem::resize_file(dir / name, 900);
  }
  const auto [code, message] = fail(R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "good.mp4" }, { "file": "b.mp4" }, { "file": "a.mp4" } ], "output": "out.mp4" })",
                                    settings());
  EXPECT_EQ(code, 6) << message;
  EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("/clips/1"), testing::HasSubstr("b.mp4")));
}

}  // namespace
}  // namespace avstage::test
