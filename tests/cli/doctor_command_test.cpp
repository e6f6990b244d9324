#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
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
using testing::HasSubstr;
using testing::Not;

const char* const kKey = "canary-key-51d27f3a9c";

class Doctor : public testing::Test {
 protected:
  CliResult run(const std::vector<std::string>& words, const std::map<std::string, std::string>& env = {}) {
    return CliProcess(avstage_binary(), words, dir.path(), env).wait();
  }
  /// The findings by name, from a run that ends with `exit_code`.
  std::map<std::string, json> findings(int exit_code, std::vector<std::string> words = {},
                                       const std::map<std::string, std::string>& env = {}) {
    words.insert(words.begin(), {"doctor", "--json"});
    CliResult r = run(words, env);
    EXPECT_EQ(r.exit_code, exit_code) << r.out << r.err;
    std::map<std::string, json> out;
    json document = json::parse(r.out, nullptr, false);
    for (const json& f : document["findings"]) {
      out[f["check"]] = f;
      EXPECT_TRUE(f["state"] == "ok" || !f.value("advice", "").empty()) << f;
    }
    return out;
  }
  /// A stand-in that takes this key alone, or any.
  void serve(const std::string& key = kKey) {
    std::vector<std::string> words{"sandbox", "--make-time", "0.1"};
    if (!key.empty()) words.insert(words.end(), {"--key", key});
    server = std::make_unique<CliProcess>(avstage_binary(), words, dir.path());
    for (int i = 0; i < 400 && server->out().find('\n') == std::string::npos; ++i)
      std::this_thread::sleep_for(10ms);
    url = server->out().substr(0, server->out().find('\n'));
  }
  std::map<std::string, std::string> account(const std::string& key) const {
    return {{"HEYGEN_API_KEY", key}, {"HEYGEN_API_BASE", url}, {"HEYGEN_ALLOW_HTTP", "1"}};
  }
  std::size_t videos() const {
    std::size_t count = 0;
    for (const std::string& f : dir.files()) count += f.find("/sandbox/videos/") != std::string::npos;
    return count;
  }

  TempDir dir;
  std::unique_ptr<CliProcess> server;
  std::string url;
};

TEST_F(Doctor, FindsThisMachineFitForTheSandbox) {
  auto found = findings(0, {"--sandbox"});
  for (const char* check :
       {"libraries", "encoders", "decoders", "filters", "font", "state", "cache", "key", "api", "account"}) {
    ASSERT_TRUE(found.contains(check)) << check;
    EXPECT_NE(found[check]["state"], "failed") << found[check];
  }
  for (const char* library : {"libavcodec", "libcurl", "SQLite"}) {
    EXPECT_THAT(found["libraries"]["found"].get<std::string>(), HasSubstr(library));
  }
  EXPECT_THAT(found["decoders"]["found"].get<std::string>(), HasSubstr("libvpx-vp9"));
  EXPECT_FALSE(std::filesystem::exists(dir / ".local")) << "the state folder is only looked at";
  EXPECT_THAT(run({"doctor", "--sandbox"}).out,
              HasSubstr("ok       account    the key is accepted, 100 credits left"));
}

TEST_F(Doctor, NamesTheKeysSourceAndNeverTheKey) {
  serve();
  auto accepted = findings(0, {}, account(kKey));
  EXPECT_EQ(accepted["key"]["found"], "from HEYGEN_API_KEY");
  EXPECT_EQ(accepted["api"]["found"], url + " answers");
  auto refused = findings(3, {}, account("canary-key-wrong"));
  EXPECT_EQ(refused["api"]["state"], "ok");
  EXPECT_EQ(refused["account"]["state"], "failed");
  auto none = account("");
  none.erase("HEYGEN_API_KEY");
  EXPECT_EQ(findings(3, {}, none)["api"]["state"], "ok");
  std::filesystem::create_directory(dir / ".heygen");
  write_bytes(dir / ".heygen/credentials", kKey);
  ::chmod((dir / ".heygen/credentials").c_str(), 0644);
  EXPECT_EQ(findings(2, {}, none)["key"]["state"], "failed");
  ::chmod((dir / ".heygen/credentials").c_str(), 0600);
  EXPECT_THAT(findings(0, {}, none)["key"]["found"].get<std::string>(),
              HasSubstr("from " + (dir / ".heygen")));
  for (const std::string& file : dir.files()) {
    if (file.find("credentials") != std::string::npos) continue;
    EXPECT_THAT(read_bytes(file), Not(HasSubstr("canary-key"))) << file;
  }
}

