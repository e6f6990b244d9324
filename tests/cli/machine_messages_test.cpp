#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "cli/message_bench.h"
#include "support/cli_runner.h"
#include "support/media_fixtures.h"
#include "support/places.h"

/// What is wrong with the machine, and what the tool itself prints.
namespace avstage::test {
namespace {

namespace fs = std::filesystem;

class MachineMessages : public MessageBench {
 protected:
  static std::string film(const std::string& output) { return job_of(R"({ "file": "a.mp4" })", "", output); }
};

TEST_F(MachineMessages, Outputs) {
  const std::vector<Row> rows{
      {"output is a folder",
       film("folder.mp4"),
       7,
       {"job.json:3:", "(/output)", "folder.mp4", "no regular file"}},
      {"a file where the folder goes", film("text.mp4/out.mp4"), 7, {"(/output)", "text.mp4 is no folder"}},
      {"a folder nobody can make", film("/proc/nowhere/out.mp4"), 7, {"(/output)", "/proc/nowhere"}},
      {"output is a pipe", film("pipe.mp4"), 7, {"(/output)", "pipe.mp4", "no regular file"}},
      {"output exists",
       film("out.mp4"),
       2,
       {"(/output)", "out.mp4 exists", "-y"},
       0,
       {},
       {},
       [](Settings& s) { s.overwrite = false; }},
      {"state in a file",
       film("out.mp4"),
       7,
       {"a.mp4", "cannot create the folder"},
       0,
       {},
       {},
       [](Settings& s) { s.state_dir = s.state_dir.substr(0, s.state_dir.find("/runs/")) + "/a.mp4/state"; }},
      {"cache in a file",
       film("out.mp4"),
       7,
       {"a.mp4", "cannot create the folder"},
       0,
       {},
       {},
       [](Settings& s) { s.cache_dir = s.cache_dir.substr(0, s.cache_dir.find("/runs/")) + "/a.mp4/cache"; }},
      {"state nowhere",
       film("out.mp4"),
       7,
       {"/proc/nowhere"},
       0,
       {},
       {},
       [](Settings& s) { s.state_dir = "/proc/nowhere"; }},
      {"a ledger that is none",
       film("out.mp4"),
       7,
       {"ledger"},
       0,
       {},
       {},
       [](Settings& s) {
         fs::create_directories(s.state_dir);
         write_bytes(s.state_dir + "/ledger.sqlite", std::string(4096, 'x'));
       }},
  };
  for (const Row& row : rows) expect_message(row);
}

/// The process as another user, where it may become one: root may write everywhere.
class AsNobody {
 public:
  AsNobody() : changed_(::geteuid() == 0 && ::setresuid(65534, 65534, 0) == 0) {}
  ~AsNobody() {
    if (changed_ && ::setresuid(0, 0, 0) != 0) std::abort();
  }
  bool effective() const { return changed_ || ::geteuid() != 0; }

 private:
  bool changed_;
};

TEST(MachineMessage, FoldersThatMayNotBeWritten) {
  TempDir dir;
  make_video(dir / "a.mp4", {});
  write_bytes(dir / "job.json", job_of(R"({ "file": "a.mp4" })", "", "closed/out.mp4"));
  for (const char* name : {"closed", "open"}) fs::create_directory(dir / name);
  ::chmod(dir.path().c_str(), 0755);
  ::chmod((dir / "closed").c_str(), 0555);
  ::chmod((dir / "open").c_str(), 0777);
  AsNobody nobody;
  if (!nobody.effective()) GTEST_SKIP() << "this user may write everywhere";
  Settings settings;
  settings.sandbox = "http://127.0.0.1:9";
  for (const auto& [state, cache, part] :
       {std::tuple{"open/s", "open/c", "no permission for"},
        {"closed/s", "open/c", "cannot create the folder: Permission denied"},
        {"open/s", "closed/c", "cannot create the folder: Permission denied"}}) {
    settings.state_dir = dir / state;
    settings.cache_dir = dir / cache;
    try {
      render(load_job(dir / "job.json"), settings);
      ADD_FAILURE() << state << " " << cache;
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), 7) << e.message();
      EXPECT_NE(e.message().find(part), std::string::npos) << e.message();
      EXPECT_NE(e.message().find("closed"), std::string::npos) << e.message();
    }
  }
}

/// The tool itself: one line, the exit code, nothing on stdout.
class ToolMessages : public testing::Test {
 protected:
  void SetUp() override {
    make_video(dir / "a.mp4", {});
    write_bytes(dir / "job.json", avatar_job());
    write_bytes(dir / "film.json", job_of(R"({ "file": "a.mp4" })"));
  }

