#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"
#include "support/temp_dir.h"

// The sandbox as others use it: a process of its own and clients that know nothing of avstage.
namespace avstage::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class SandboxCommand : public testing::Test {
 protected:
  std::string serve(std::vector<std::string> words) {
    words.insert(words.begin(), {"sandbox", "--make-time", "0.2"});
    server_ = std::make_unique<CliProcess>(avstage_binary(), words, dir_.path());
    for (int i = 0; i < 1000 && server_->out().find('\n') == std::string::npos; ++i)
      std::this_thread::sleep_for(10ms);
    std::string out = server_->out();
    EXPECT_TRUE(out.starts_with("http://127.0.0.1:")) << server_->err();
    return out.substr(0, out.find('\n'));
  }
  CliResult shell(const std::string& command) {
    return CliProcess("/bin/sh", {"-c", command}, dir_.path(), {{"HEYGEN_API_KEY", "demo"}}).wait();
  }
  CliResult avstage(const std::vector<std::string>& words) {
    return CliProcess(avstage_binary(), words, dir_.path()).wait();
  }

  TempDir dir_;
  std::unique_ptr<CliProcess> server_;
};

TEST_F(SandboxCommand, TheVendorsQuickStartRunsAgainstItWithCurl) {
  std::string url = serve({"--key", "demo"});
  CliResult r = shell(std::string(source_dir()) + "/samples/vendor_quick_start " + url + " avatar.mp4");
  ASSERT_EQ(r.exit_code, 0) << r.out << r.err;
  EXPECT_NE(r.out.find("completed\n"), std::string::npos) << r.out;
  std::string id = r.out.substr(6, 32);
  json probed = json::parse(avstage({"probe", "avatar.mp4"}).out);
  EXPECT_EQ(probed["video"]["width"], 1280);
  EXPECT_EQ(probed["video"]["frames"].get<int>(), decode_all(dir_ / "avatar.mp4").frames);
  json charges = json::parse(shell("curl -sS " + url + "/__sandbox/charges").out);
  EXPECT_EQ(charges["charges"], 1);
  EXPECT_EQ(charges["keys_on_cdn"], 0);
  EXPECT_EQ(charges["each"], (json{{id, 1}}));
}

TEST_F(SandboxCommand, AScriptMakesCurlSeeWhatGoesWrong) {
  write_bytes(dir_ / "script.json",
              R"({ "cdn": { "truncate": "50%" }, "statuses": ["waiting", "completed"] })");
  std::string url = serve({"--script", "script.json"});
  CliResult r = shell(std::string(source_dir()) + "/samples/vendor_quick_start " + url + " avatar.mp4");
  EXPECT_EQ(r.exit_code, 18) << r.out << r.err;  // curl: transferred a partial file
  EXPECT_NE(r.out.find("waiting\n"), std::string::npos) << r.out;
  CliResult refused =
      shell("curl -sS -D - -o /dev/null -X POST " + url +
            "/v3/videos -H 'X-Api-Key: demo' -d '{}' -H 'X-Sandbox-Fault: {\"create\": 429}'");
  EXPECT_NE(refused.out.find("429 "), std::string::npos) << refused.out;
  EXPECT_NE(refused.out.find("Retry-After: 1"), std::string::npos) << refused.out;
}

TEST_F(SandboxCommand, ABadScriptIsExitTwoWithItsPlace) {
  write_bytes(dir_ / "script.json", "{ \"sunset\":\n  \"gnoe\" }");
  write_bytes(dir_ / "job.json", R"({ "version": 1, "clips": [ { "color": "#000000", "duration": 1 } ],
    "output": "out.mp4" })");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"sandbox", "--script", "script.json"},
        {"render", "job.json", "--sandbox", "--sandbox-script", "script.json"}}) {
    CliResult r = avstage(words);
    EXPECT_EQ(r.exit_code, 2) << r.err;
    EXPECT_NE(r.err.find("script.json:2:3 (/sunset): found \"gnoe\"; allowed: off, warn, gone, gone404; "
                         "did you mean \"gone\"?"),
              std::string::npos)
        << r.err;
  }
  EXPECT_EQ(avstage({"sandbox", "--script", "missing.json"}).exit_code, 2);
  EXPECT_EQ(avstage({"render", "job.json", "--sandbox-script", "script.json"}).exit_code, 2);
}

TEST_F(SandboxCommand, ARenderMayHaveAScriptToo) {
  write_bytes(dir_ / "script.json", R"({ "create": ["429"], "poll": ["500"], "cdn": [{ "reset": "40%" }] })");
  write_bytes(dir_ / "job.json", R"({ "version": 1, "canvas": { "size": "160x128", "fps": 25 },
    "clips": [ { "id": "h", "avatar": { "id": "a", "voice": "v", "say": "Hello.", "size": "160x128" } } ],
    "output": "out.mp4" })");
  CliResult r = avstage({"render", "job.json", "--sandbox", "--sandbox-script", "script.json", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(json::parse(r.out)["purchases"][0]["origin"], "bought");
}

TEST_F(SandboxCommand, ItsKnobsArePrinted) {
  CliResult r = avstage({"sandbox", "--knobs"});
  EXPECT_EQ(r.exit_code, 0);
  EXPECT_NE(r.out.find("| `sunset` | `off`, `warn`, `gone`, `gone404` |"), std::string::npos) << r.out;
}

}  // namespace
}  // namespace avstage::test
