#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace avstage::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class Cli : public testing::Test {
 protected:
  CliProcess start(const std::vector<std::string>& words, std::map<std::string, std::string> env = {}) {
    return CliProcess(avstage_binary(), words, dir.path(), env);
  }
  CliResult run(const std::vector<std::string>& words, std::map<std::string, std::string> env = {}) {
    return start(words, env).wait();
  }
  void film(const std::string& name, int seconds) {
    VideoSpec spec;
    spec.seconds = Rational(seconds);
    make_video(dir / name, spec);
  }
  bool any_part_left() const {
    for (const std::string& f : dir.files()) {
      if (f.ends_with(".part")) return true;
    }
    return false;
  }

  TempDir dir;
};

const char* const kAvatarJob = R"({ "version": 1, "canvas": { "size": "160x128", "fps": 25 },
  "clips": [ { "file": "a.mp4" },
             { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "Hello there.", "size": "160x128" } } ],
  "output": "out.mp4" })";

TEST_F(Cli, HelpAndVersionAreNoErrors) {
  CliResult help = run({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* word : {"render", "plan", "filters", "probe", "sandbox", "Exit codes"}) {
    EXPECT_NE(help.out.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(run({"render", "--help"}).exit_code, 0);
  EXPECT_EQ(run({"--version"}).out, "avstage " AVSTAGE_VERSION "\n");
}

TEST_F(Cli, WordsItDoesNotKnowAreExitTwo) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"rendr"},
                                             {"render"},
                                             {"render", "job.json", "--frobnicate"},
                                             {"render", "a", "--progress", "loud"},
                                             {"sandbox", "--port", "99999"},
                                             {"filters", "bluur"},
                                             {"render", "missing.json"}}) {
    CliResult r = run(words);
    EXPECT_EQ(r.exit_code, 2) << r.err;
    EXPECT_FALSE(r.err.empty());
    EXPECT_EQ(r.out, "");
  }
}