TEST_F(Doctor, SaysWhichFolderAndWhichAddressIsWrong) {
  write_bytes(dir / "file", "no folder");
  EXPECT_EQ(findings(7, {"--sandbox", "--state", dir / "file/state"})["state"]["state"], "failed");
  std::filesystem::create_directory(dir / "state");
  write_bytes(dir / "state/ledger.sqlite", "no ledger, and long enough to be read as the head of one");
  auto damaged = findings(7, {"--sandbox", "--state", dir / "state"});
  EXPECT_EQ(damaged["state"]["exit_code"], 7);
  EXPECT_EQ(damaged["cache"]["state"].get<std::string>() == "failed", false);
  auto plain = findings(2, {}, {{"HEYGEN_API_KEY", kKey}, {"HEYGEN_API_BASE", "http://127.0.0.1:9"}});
  EXPECT_THAT(plain["api"]["found"].get<std::string>(), HasSubstr("HEYGEN_ALLOW_HTTP"));
  url = "http://127.0.0.1:9";
  EXPECT_EQ(findings(4, {}, account(kKey))["api"]["state"], "failed");
}

TEST_F(Doctor, BuysNothingWithoutAYes) {
  CliResult r = run({"doctor", "--live", "--sandbox"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_THAT(r.err, HasSubstr("--yes"));
  EXPECT_EQ(videos(), 0U);
  EXPECT_EQ(run({"doctor", "--live", "--yes", "--sandbox", "-o", "no/such/folder.txt"}).exit_code, 7);
  EXPECT_EQ(videos(), 0U);
}

TEST_F(Doctor, WritesDownHowTheServiceBehavesAndBuysOnce) {
  serve();
  CliResult r = run({"doctor", "--live", "--yes", "--json", "-o", "live.txt"}, account(kKey));
  ASSERT_EQ(r.exit_code, 0) << r.err;
  std::string id = json::parse(r.out)["live"]["video_id"];
  const std::string text = read_bytes(dir / "live.txt");
  for (const std::string& part :
       {"> POST " + url + "/v3/videos\n", std::string("> X-Api-Key: ***"), "\"video_id\": \"" + id + "\"",
        std::string("> HEAD "), std::string("< HTTP 206\n"), std::string("< content-range: bytes 1000-1999/"),
        std::string("index first; h264 1280x720 25 fps yuv420p"), std::string("aac 48000 Hz"),
        std::string("bytes 1000-1999: HTTP 206"), std::string("without the signature: HTTP 403"),
        std::string("an order without a scene (nothing could be bought with it): "),
        std::string("HTTP 400")}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  for (const char* secret : {kKey, "Signature=", "sandbox@localhost"})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  EXPECT_EQ(videos(), 1U);
  EXPECT_EQ(run({"doctor", "--live", "-o", "live.txt"}, account(kKey)).exit_code, 2)
      << "a transcript was overwritten";
  CliResult again = run({"doctor", "--live", "-o", "again.txt"}, account(kKey));
  EXPECT_EQ(again.exit_code, 0) << "it asked, with nothing to buy: " << again.err;
  EXPECT_EQ(videos(), 1U);
}

TEST_F(Doctor, WritesDownAPurchaseThatFailed) {
  serve("");
  EXPECT_EQ(findings(0, {}, account("trial"))["account"]["state"], "warning");
  CliResult r = run({"doctor", "--live", "--yes", "-o", "live.txt"}, account("trial"));
  EXPECT_EQ(r.exit_code, 3) << r.err;
  EXPECT_THAT(read_bytes(dir / "live.txt"), HasSubstr("## It ended with"));
  EXPECT_THAT(read_bytes(dir / "live.txt"), HasSubstr("watermarked"));
}

}  // namespace
}  // namespace avstage::test
