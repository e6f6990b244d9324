#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

// The questions to the vendor's catalogue, and a job in words.
namespace avstage::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class CatalogCommand : public testing::Test {
 protected:
  CliResult run(const std::vector<std::string>& words, const std::map<std::string, std::string>& env = {}) {
    return CliProcess(avstage_binary(), words, dir.path(), env).wait();
  }
  json answer(std::vector<std::string> words, const std::map<std::string, std::string>& env = {}) {
    words.emplace_back("--json");
    CliResult r = run(words, env);
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return json::parse(r.out, nullptr, false);
  }
  TempDir dir;
};

TEST_F(CatalogCommand, ListsAreFiltered) {
  for (const char* api : {"v2", "v3"}) {
    json all = answer({"avatars", "--sandbox", "--api", api})["avatars"];
    json ann = answer({"avatars", "--sandbox", "--api", api, "--name", "ANNA"})["avatars"];
    json men = answer({"avatars", "--sandbox", "--api", api, "--gender", "Male"})["avatars"];
    ASSERT_EQ(ann.size(), 2U);
    EXPECT_EQ(ann[0]["name"], "Anna");
    EXPECT_GT(men.size(), 2U);
    EXPECT_LT(men.size(), all.size());
    EXPECT_EQ(answer({"voices", "--sandbox", "--api", api, "--language", "eng"})["voices"].size(), 5U);
    EXPECT_EQ(answer({"voices", "--sandbox", "--api", api, "--language", "glish"})["voices"].size(), 0U);
    EXPECT_EQ(answer({"voices", "--sandbox", "--api", api, "--gender", "female"})["voices"].size(), 1U);
  }
  CliResult table = run({"voices", "--sandbox", "--gender", "female"});
  EXPECT_THAT(table.out, HasSubstr("NAME"));
  EXPECT_THAT(table.out, HasSubstr("26579da0ef189f5e4bcd508e6acc1dde  Sally"));
}

TEST_F(CatalogCommand, TheCreditIsShownInBothDialects) {
  EXPECT_EQ(answer({"quota", "--sandbox"})["remaining"], 100);
  EXPECT_EQ(answer({"quota", "--sandbox", "--api", "v2"})["unit"], "seconds");
  EXPECT_THAT(run({"quota", "--sandbox"}).out, HasSubstr("remaining: 100 credits"));
}

TEST_F(CatalogCommand, WrongWordsAndMissingKeysAreRefused) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"avatars", "--api", "v4", "--sandbox"}, {"status"}, {"quota", "--api", "auto", "--sandbox"}}) {
    EXPECT_EQ(run(words).exit_code, 2) << words[0];
  }
  CliResult no_key = run({"voices", "--json"});
  EXPECT_EQ(no_key.exit_code, 3);
  EXPECT_EQ(no_key.out, "");
  EXPECT_EQ(json::parse(no_key.err)["error"]["name"], "avstage_no_key");
  CliResult unknown = run({"status", "0123456789abcdef", "--sandbox"});
  EXPECT_EQ(unknown.exit_code, 5);
  EXPECT_THAT(unknown.err, HasSubstr("the vendor does not know video 0123456789abcdef"));
}

TEST_F(CatalogCommand, WhereV2IsGoneAnUnknownVideoIsSaidToBeUnknownToV3) {
  for (const char* sunset : {"gone", "gone404"}) {
    write_bytes(dir / "script.json", json{{"sunset", sunset}}.dump());
    const std::vector<std::string> words = {"status",           "0123456789abcdef",  "--sandbox",
                                            "--sandbox-script", dir / "script.json", "--json"};
    CliResult unknown = run(words);
    EXPECT_EQ(unknown.exit_code, 5);
    const json error = json::parse(unknown.err)["error"];
    EXPECT_EQ(error["name"], "avstage_gone") << sunset;
    EXPECT_THAT(error["message"].get<std::string>(),
                HasSubstr("the vendor's v2 API is gone, and its v3 does not know video 0123456789abcdef"));
  }
}

/// A stand-in as a server of its own, so that a list can outlive it.
class CatalogServer : public CatalogCommand {
 protected:
  void serve() {
    process = std::make_unique<CliProcess>(
        avstage_binary(), std::vector<std::string>{"sandbox", "--make-time", "0.1", "--key", "made-up-key"},
        dir.path());
    for (int i = 0; i < 400 && process->out().find('\n') == std::string::npos; ++i)
      std::this_thread::sleep_for(10ms);
    std::string url = process->out().substr(0, process->out().find('\n'));
    env = {{"HEYGEN_API_KEY", "made-up-key"}, {"HEYGEN_API_BASE", url}, {"HEYGEN_ALLOW_HTTP", "1"}};
  }
  void end() {
    process->signal(SIGTERM);
    process->wait();
  }
  std::unique_ptr<CliProcess> process;
  std::map<std::string, std::string> env;
};

