#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

// Buying without rendering.
namespace avstage::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Generate : public testing::Test {
 protected:
  CliResult run(const std::vector<std::string>& words, const std::map<std::string, std::string>& env = {}) {
    return CliProcess(avstage_binary(), words, dir.path(), env).wait();
  }
  json answer(const std::vector<std::string>& words) {
    CliResult r = run(words);
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return json::parse(r.out, nullptr, false);
  }
  std::size_t videos() const {
    std::size_t count = 0;
    for (const std::string& f : dir.files()) count += f.find("/sandbox/videos/") != std::string::npos;
    return count;
  }
  void job(const std::string& second) {
    write_bytes(dir / "job.json", R"({ "version": 1, "canvas": { "size": "160x128" }, "clips": [
      { "file": "not-there.mp4" },
      { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "Hello there.", "size": "160x128" } },
      { "id": "again", "avatar": { "id": "a", "voice": "v", "say": "Hello there.", "size": "160x128" } },
      { "id": "i", "avatar": )" + second +
                                      R"( } ], "output": "nowhere/out.mp4" })");
  }
  TempDir dir;
};

TEST_F(Generate, StoresEveryClipOnceAndTouchesNothingElse) {
  job(R"({ "id": "a", "voice": "v", "say": "And good night.", "size": "160x128" })");
  json first = answer({"generate", "job.json", "--sandbox", "--json"})["clips"];
  ASSERT_EQ(first.size(), 2U);
  for (const json& clip : first) {
    EXPECT_EQ(clip["origin"], "bought");
    EXPECT_EQ(read_bytes(clip["file"]).size(), clip["bytes"].get<std::size_t>());
    EXPECT_GT(decode_all(clip["file"]).frames, 0);
  }
  EXPECT_EQ(videos(), 2U);
  EXPECT_FALSE(std::filesystem::exists(dir / "nowhere"));
  json second = answer({"generate", "job.json", "--sandbox", "--json"})["clips"];
  for (const json& clip : second) EXPECT_EQ(clip["origin"], "archive");
  EXPECT_EQ(videos(), 2U);
  CliResult table = run({"generate", "job.json", "--sandbox"});
  EXPECT_THAT(table.out, HasSubstr(first[0]["file"].get<std::string>()));
}

TEST_F(Generate, AClipThatFailsDoesNotKeepTheOthersFromBeingStored) {
  job(R"({ "video_id": "0123456789abcdef" })");
  json clips = answer({"generate", "job.json", "--sandbox", "--json"})["clips"];
  ASSERT_EQ(clips.size(), 2U);
  EXPECT_EQ(clips[0]["origin"], "given");
  EXPECT_FALSE(clips[0].contains("file"));
  job(R"({ "request": { "type": "avatar", "avatar_id": "a", "script": "Hi.", "resolution": "9k" } })");
  CliResult refused = run({"generate", "job.json", "--sandbox", "--json"});
  EXPECT_EQ(refused.exit_code, 5) << refused.err;
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("resolution"));
  EXPECT_EQ(videos(), 1U);
}

TEST_F(Generate, WhatItBoughtARenderUses) {
  const std::vector<std::string> words{"--avatar", "a",      "--voice",   "v",
                                       "--say",    "Hello.", "--sandbox", "--json"};
  std::vector<std::string> buy{"generate"}, make{"render", "-o", "o.mp4"};
  buy.insert(buy.end(), words.begin(), words.end());
  make.insert(make.end(), words.begin(), words.end());
  json clip = answer(buy)["clips"][0];
  json used = answer(make)["purchases"][0];
  EXPECT_EQ(used["origin"], "archive");
  EXPECT_EQ(used["video_id"], clip["video_id"]);
  EXPECT_EQ(videos(), 1U);
}

TEST_F(Generate, WithoutAKeyOrAClipItSaysSo) {
  job(R"({ "id": "a", "voice": "v", "say": "x" })");
  EXPECT_EQ(run({"generate", "job.json"}).exit_code, 3);
  EXPECT_EQ(run({"generate"}).exit_code, 2);
  EXPECT_EQ(run({"generate", "--avatar", "a", "--voice", "v", "--say", "x", "--over", "f.mp4"}).exit_code, 2);
}

}  // namespace
}  // namespace avstage::test
