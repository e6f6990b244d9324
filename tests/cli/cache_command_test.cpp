#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "avstage/cache.h"
#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace avstage::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

using Environment = std::map<std::string, std::string>;

/// Films of thirty seconds and of twenty: three segments, or two.
class CacheCommand : public testing::Test {
 protected:
  void SetUp() override {
    VideoSpec spec;
    spec.seconds = Rational(30);
    spec.fps = Rational(5);  // segments are cut by time: few frames do
    spec.picture = Picture::counter;
    make_video(dir / "a.mp4", spec);
  }

  std::unique_ptr<CliProcess> start(const std::vector<std::string>& words, const Environment& more = {}) {
    Environment environment = more;  // which wins
    environment.insert({{"AVSTAGE_CACHE", dir / "cache"}, {"AVSTAGE_STATE", dir / "state"}});
    return std::make_unique<CliProcess>(avstage_binary(), words, dir.path(), environment);
  }
  /// `in`: where in the medium the film begins; two that begin alike share their segments.
  std::unique_ptr<CliProcess> start_render(const std::string& name, int in, const Environment& more = {}) {
    write_bytes(dir / (name + ".json"),
                fmt::format(R"({{ "version": 1, "canvas": {{ "size": "160x90", "fps": 5 }},
      "clips": [ {{ "file": "a.mp4", "in": {} }} ],
      "outputs": [ {{ "path": "{}.mp4", "preset": "ultrafast", "copy": "never", "audio": {{ "codec": "{}" }} }} ] }})",
                            in, name, sound_));
    return start({"render", name + ".json", "--json", "--progress", "json"}, more);
  }
  CliResult render(const std::string& name, int in, const Environment& more = {}) {
    return start_render(name, in, more)->wait();
  }
  json cache(std::vector<std::string> words, const Environment& more = {}) {
    words.insert(words.begin(), "cache");
    words.emplace_back("--json");
    CliResult r = start(words, more)->wait();
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return json::parse(r.out);
  }
  /// The same without the tool.
  json ls() const { return json::parse(cache_list(settings(), CacheForm::json)); }
  json clear() const { return json::parse(cache_clear(settings(), CacheForm::json)); }
  json gc(std::uint64_t limit = Settings().cache_limit) const {
    Settings s = settings();
    s.cache_limit = limit;
    return json::parse(cache_collect(s, CacheForm::json));
  }
  Settings settings() const {
    Settings s;
    s.cache_dir = dir / "cache";
    return s;
  }
  int entries(const std::string& kind) const { return ls()["kinds"][kind]["entries"].get<int>(); }
  static int rendered(const CliResult& r) {
    return json::parse(r.out)["outputs"][0]["segments_rendered"].get<int>();
  }
  /// What a film of this name is without anybody near its cache.
  std::string alone(int in) {
    const std::string name = fmt::format("alone{}", in);
    CliResult r = render(name, in, {{"AVSTAGE_CACHE", dir / "cache-of-its-own"}});
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return read_bytes(dir / (name + ".mp4"));
  }

  TempDir dir;
  std::string sound_ = "none";  ///< of the films' outputs
};