TEST_F(CatalogServer, AListIsKeptForAWhileUnlessItIsAskedForAnew) {
  serve();
  EXPECT_EQ(answer({"voices"}, env)["voices"].size(), 5U);
  std::filesystem::directory_iterator folder(dir / ".cache/avstage/lists");
  const std::string file = folder->path();
  const json list = json::parse(read_bytes(file));
  auto keep = [&](const json& rows, std::int64_t age) {
    write_bytes(file, json{{"asked_at", list["asked_at"].get<std::int64_t>() - age}, {"rows", rows}}.dump());
  };
  EXPECT_THAT(list.dump(), Not(HasSubstr("made-up-key")));
  keep(json::array(), 0);
  EXPECT_EQ(answer({"voices"}, env)["voices"].size(), 0U) << "the vendor was asked again";
  EXPECT_EQ(answer({"voices", "--refresh"}, env)["voices"].size(), 5U);
  keep(json::array(), 16 * 60);
  EXPECT_EQ(answer({"voices"}, env)["voices"].size(), 5U) << "an old list was shown";
  write_bytes(file, "{ damaged");
  EXPECT_EQ(answer({"voices"}, env)["voices"].size(), 5U);
  std::map<std::string, std::string> other = env;
  other["HEYGEN_API_KEY"] = "another-key";
  EXPECT_EQ(run({"voices"}, other).exit_code, 3) << "a list of another account was shown";
  end();
  EXPECT_EQ(answer({"voices", "--name", "sally"}, env)["voices"].size(), 1U);
}

TEST_F(CatalogServer, AStatusShowsNoSignatureUnlessAsked) {
  serve();
  write_bytes(dir / "job.json", R"({ "version": 1, "canvas": { "size": "160x128" }, "heygen": { "api": "v2" },
    "clips": [ { "avatar": { "id": "a", "voice": "v", "say": "Hello.", "size": "160x128" } } ], "output": "o.mp4" })");
  std::string id = answer({"render", "job.json"}, env)["purchases"][0]["video_id"];
  json state = answer({"status", id}, env);
  EXPECT_EQ(state["state"], "completed");
  EXPECT_EQ(state["dialect"], "v2");
  EXPECT_GT(state["duration"].get<double>(), 0);
  EXPECT_THAT(state["video_url"].get<std::string>(), HasSubstr(id + ".mp4?…"));
  EXPECT_THAT(run({"status", id}, env).out, Not(HasSubstr("Signature")));
  EXPECT_THAT(run({"status", id, "--url"}, env).out, HasSubstr("&Signature="));
  EXPECT_EQ(run({"status", id, "--api", "v3"}, env).exit_code, 5);
  end();
}

class JobInWords : public CatalogCommand {
 protected:
  void film(int seconds) {
    VideoSpec spec;
    spec.seconds = Rational(seconds);
    make_video(dir / "film.mp4", spec);
  }
  const std::vector<std::string> words{"--avatar", "Daisy-inskirt-20220818", "--voice", "v", "--say"};
  std::vector<std::string> with(std::vector<std::string> begin, const std::vector<std::string>& end) {
    begin.insert(begin.end(), words.begin(), words.end());
    begin.insert(begin.end(), end.begin(), end.end());
    return begin;
  }
};

TEST_F(JobInWords, IsTheSameJobAsItsText) {
  film(1);
  write_bytes(dir / "words.txt", "Say ${this} and $${that}: \"now\".\n");
  std::vector<std::string> end{"@words.txt", "--over", "film.mp4", "--at", "top-left",
                               "--width",    "40%",    "--key",    "-o",   "a.mp4"};
  CliResult printed = run(with({"render", "--print-job"}, end));
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  json job = json::parse(printed.out);
  json avatar = job["tracks"][1]["clips"][0];
  EXPECT_EQ(avatar["at"], "top-left");
  EXPECT_EQ(avatar["key"], "auto");
  EXPECT_EQ(avatar["avatar"]["background"], "#00b140");
  VideoSpec spec;
  EXPECT_EQ(job["canvas"]["size"], std::to_string(spec.width) + "x" + std::to_string(spec.height));
  write_bytes(dir / "job.json", printed.out);
  std::string from_words = run(with({"plan", "--sandbox", "--json"}, end)).out;
  json a = json::parse(from_words), b = answer({"plan", "job.json", "--sandbox"});
  EXPECT_EQ(a["purchases"][0]["clip_key"], b["purchases"][0]["clip_key"]);
  EXPECT_EQ(a["compositions"], b["compositions"]);
}

TEST_F(JobInWords, RendersAndBuysOnce) {
  film(1);
  std::vector<std::string> end{"Hello.", "--over", "film.mp4", "-o", "a.mp4", "--sandbox"};
  json report = answer(with({"render"}, end));
  EXPECT_EQ(report["purchases"][0]["origin"], "bought");
  EXPECT_GT(decode_all(dir / "a.mp4").frames, 0);
  EXPECT_EQ(answer(with({"render"}, end))["outputs"][0]["state"], "up_to_date");
}

TEST_F(JobInWords, SaysWhatIsMissing) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"render", "--avatar", "a", "-o", "o.mp4"}, "--avatar, --voice and --say"},
      {with({"render"}, {"Hi."}), "-o FILE"},
      {with({"render"}, {"Hi.", "-o", "o.mp4", "--at", "top"}), "--over"},
      {with({"render"}, {"Hi.", "-o", "o.mp4", "job.json"}), "exclude each other"},
      {with({"render"}, {"@missing.txt", "-o", "o.mp4"}), "missing.txt"},
      {with({"render"}, {"Hi.", "-o", "o.xyz"}), "command line:"},
      {{"plan"}, "a job file is required"},
  };
  for (const auto& [line, part] : cases) {
    CliResult r = run(line);
    EXPECT_EQ(r.exit_code, 2) << part;
    EXPECT_THAT(r.err, HasSubstr(part));
    EXPECT_EQ(r.out, "");
  }
}

}  // namespace
}  // namespace avstage::test