TEST_F(Cli, ABadJobIsOneLineWithItsPlaceAndNothingElse) {
  write_bytes(dir / "job.json",
              "{ \"version\": 1,\n  \"clips\": [ { \"fil\": \"a.mp4\" } ], \"output\": \"out.mp4\" }");
  CliResult r = run({"render", "job.json"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("job.json:2:"), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("\"file\""), std::string::npos) << r.err;
  EXPECT_EQ(std::count(r.err.begin(), r.err.end(), '\n'), 1) << r.err;
}

TEST_F(Cli, JsonModePutsOneReportOnStdoutAndErrorsAsJsonOnStderr) {
  film("a.mp4", 1);
  write_bytes(dir / "job.json", kAvatarJob);
  CliResult r = run({"render", "job.json", "--sandbox", "--json", "--progress", "none"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  json report = json::parse(r.out);
  EXPECT_EQ(report["outputs"][0]["state"], "written");
  EXPECT_EQ(report["purchases"][0]["origin"], "bought");
  write_bytes(dir / "bad.json", "{}");
  CliResult bad = run({"render", "bad.json", "--json"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_EQ(json::parse(bad.err)["error"]["exit_code"], 2);
}

TEST_F(Cli, AnAnswerThatCannotBeWrittenIsNoSuccess) {
  film("a.mp4", 1);
  for (const char* words :
       {"probe a.mp4", "filters", "completion bash", "ledger export", "cache ls --json"}) {
    const std::string command = fmt::format("{} {} >/dev/full", avstage_binary(), words);
    const CliResult result = CliProcess("/bin/sh", {"-c", command}, dir.path()).wait();
    EXPECT_EQ(result.exit_code, 7) << words;
    EXPECT_NE(result.err.find("stdout: cannot be written: No space left"), std::string::npos) << result.err;
  }
}

TEST_F(Cli, ProgressAsJsonIsOneObjectALine) {
  film("a.mp4", 1);
  write_bytes(dir / "job.json", R"({ "version": 1, "canvas": { "size": "160x90", "fps": 25 },
    "clips": [ { "file": "a.mp4" } ], "output": "out.mp4" })");
  CliResult r = run({"render", "job.json", "--progress", "json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  std::istringstream lines(r.err);
  std::string line;
  std::vector<std::string> events;
  while (std::getline(lines, line)) events.push_back(json::parse(line)["event"]);
  EXPECT_NE(std::find(events.begin(), events.end(), "segment"), events.end());
  EXPECT_NE(std::find(events.begin(), events.end(), "output"), events.end());
}

TEST_F(Cli, PlanSaysWhatWouldBeBoughtAndBuysNothing) {
  film("a.mp4", 1);
  write_bytes(dir / "job.json", kAvatarJob);
  CliResult r = run({"plan", "job.json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  for (const char* part :
       {"clip 'h': will be bought", "can be rendered now", "will be rendered", "out.mp4"}) {
    EXPECT_NE(r.out.find(part), std::string::npos) << part << " in " << r.out;
  }
  json plan = json::parse(run({"plan", "job.json", "--json"}).out);
  EXPECT_FALSE(plan["complete"].get<bool>());
  EXPECT_FALSE(std::filesystem::exists(dir / "out.mp4"));
}

TEST_F(Cli, WithoutAKeyAJobThatNeedsOneEndsBeforeAnythingIsRendered) {
  film("a.mp4", 1);
  write_bytes(dir / "job.json", kAvatarJob);
  CliResult r = run({"render", "job.json"});
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_NE(r.err.find("HEYGEN_API_KEY"), std::string::npos) << r.err;
  EXPECT_EQ(r.err.find("avstage: render"), std::string::npos) << r.err;
}

TEST_F(Cli, PlainHttpNeedsALoudYes) {
  film("a.mp4", 1);
  write_bytes(dir / "job.json", kAvatarJob);
  CliResult r =
      run({"render", "job.json", "--api-base", "http://127.0.0.1:9"}, {{"HEYGEN_API_KEY", "canary-key"}});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("HEYGEN_ALLOW_HTTP"), std::string::npos) << r.err;
  EXPECT_EQ(r.err.find("canary-key"), std::string::npos);
}

TEST_F(Cli, TheSandboxCommandServesOtherProcesses) {
  film("a.mp4", 1);
  write_bytes(dir / "job.json", kAvatarJob);
  CliProcess sandbox = start({"sandbox", "--make-time", "0.1", "--key", "made-up-key"});
  for (int i = 0; i < 400 && sandbox.out().find('\n') == std::string::npos; ++i)
    std::this_thread::sleep_for(10ms);
  std::string url = sandbox.out().substr(0, sandbox.out().find('\n'));
  ASSERT_TRUE(url.starts_with("http://127.0.0.1:")) << sandbox.err();
  std::map<std::string, std::string> env{
      {"HEYGEN_API_KEY", "made-up-key"}, {"HEYGEN_API_BASE", url}, {"HEYGEN_ALLOW_HTTP", "1"}};
  CliResult r = run({"render", "job.json"}, env);
  EXPECT_EQ(r.exit_code, 0) << r.err;
  env["HEYGEN_API_KEY"] = "another-key";
  write_bytes(dir / "job2.json",
              std::string(kAvatarJob).replace(std::string(kAvatarJob).find("Hello"), 5, "Hullo"));
  EXPECT_EQ(run({"render", "job2.json", "-y"}, env).exit_code, 3);
  sandbox.signal(SIGTERM);
  EXPECT_EQ(sandbox.wait().exit_code, 0);
}

TEST_F(Cli, SignalsLeaveNoPartialFileAndTheirOwnExitCode) {
  film("a.mp4", 120);
  write_bytes(dir / "job.json", R"({ "version": 1, "canvas": { "size": "640x360", "fps": 25 },
    "clips": [ { "file": "a.mp4" } ], "outputs": [ { "path": "out.mp4", "preset": "slow" } ] })");
  for (int number : {SIGINT, SIGTERM}) {
    CliProcess p = start({"render", "job.json", "--progress", "json"});
    ASSERT_TRUE(p.wait_for("\"progress\"", 20s)) << p.err();
    auto begin = std::chrono::steady_clock::now();
    p.signal(number);
    EXPECT_EQ(p.wait().exit_code, 128 + number);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);  // 2 s is promised; the machine may be busy
    EXPECT_FALSE(any_part_left());
    EXPECT_FALSE(std::filesystem::exists(dir / "out.mp4"));
  }
}

TEST_F(Cli, KilledAtAnyTimeItFinishesTheNextTimeAndBuysOnce) {
  film("a.mp4", 1);
  write_bytes(dir / "job.json", kAvatarJob);
  for (const char* moment : {"\"plan\"", "submitted", "waiting", "completed", "proven", "assemble"}) {
    CliProcess p = start({"render", "job.json", "--sandbox", "--progress", "json"});
    p.wait_for(moment, 20s);
    p.signal(SIGKILL);
    p.wait();
  }
  CliResult r = run({"render", "job.json", "--sandbox", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(decode_all(dir / "out.mp4").frames, json::parse(r.out)["outputs"][0]["frames"].get<int>());
  EXPECT_FALSE(any_part_left());
  int videos = 0;
  for (const std::string& f : dir.files()) videos += f.find("/sandbox/videos/") != std::string::npos;
  EXPECT_EQ(videos, 1);
}

TEST_F(Cli, AJobMayComeFromStdinAndHaveVariables) {
  CliResult r = run({"render", "-"});  // stdin is the test's own: empty or a terminal that is closed
  EXPECT_EQ(r.exit_code, 2);
  film("a.mp4", 1);
  write_bytes(dir / "job.json", R"({ "version": 1, "vars": { "name": { "type": "string" } },
    "canvas": { "size": "160x90", "fps": 25 }, "clips": [ { "file": "a.mp4" } ], "output": "${name}.mp4" })");
  EXPECT_EQ(run({"render", "job.json"}).exit_code, 2);
  EXPECT_EQ(run({"render", "job.json", "--set", "name=anna"}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(dir / "anna.mp4"));
  EXPECT_EQ(run({"render", "job.json", "--set", "name=../anna"}).exit_code, 2);
}

TEST_F(Cli, FiltersAndProbeAnswer) {
  EXPECT_NE(run({"filters"}).out.find("chroma_key"), std::string::npos);
  EXPECT_NE(run({"filters", "blur"}).out.find("radius"), std::string::npos);
  EXPECT_NE(run({"filters", "lavfi"}).out.find("eq"), std::string::npos);
  film("a.mp4", 2);
  json facts = json::parse(run({"probe", "a.mp4"}).out);
  EXPECT_EQ(facts["video"]["frames"], 50);
  write_bytes(dir / "playlist.mp4", "#EXTM3U\n#EXTINF:1,\na.mp4\n");
  EXPECT_EQ(run({"probe", "playlist.mp4"}).exit_code, 6);
}

}  // namespace
}  // namespace avstage::test