TEST_F(CacheCommand, ShowsWhatIsThereTrimsItAndClearsIt) {
  sound_ = "aac";
  ASSERT_EQ(render("film", 0).exit_code, 0);
  json all = cache({"ls"});
  EXPECT_EQ(all["folder"], dir / "cache");
  EXPECT_EQ(all["limit"], 20'000'000'000);
  EXPECT_EQ(all["kinds"]["segment"]["entries"], 7)
      << "three of the picture, two pieces of the sound, all of it, its clipped samples";
  EXPECT_EQ(all["entries"].size(), 7U);
  EXPECT_EQ(all["kinds"]["run"]["entries"], 0);
  std::uint64_t sum = 0;
  for (const json& e : all["entries"]) {
    EXPECT_EQ(e["state"], "kept");
    EXPECT_EQ(fs::file_size(e["path"].get<std::string>()), e["bytes"]);
    sum += e["bytes"].get<std::uint64_t>();
  }
  EXPECT_EQ(all["kinds"]["segment"]["bytes"], sum);
  EXPECT_THAT(start({"cache", "ls"})->wait().out, HasSubstr("of at most 20000.0 MB"));

  const std::uint64_t limit = sum - 1;
  json collected = cache({"gc", "--cache-limit", std::to_string(limit)});
  EXPECT_EQ(collected["removed"], 1) << "the least recently used one is enough";
  EXPECT_EQ(entries("segment"), 6);
  EXPECT_EQ(cache({"gc"}, {{"AVSTAGE_CACHE_LIMIT", "0kB"}})["removed"], 6);
  EXPECT_EQ(rendered(render("again", 0)), 3);
  EXPECT_EQ(cache({"clear"})["removed"], 7);
  EXPECT_EQ(entries("segment"), 0);
}

TEST_F(CacheCommand, ALimitThatIsNoneIsRefusedBeforeAnything) {
  CliResult r = render("film", 0, {{"AVSTAGE_CACHE_LIMIT", "lots"}});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_THAT(r.err, HasSubstr("lots"));
  EXPECT_FALSE(fs::exists(dir / "cache"));
  EXPECT_EQ(start({"cache", "gc", "--cache-limit", "-1"})->wait().exit_code, 2);
}

TEST_F(CacheCommand, OfAFolderThatIsNotThereIsEmpty) {
  EXPECT_TRUE(cache({"ls"})["entries"].empty());
  EXPECT_EQ(cache({"gc"})["removed"], 0);
  EXPECT_EQ(cache({"clear"})["removed"], 0);
  EXPECT_FALSE(fs::exists(dir / "cache"));
}

TEST_F(CacheCommand, ARunThatIsGoingOnIsNotDisturbed) {
  const std::string expected = alone(0);
  for (const char* word : {"clear", "gc"}) {
    SCOPED_TRACE(word);
    auto run = start_render(word, 0, {{"AVSTAGE_CACHE_LIMIT", word == std::string("gc") ? "0" : "1GB"}});
    ASSERT_TRUE(run->wait_for("\"segment\"", 60s)) << run->err();
    run->signal(SIGSTOP);  // in the midst of its work, with at least one segment made
    json while_it_runs = ls();
    EXPECT_EQ(while_it_runs["kinds"]["run"]["entries"], 1);
    EXPECT_EQ(while_it_runs["kinds"]["run"]["left_behind"], 0);
    word == std::string("gc") ? gc(0) : clear();
    EXPECT_EQ(entries("segment"), 0);
    run->signal(SIGCONT);
    CliResult r = run->wait();
    EXPECT_EQ(r.exit_code, 0) << r.err;
    EXPECT_EQ(read_bytes(dir / (std::string(word) + ".mp4")), expected);
    EXPECT_EQ(entries("run"), 0);
    clear();
  }
}

TEST_F(CacheCommand, SeveralRunsShareOneCacheThatHoldsNothing) {
  const std::string from_0 = alone(0), from_10 = alone(10);
  const Environment tight{{"AVSTAGE_CACHE_LIMIT", "0kB"}};
  auto a = start_render("a0", 0, tight), b = start_render("b0", 0, tight), c = start_render("c10", 10, tight);
  while (!a->wait_for("\"assemble\"", 2ms) && a->out().empty() &&
         a->err().find("avstage:") == std::string::npos)
    clear();
  for (auto& run : {std::ref(a), std::ref(b), std::ref(c)}) {
    CliResult r = run.get()->wait();
    EXPECT_EQ(r.exit_code, 0) << r.err;
  }
  EXPECT_EQ(read_bytes(dir / "a0.mp4"), from_0);
  EXPECT_EQ(read_bytes(dir / "b0.mp4"), from_0);
  EXPECT_EQ(read_bytes(dir / "c10.mp4"), from_10);
  EXPECT_EQ(entries("segment"), 0);
  EXPECT_EQ(entries("run"), 0);
}

TEST_F(CacheCommand, AKilledRunLeavesWhatTheNextOneUsesAndRemoves) {
  const std::string expected = alone(0);
  // Before a segment has a name, after it has its own, after it has the shared one, while room is made.
  const std::tuple<const char*, const char*, int> places[] = {
      {"segment:2", "1GB", 2}, {"renamed:2", "1GB", 2}, {"linked:2", "1GB", 1}, {"evicting:1", "0", 2}};
  for (const auto& [place, limit, still_to_render] : places) {
    SCOPED_TRACE(place);
    CliResult killed = render("film", 0, {{"AVSTAGE_CRASH_AT", place}, {"AVSTAGE_CACHE_LIMIT", limit}});
    ASSERT_EQ(killed.exit_code, 128 + SIGKILL) << killed.err;
    json left = ls();
    EXPECT_EQ(left["kinds"]["run"]["left_behind"], 1);
    CliResult again = render("film", 0);
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(rendered(again), still_to_render);
    EXPECT_EQ(read_bytes(dir / "film.mp4"), expected);
    EXPECT_EQ(entries("run"), 0);
    clear();
    fs::remove(dir / "film.mp4");
  }
  ASSERT_EQ(render("film", 0, {{"AVSTAGE_CRASH_AT", "segment:1"}}).exit_code, 128 + SIGKILL);
  json collected = gc();
  EXPECT_EQ(collected["removed"], 1);
  EXPECT_GT(collected["bytes"], 1000) << "the part that was being written";
  EXPECT_EQ(entries("run"), 0);
}

TEST_F(CacheCommand, SpooledDownloadsOfDeadProcessesAreRemovedOthersNot) {
  fs::create_directories(dir / "cache/spool");
  const std::string dead = dir / "cache/spool/key.999999999.part";
  const std::string ours = dir / fmt::format("cache/spool/key.{}.part", ::getpid());
  for (bool all : {false, true}) {
    write_bytes(dead, "123");
    write_bytes(ours, "1234");
    json spool = ls()["kinds"]["spool"];
    EXPECT_EQ(spool, (json{{"entries", 2}, {"bytes", 7}, {"left_behind", 1}}));
    EXPECT_EQ(all ? clear() : gc(), (json{{"folder", dir / "cache"}, {"removed", 1}, {"bytes", 3}}));
    EXPECT_FALSE(fs::exists(dead));
    EXPECT_TRUE(fs::exists(ours));
  }
}

}  // namespace
}  // namespace avstage::test
