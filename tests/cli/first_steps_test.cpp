#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

// What a person meets who uses the tool for the first time.
namespace avstage::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class FirstSteps : public testing::Test {
 protected:
  CliResult run(const std::vector<std::string>& words) {
    return CliProcess(avstage_binary(), words, dir.path()).wait();
  }
  void film(const std::string& name, Rational fps = Rational(25)) {
    VideoSpec spec;
    spec.fps = fps;
    make_video(dir / name, spec);
  }
  void job(const std::string& clips, const std::string& output = "out.mp4") {
    write_bytes(dir / "job.json", R"({ "version": 1, "canvas": { "size": "160x90" }, "clips": [ )" + clips +
                                      R"( ], "output": ")" + output + "\" }");
  }
  std::string plan() {
    CliResult r = run({"plan", "job.json", "--sandbox"});
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return r.out;
  }
  json plan_json() {
    return json::parse(run({"plan", "job.json", "--sandbox", "--json"}).out, nullptr, false);
  }

  static constexpr const char* host =
      R"({ "id": "host", "avatar": { "id": "a", "voice": "v", "say": "Hi." } })";
  TempDir dir;
};

TEST_F(FirstSteps, AMistypedWordComesWithTheNearestKnownOne) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"rendr", "job.json"}, "there is no command \"rendr\"; did you mean \"render\"?"},
      {{"plan", "job.json", "--sandbx"}, "\"--sandbx\"; did you mean \"--sandbox\"?"},
      {{"render", "job.json", "--max-credit=3"}, "did you mean \"--max-credits\"?"},
      {{"ledger", "lst"}, "\"lst\"; did you mean \"list\"?"},
      {{"ledger", "export", "--cvs"}, "did you mean \"--csv\"?"},
  };
  for (const auto& [words, hint] : cases) {
    CliResult r = run(words);
    EXPECT_EQ(r.exit_code, 2);
    EXPECT_THAT(r.err, HasSubstr(hint));
  }
  EXPECT_THAT(run({"xyzzy"}).err,
              AllOf(HasSubstr("there is no command \"xyzzy\""), Not(HasSubstr("did you"))));
  EXPECT_THAT(run({"render", "a.json", "b.json"}).err, HasSubstr("unexpected: \"b.json\""));
  EXPECT_THAT(run({}).err, HasSubstr("A subcommand is required"));
}

TEST_F(FirstSteps, ANumberOfWorkersHasLimits) {
  job(R"({ "color": "#203040", "duration": 1 })");
  for (const char* wrong : {"0", "65", "-1", "many"}) {
    CliResult r = run({"render", "job.json", "--workers", wrong});
    EXPECT_EQ(r.exit_code, 2) << wrong;
    EXPECT_THAT(r.err, AllOf(HasSubstr("--workers"), HasSubstr(wrong), HasSubstr("1 to 64")));
  }
  EXPECT_EQ(run({"render", "job.json", "--workers", "64"}).exit_code, 0);
}

TEST_F(FirstSteps, PlanNamesOutputsThatRenderWouldRefuse) {
  job(R"({ "color": "#203040", "duration": 1 })");
  EXPECT_EQ(plan_json()["compositions"][0]["outputs"][0]["state"], "will be rendered");
  write_bytes(dir / "out.mp4", "somebody else's");
  EXPECT_THAT(plan(), AllOf(HasSubstr(": refused\n"), HasSubstr("out.mp4 exists"), HasSubstr("-y")));
  EXPECT_EQ(run({"render", "job.json", "--sandbox"}).exit_code, 2) << "as the plan says";
  job(R"({ "color": "#203040", "duration": 1 })", "out.mp4/film.mp4");
  json output = plan_json()["compositions"][0]["outputs"][0];
  EXPECT_EQ(output["state"], "refused");
  EXPECT_THAT(output["refused"].get<std::string>(), HasSubstr("out.mp4 is no folder"));
  job(R"({ "color": "#203040", "duration": 1 })", "new/folder/film.mp4");
  EXPECT_EQ(plan_json()["compositions"][0]["outputs"][0]["state"], "will be rendered");
  EXPECT_FALSE(std::filesystem::exists(dir / "new")) << "looking makes nothing";
}

TEST_F(FirstSteps, PlanSaysWhatCanBeRenderedAndWhatWaitsForWhichClip) {
  film("a.mp4");
  job(std::string(R"({ "id": "a", "file": "a.mp4" }, )") + host +
      R"(, { "id": "title", "color": "#203040", "duration": 1 })");
  const std::string text = plan();
  EXPECT_THAT(text, HasSubstr("can be rendered now"));
  EXPECT_THAT(text, HasSubstr("clip 'host': lasts as long as the clip that is bought"));
  EXPECT_THAT(text, HasSubstr("clip 'title': its place waits for clip 'host'"));
  EXPECT_THAT(text, Not(HasSubstr("clip 'a': ")));
  EXPECT_EQ(plan_json()["waiting"].size(), 2U);
}

TEST_F(FirstSteps, ClipsThatCoverEachOtherOnOneTrackAreNamed) {
  job(R"({ "id": "a", "color": "#203040", "duration": 2 }, { "id": "b", "color": "#ffffff", "start": 1, "duration": 1 })");
  EXPECT_THAT(plan(), HasSubstr("warning: job.json:1:"));
  EXPECT_THAT(plan(), HasSubstr("clip 'b' hides clip 'a' on the same track for 1.000 s from 1.000 s"));
  CliResult r = run({"render", "job.json", "--json"});
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_THAT(json::parse(r.out)["warnings"].dump(), HasSubstr("hides clip"));
}

TEST_F(FirstSteps, AListWithoutAMatchSaysSo) {
  CliResult r = run({"voices", "--sandbox", "--language", "klingon"});
  EXPECT_EQ(r.exit_code, 0);
  EXPECT_EQ(r.out, "");
  EXPECT_THAT(r.err, HasSubstr("no voice that fits --language \"klingon\""));
  EXPECT_THAT(run({"avatars", "--sandbox", "--name", "nobody"}).err, HasSubstr("no avatar that fits --name"));
}

TEST_F(FirstSteps, AVideoTheVendorDoesNotKnowIsNoBareWord) {
  CliResult r = run({"source", "0123456789abcdef", "--sandbox", "-f", "nut"});
  EXPECT_EQ(r.exit_code, 5);
  EXPECT_THAT(r.err, Not(HasSubstr("not_found")));
  EXPECT_THAT(r.err, HasSubstr("the vendor does not know it, or not yet"));
}

TEST_F(FirstSteps, ThePrintedJobKeepsPathsRelativeAndRatesAsTheyAre) {
  const std::vector<std::string> words{"render", "--print-job", "--avatar", "a",     "--voice", "v",
                                       "--say",  "Hi.",         "-o",       "o.mp4", "--over"};
  auto printed = [&](const std::string& name) {
    std::vector<std::string> all = words;
    all.push_back(name);
    return json::parse(run(all).out, nullptr, false);
  };
  film("whole.mp4");
  film("ntsc.mp4", Rational(30000, 1001));
  EXPECT_EQ(printed("whole.mp4")["canvas"]["fps"], 25);
  const json ntsc = printed("./ntsc.mp4");
  EXPECT_EQ(ntsc["canvas"]["fps"], "30000/1001");
  EXPECT_EQ(ntsc["tracks"][0]["clips"][0]["file"], "./ntsc.mp4");
  EXPECT_EQ(ntsc["output"], "o.mp4");
}

}  // namespace
}  // namespace avstage::test