  void expect(const std::vector<std::string>& words, int code, const std::vector<std::string>& says,
              const std::map<std::string, std::string>& env = {}) {
    CliResult r = CliProcess(avstage_binary(), words, dir.path(), env).wait();
    // What it was doing may stand before the message.
    while (r.err.starts_with("avstage: plan\n") || r.err.starts_with("avstage: render\n") ||
           r.err.starts_with("avstage: assemble\n")) {
      r.err.erase(0, r.err.find('\n') + 1);
    }
    EXPECT_EQ(r.exit_code, code) << r.err;
    EXPECT_EQ(r.out, "");
    EXPECT_EQ(std::count(r.err.begin(), r.err.end(), '\n'), 1) << r.err;
    EXPECT_TRUE(r.err.starts_with("avstage: ")) << r.err;
    for (const std::string& part : says)
      EXPECT_NE(r.err.find(part), std::string::npos) << part << "\nin " << r.err;
    EXPECT_EQ((r.err + r.out).find("canary"), std::string::npos) << r.err;
    for (const std::string& f : dir.files()) EXPECT_FALSE(f.ends_with(".part")) << f;
    EXPECT_FALSE(fs::exists(dir / "out.mp4"));
    if (std::getenv("AVSTAGE_SHOW_MESSAGES") != nullptr)
      fmt::print(stderr, "tool                          {} {}", code, r.err);
  }

  TempDir dir;
};

TEST_F(ToolMessages, WordsOfTheCommandLine) {
  expect({"rendr"}, 2, {"--help"});
  expect({"render"}, 2, {"job", "--help"});
  expect({"render", "film.json", "--frobnicate"}, 2, {"--frobnicate"});
  expect({"render", "film.json", "--set", "novalue"}, 2, {"--set novalue", "name=value"});
  expect({"render", "film.json", "--set", "who=x"}, 2, {"who", "vars"});
  expect({"render", "film.json", "--progress", "loud"}, 2, {"loud"});
  expect({"render", "film.json", "--sandbox", "--api-base", "https://h"}, 2, {"--sandbox", "--api-base"});
  expect({"render", "gone\nfile.json"}, 2, {"gone", "No such file"});
  expect({"render", "."}, 2, {".", "directory"});
  expect({"filters", "bluur"}, 2, {"bluur", "did you mean \"blur\"?"});
  expect({"probe", "gone.mp4"}, 6, {"gone.mp4", "No such file"});
  expect({"plan", "gone.json"}, 2, {"gone.json"});
}

TEST_F(ToolMessages, TheKeyAndTheBase) {
  expect({"render", "job.json"}, 3, {"HEYGEN_API_KEY", "0600", "--sandbox"});
  expect({"render", "job.json"}, 2, {"HEYGEN_API_KEY", "characters"}, {{"HEYGEN_API_KEY", "canary key"}});
  expect({"render", "job.json", "--api-base", "http://h"}, 2, {"HEYGEN_ALLOW_HTTP=1"},
         {{"HEYGEN_API_KEY", "canary"}});
  expect({"render", "job.json", "--api-base", "ftp://h"}, 2, {"https://host"},
         {{"HEYGEN_API_KEY", "canary"}});
  fs::create_directory(dir / ".heygen");
  write_bytes(dir / ".heygen/credentials", "canary");
  ::chmod((dir / ".heygen/credentials").c_str(), 0644);
  expect({"render", "job.json"}, 2, {"credentials", "0644", "chmod 600"});
}

TEST_F(ToolMessages, NoHomeNoFolders) {
  CliResult r =
      CliProcess("/usr/bin/env", {"-u", "HOME", avstage_binary(), "render", "film.json"}, dir.path()).wait();
  EXPECT_EQ(r.exit_code, 7);
  EXPECT_EQ(r.err, "avstage: no home folder is known: set AVSTAGE_STATE or HOME\n");
}

TEST_F(ToolMessages, AFileSizeLimitIsAnErrorLikeAFullDisk) {
  write_bytes(dir / "limited", "#!/bin/sh\nulimit -f 8\nexec \"$@\"\n");
  CliResult r =
      CliProcess("/bin/sh", {dir / "limited", avstage_binary(), "render", "film.json"}, dir.path()).wait();
  EXPECT_EQ(r.exit_code, 7) << r.err;
  for (const std::string& f : dir.files()) EXPECT_FALSE(f.ends_with(".part")) << f;
}

TEST_F(ToolMessages, AFullDisk) {
  fs::create_directory(dir / "small");
  if (::mount("avstage-test", (dir / "small").c_str(), "tmpfs", 0, "size=16k") != 0)
    GTEST_SKIP() << "may not mount";
  write_bytes(dir / "full.json", job_of(R"({ "file": "a.mp4" })", "", "small/out.mp4"));
  expect({"render", "full.json"}, 7, {"small/out.mp4", "No space left"});
  EXPECT_TRUE(fs::is_empty(dir / "small"));
  ::umount((dir / "small").c_str());
}

}  // namespace
}  // namespace avstage::test
